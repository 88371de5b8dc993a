import NIOCore
import Wire

/// Carries bytes between a TCP channel and the driver of a link, on the channel's event loop.
///
/// It copies what is written once, flushes once a turn, keeps one alarm, and tells the driver of the end
/// exactly once. Everything here runs on the loop; nothing is shared.
final class LinkHandler<Driver: LinkDriver & SendableMetatype>: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var driver: Driver?
  private var context: ChannelHandlerContext?
  private let address: LinkAddress

  private var outbound = ByteBuffer()
  /// A hint for the next outbound buffer, so that a busy link does not grow one step by step.
  private var usualFlush = 0
  private var isFlushScheduled = false
  /// The driver was told "not writable" and waits to be called.
  private var awaitsWritability = false

  private var isPaused = false
  private var wantsRead = false

  private var alarm: Moment?
  private var alarmTask: Scheduled<Void>?
  private var alarmTaskAt: Moment?

  private var isOpen = false
  /// The driver asked for the end and is told of it at the end of the turn; it gets nothing more.
  private var isClosing = false
  private var lingerTask: Scheduled<Void>?

  init(driver: Driver, address: LinkAddress) {
    self.driver = driver
    self.address = address
  }

  // MARK: Events of the channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { open() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    end(.localClose)
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    open()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let driver, !isClosing else { return }  // what still arrives is dropped
    let buffer = unwrapInboundIn(data)
    driver.received(buffer.readableBytesUInt8Span, at: .current)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    flushOutbound()
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    if isPaused && driver != nil {
      wantsRead = true
    } else {
      context.read()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    tellWritability()
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent {
      let isLingering = driver == nil
      end(.endOfInput)
      if isLingering {
        context.close(promise: nil)
      } else {
        closeAfterFlushing()
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(.reset)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(.reset)
    lingerTask?.cancel()
    lingerTask = nil
    context.fireChannelInactive()
  }

  // MARK: Turns

  private func open() {
    guard !isOpen, let driver else { return }
    isOpen = true
    driver.linkOpened(self, at: .current)
    flushOutbound()
  }

  private func end(_ cause: LinkEnd) {
    guard let driver else { return }
    self.driver = nil
    alarmTask?.cancel()
    alarmTask = nil
    alarm = nil
    if isOpen { driver.linkClosed(cause, at: .current) }
    // A paused channel would never see the far end close.
    resumeReading()
  }

  private func tellWritability() {
    guard awaitsWritability, !isClosing, isWritable, let driver else { return }
    awaitsWritability = false
    driver.linkBecameWritable(at: .current)
    scheduleFlush()
  }

  // MARK: Outbound bytes

  private func scheduleFlush() {
    guard !isFlushScheduled, outbound.readableBytes > 0, let context else { return }
    isFlushScheduled = true
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.execute {
      bound.value.isFlushScheduled = false
      bound.value.flushOutbound()
    }
  }

  private func flushOutbound(promise: EventLoopPromise<Void>? = nil) {
    guard let context else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    if outbound.readableBytes > 0 || promise != nil {
      let buffer = outbound
      usualFlush = min(max(buffer.readableBytes, usualFlush / 2), LinkLimits.lowWatermark)
      outbound = ByteBuffer()
      context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
    }
    if awaitsWritability { tellWritability() }
  }

  // MARK: Ends

  /// Lets what was written reach the other side: output is shut after the last byte, input is read and
  /// dropped until the other side closes too (closing with unread input would reset the connection and
  /// could destroy those last bytes), and all of it within a bound.
  private func closeAfterFlushing() {
    guard let context, lingerTask == nil else { return }
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    lingerTask = context.eventLoop.scheduleTask(in: LinkLimits.flushTime) {
      bound.value.context?.close(promise: nil)
    }
    let flushed = context.eventLoop.makePromise(of: Void.self)
    flushed.futureResult.whenComplete { result in
      bound.value.shutOutput(result)
    }
    flushOutbound(promise: flushed)
  }

  private func shutOutput(_ flushed: Result<Void, any Error>) {
    guard let context, context.channel.isActive else { return }
    guard case .success = flushed else {
      context.close(promise: nil)
      return
    }
    lingerTask?.cancel()
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    lingerTask = context.eventLoop.scheduleTask(in: LinkLimits.lingerTime) {
      bound.value.context?.close(promise: nil)
    }
    context.close(mode: .output, promise: nil)
  }

  // MARK: The alarm

  /// A task that fires too early sets the next one: moving the alarm ahead, as every message does, costs
  /// nothing.
  private func armAlarm() {
    guard let alarm, let context else {
      alarmTask?.cancel()
      alarmTask = nil
      return
    }
    if alarmTask != nil, let at = alarmTaskAt, at <= alarm { return }
    alarmTask?.cancel()
    alarmTaskAt = alarm
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let deadline = NIODeadline.uptimeNanoseconds(UInt64(max(0, alarm.nanoseconds)))
    alarmTask = context.eventLoop.scheduleTask(deadline: deadline) {
      bound.value.alarmTaskFired()
    }
  }

  private func alarmTaskFired() {
    alarmTask = nil
    guard let alarm, let driver, !isClosing else { return }
    let now = Moment.current
    if now < alarm {
      armAlarm()
    } else {
      self.alarm = nil
      driver.alarm(at: now)
      flushOutbound()
    }
  }
}

extension LinkHandler: Link {
  var remoteAddress: LinkAddress { address }

  var isWritable: Bool {
    let writable =
      context.map { $0.channel.isWritable && outbound.readableBytes < LinkLimits.highWatermark } ?? false
    if !writable { awaitsWritability = true }
    return writable
  }

  func write(_ bytes: Span<UInt8>) {
    guard driver != nil, let context, !bytes.isEmpty else { return }
    if outbound.readableBytes == 0 {
      outbound = context.channel.allocator.buffer(capacity: max(bytes.count, usualFlush))
    }
    outbound.append(bytes)
    scheduleFlush()
  }

  func pauseReading() {
    isPaused = true
  }

  func resumeReading() {
    guard isPaused else { return }
    isPaused = false
    if wantsRead {
      wantsRead = false
      context?.read()
    }
  }

  func setAlarm(_ moment: Moment?) {
    guard driver != nil else { return }
    alarm = moment
    armAlarm()
  }

  func close(afterFlushing: Bool) {
    guard let context, driver != nil, !isClosing else { return }
    isClosing = true
    // The driver is told after its own call has returned, never inside it.
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.execute {
      let handler = bound.value
      handler.end(.localClose)
      if afterFlushing {
        handler.closeAfterFlushing()
      } else {
        handler.context?.close(promise: nil)
      }
    }
  }
}

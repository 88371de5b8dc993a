import Logging
import NIOCore
import NIOPosix
package import Wire

/// The event loops of a process, and the two ways to get links on them.
package final class TransportGroup: Sendable {
  private let loops: MultiThreadedEventLoopGroup
  private let logger: Logger

  /// One loop is right for a peer.
  package init(loops count: Int = 1) {
    loops = MultiThreadedEventLoopGroup(numberOfThreads: max(1, count))
    logger = Logger(label: "secure_chat.transport")
  }

  /// One of the loops, as the executor of an actor.
  package func nextLoop() -> LoopExecutor { LoopExecutor(loops.next()) }

  /// Closes what is open and ends the threads.
  package func shutDown() async {
    do {
      try await loops.shutdownGracefully()
    } catch {
      logger.debug("event loops: \(error)")
    }
  }

  /// Connects to a numeric address or a host name (every address of it, IPv6 and IPv4) and gives the link
  /// to the driver that `makeDriver` makes on `executor`'s loop.
  ///
  /// Returns when the connection stands; at most `timeoutSeconds` for all addresses together.
  package func dial<Driver: LinkDriver & SendableMetatype>(
    host: String, port: UInt16, timeoutSeconds: Int, on executor: LoopExecutor,
    makeDriver: @escaping @Sendable (LinkAddress) -> Driver
  ) async throws(TransportError) {
    let timeout = TimeAmount.seconds(Int64(max(1, timeoutSeconds)))
    let bootstrap = ClientBootstrap(group: executor.loop)
      .connectTimeout(timeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.autoRead, value: false)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelOption(.writeBufferWaterMark, value: .link)
    do {
      // Nothing is read before the driver stands, so no byte and no end can be missed.
      try await bootstrap.connect(host: host, port: Int(port)).flatMapThrowing { channel in
        let address = LinkAddress(channel.remoteAddress) ?? LinkAddress(host: host, port: port)
        let handler = LinkHandler(driver: makeDriver(address), address: address)
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.syncOptions?.setOption(.autoRead, value: true)
      }.get()
    } catch {
      throw TransportError(error)
    }
  }

  /// Listens and gives every accepted link to a driver of its own, on `executor`'s loop.
  ///
  /// - Parameters:
  ///   - host: a numeric address or a host name; nil is every address of this host, IPv6 and IPv4.
  ///   - port: 0 takes a free one.
  ///   - descriptorsShort: called on the loop when a connection could not be accepted for want of file
  ///     descriptors; accepting goes on a second later.
  package func listen<Driver: LinkDriver & SendableMetatype>(
    host: String?, port: UInt16, on executor: LoopExecutor,
    makeDriver: @escaping @Sendable (LinkAddress) -> Driver,
    descriptorsShort: @escaping @Sendable () -> Void = {}
  ) async throws(TransportError) -> Listener {
    let bootstrap = ServerBootstrap(group: executor.loop)
      .serverChannelOption(.backlog, value: LinkLimits.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ShortDescriptorsHandler(descriptorsShort))
        }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.writeBufferWaterMark, value: .link)
      .childChannelOption(.recvAllocator, value: LinkLimits.firstReads)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let address = LinkAddress(channel.remoteAddress) ?? LinkAddress(host: "", port: 0)
          try channel.pipeline.syncOperations.addHandler(
            LinkHandler(driver: makeDriver(address), address: address))
        }
      }
    guard let host else {
      do {
        return try await bind(bootstrap, ["::"], port: port)
      } catch .other, .addressNotAvailable {
        // A host without IPv6.
        return try await bind(bootstrap, ["0.0.0.0"], port: port)
      }
    }
    // A name may stand for both loopback addresses, and whoever dials it may take either.
    let hosts = host == "localhost" ? ["127.0.0.1", "::1"] : [host]
    return try await bind(bootstrap, hosts, port: port)
  }

  private func bind(
    _ bootstrap: ServerBootstrap, _ hosts: [String], port: UInt16
  ) async throws(TransportError) -> Listener {
    var channels: [any Channel] = []
    var port = port
    var failure = TransportError.closed
    for host in hosts {
      do {
        let channel = try await bootstrap.bind(host: host, port: Int(port)).get()
        channels.append(channel)
        // Port 0 was answered with a real one; the further addresses get the same.
        if let taken = channel.localAddress?.port { port = UInt16(clamping: taken) }
      } catch {
        failure = TransportError(error)
        let isWithoutIPv6 = !channels.isEmpty && failure != .addressInUse
        if isWithoutIPv6 { continue }
        for channel in channels { try? await channel.close().get() }
        throw failure
      }
    }
    let addresses = channels.compactMap { LinkAddress($0.localAddress) }
    guard let first = addresses.first else { throw failure }
    return Listener(channels: channels, address: first.host, port: port)
  }
}

/// A listening socket, or the two of one name.
package final class Listener: Sendable {
  private let channels: [any Channel]
  /// As bound, numeric: "127.0.0.1", "::".
  package let address: String
  /// The real one, also where 0 was asked for.
  package let port: UInt16

  init(channels: [any Channel], address: String, port: UInt16) {
    self.channels = channels
    self.address = address
    self.port = port
  }

  /// Stops listening; links that were accepted stay.
  package func close() async {
    for channel in channels {
      // It may have closed by itself; then there is nothing to do.
      try? await channel.close().get()
    }
  }
}

/// Tells that descriptors ran short, before the handler that makes accepting wait a second.
private final class ShortDescriptorsHandler: ChannelInboundHandler {
  typealias InboundIn = any Channel
  private let tell: @Sendable () -> Void

  init(_ tell: @escaping @Sendable () -> Void) {
    self.tell = tell
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if TransportError(error) == .descriptorsShort { tell() }
    context.fireErrorCaught(error)
  }
}

extension ChannelOptions.Types.WriteBufferWaterMark {
  fileprivate static var link: Self {
    .init(low: LinkLimits.lowWatermark, high: LinkLimits.highWatermark)
  }
}

extension LinkAddress {
  /// An IPv4 address that came in over an IPv6 socket is written as the IPv4 address it is.
  init?(_ address: SocketAddress?) {
    guard let address, let host = address.ipAddress, let port = address.port else { return nil }
    let mapped = "::ffff:"
    let plain =
      host.hasPrefix(mapped) && host.contains(".") ? String(host.dropFirst(mapped.count)) : host
    self.init(host: plain, port: UInt16(clamping: port))
  }
}

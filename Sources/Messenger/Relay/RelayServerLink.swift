import ChatProtocol
import Relay
import Transport
import Wire

/// One accepted connection of a relay, from the first byte to the last: drives its machine on the event loop and
/// hands frames to the engine.
///
/// It costs nothing but its first bytes until its first message is whole and a place in the handshake queue is free.
final class RelayServerLink: LinkDriver {
  let id: RelayLinkID
  let addressKey: String

  private let core: RelayServerCore
  private var link: (any Link)?
  private var machine: RelayLinkMachine?
  private var openedAt = Moment(nanoseconds: 0)
  private var first = FirstMessage()
  private var isWaitingForWork = false
  private var isInTurn = false
  private var closing: Bool?
  /// The handshake is over and the engine knows the link.
  private(set) var isUp = false
  /// More than the connection takes waits here: it is not read meanwhile.
  private var isBackedUp = false
  private var isOver = false

  init(_ id: RelayLinkID, core: RelayServerCore, address: LinkAddress) {
    self.id = id
    self.core = core
    addressKey = AddressKey.key(address.host)
  }

  // MARK: The engine's side

  func send(_ frame: RelayFrame) {
    machine?.send(type: frame.type.rawValue, body: frame.body, at: .current)
    settle()
  }

  /// The engine wants the link no more, and has forgotten it.
  func end(_ reason: RelayCloseReason) {
    isUp = false
    machine?.end(with: reason.alert, as: reason.code, at: .current)
    settle()
  }

  /// The relay stops.
  func close() {
    guard let machine else { return shed() }
    machine.close(.shuttingDown, at: .current)
    settle()
  }

  /// Lets go of a connection that has proven nothing, in silence.
  func shed() {
    first = FirstMessage()
    link?.close(afterFlushing: false)
  }

  // MARK: Turns

  private func settle() {
    guard !isInTurn, let machine else { return }
    isInTurn = true
    drain(machine)
    if let link, closing != nil || link.isWritable {
      machine.takeOutbound(at: .current) { link.write($0) }
      drain(machine)
    }
    isInTurn = false
    guard let link else { return }
    if let closing {
      self.link = nil
      link.close(afterFlushing: closing)
      return
    }
    link.setAlarm(machine.deadline)
    noteRoom(machine.outboundByteCount == 0, link, machine)
  }

  private func drain(_ machine: RelayLinkMachine) {
    while let action = machine.nextAction() { perform(action) }
  }

  private func noteRoom(_ hasRoom: Bool, _ link: any Link, _ machine: RelayLinkMachine) {
    guard isUp, isBackedUp == hasRoom else { return }
    isBackedUp = !hasRoom
    machine.setReading(hasRoom, at: .current)
    if hasRoom { link.resumeReading() } else { link.pauseReading() }
    core.note(self, isWritable: hasRoom)
  }

  private func perform(_ action: RelayLinkAction) {
    switch action {
    case .established(let summary):
      isUp = true
      core.isUp(self, th: summary.transcriptHash)
    case .frame(let type, let body):
      // After its end the engine knows nothing of the link.
      if isUp { core.received(type: type, body: body, from: self) }
    case .profile: break
    case .refused(let refusal):
      core.refused(refusal)
      over()
    case .ended: over()
    case .closeLink(let afterFlushing): closing = closing ?? afterFlushing
    }
  }

  private func over() {
    guard !isOver else { return }
    isOver = true
    let wasUp = isUp
    isUp = false
    core.ended(self, wasUp: wasUp)
  }

  // MARK: Before the machine

  /// The first message is judged when it is whole; a wrong one is refused at once, since that takes no work.
  private func judgeFirst() {
    switch first.standing(.relayOpening) {
    case .unfinished: return
    case .wrong: work()
    case .whole:
      if core.wantsToWork(self) {
        work()
      } else {
        isWaitingForWork = true
        link?.pauseReading()
      }
    }
  }

  /// A place in the queue became free.
  func mayWork() {
    guard isWaitingForWork, let link else { return }
    isWaitingForWork = false
    work()
    link.resumeReading()
  }

  private func work() {
    guard machine == nil else { return }
    let machine = RelayLinkMachine(accepting: core.setup)
    self.machine = machine
    // The limit of a handshake counts from the moment the connection was made.
    machine.start(at: openedAt)
    machine.received(first.take().span, at: .current)
    settle()
  }

  // MARK: The connection

  func linkOpened(_ link: any Link, at now: Moment) {
    self.link = link
    openedAt = now
    core.cameIn(self)
    if core.isStopping {
      link.close(afterFlushing: false)
    } else {
      link.setAlarm(now.advanced(bySeconds: Limits.handshakeSeconds))
    }
  }

  func received(_ bytes: Span<UInt8>, at now: Moment) {
    if let machine {
      machine.received(bytes, at: now)
      settle()
    } else {
      first.keep(bytes)
      if !isWaitingForWork { judgeFirst() }
    }
  }

  func linkBecameWritable(at now: Moment) { settle() }

  func alarm(at now: Moment) {
    guard let machine else { return shed() }
    machine.alarm(at: now)
    settle()
  }

  func linkClosed(_ cause: LinkEnd, at now: Moment) {
    link = nil
    if let machine {
      machine.linkClosed(at: now)
      settle()
    }
    over()
    core.isGone(self)
  }
}

extension RelayCloseReason {
  fileprivate var alert: AlertCode {
    switch self {
    case .unauthenticated: .notMember
    case .tooManyLinks, .tooManyMailboxes: .tooManySessions
    case .malformed, .silent, .flood, .storageFailed: .error
    }
  }

  fileprivate var code: ChatErrorCode {
    switch self {
    case .malformed: .proto
    case .unauthenticated: .auth
    case .silent: .timeout
    case .flood, .tooManyLinks, .tooManyMailboxes: .limit
    case .storageFailed: .state
    }
  }
}

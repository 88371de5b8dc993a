import Messenger
import Wire

/// What a command without a lobby hears of its groups, and waits for.
///
/// It takes the messenger's events until the messenger is shut down.
actor GroupFollower {
  /// What is told as it comes; what a command asked for itself it tells at its end.
  enum Telling {
    /// `join`: everything.
    case all
    /// What nobody asked for: misdeeds, troubles, an identity that was met for the first time.
    case surprises
  }

  let messenger: Messenger
  private let teller: EventTeller
  private let telling: Telling
  private let commands: ArrivalCommands
  private var connected: Set<GroupName> = []
  private var unconfirmed: Set<OutgoingID> = []
  /// Receipts that overtook the return of their own `send`.
  private var early: [OutgoingID: GroupAcceptedEvent] = [:]
  private var taking = 0
  private(set) var lastAddress: [GroupName: String] = [:]
  private(set) var ended: [GroupName: GroupSummary.Standing] = [:]
  private(set) var invitations = 0
  private(set) var inputEnd: Result<ExitCode, Failure>?
  private(set) var failure: Failure?
  private var isOver = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ messenger: Messenger, _ teller: EventTeller, _ telling: Telling, commands: ArrivalCommands = .none) {
    self.messenger = messenger
    self.teller = teller
    self.telling = telling
    self.commands = commands
  }

  /// Runs `work` beside the events, and shuts the messenger down then.
  nonisolated func carryOut<Answer: Sendable>(
    _ work: () async throws(Failure) -> Answer
  ) async throws(Failure) -> Answer {
    let pump = Task { await follow() }
    let result: Result<Answer, Failure>
    do throws(Failure) {
      result = .success(try await work())
    } catch {
      result = .failure(error)
    }
    await messenger.shutDown()
    await commands.end(after: pump)
    return try result.get()
  }

  private func follow() async {
    while let event = await messenger.events.next() { await happened(event) }
    isOver = true
    wake()
  }

  // MARK: What the command asks for

  /// Sends a text; its receipt is told when it comes.
  func send(_ text: [UInt8], to group: GroupName) async throws(Failure) {
    taking += 1
    defer { taking -= 1 }
    do throws(MessengerFailure) {
      let id = try await messenger.send(text, toGroup: group)
      unconfirmed.insert(id)
      if let event = early.removeValue(forKey: id) { await accepted(event) }
    } catch {
      throw Sentences.failure(error)
    }
  }

  /// Texts without a receipt.
  var unconfirmedCount: Int { unconfirmed.count }

  /// Waits until at most so many texts are without a receipt; false where none came for so many seconds.
  func settled(to count: Int, within seconds: Int) async -> Bool {
    while unconfirmed.count > count {
      let before = unconfirmed.count
      guard await holds(within: seconds, { $0.unconfirmed.count < before }) else { return false }
    }
    return failure == nil && !isOver
  }

  /// Waits until the group's link stands; false where it does not within so many seconds.
  func isConnected(_ group: GroupName, within seconds: Int) async -> Bool {
    await holds(within: seconds) { $0.connected.contains(group) || $0.ended[group] != nil }
  }

  /// Waits for one more invitation than there were.
  func isInvited(since count: Int, within seconds: Int) async -> Bool {
    await holds(within: seconds) { $0.invitations > count }
  }

  /// Waits until the group is over here, all that was to be said is said, or the messenger is shut down.
  func end(of group: GroupName) async -> GroupSummary.Standing? {
    while ended[group] == nil, inputEnd == nil, failure == nil, !isOver { await change() }
    return ended[group]
  }

  /// The input has ended, and what it held is at the relay, or is not.
  func inputEnded(_ end: Result<ExitCode, Failure>) {
    inputEnd = end
    wake()
  }

  private func holds(
    within seconds: Int, _ condition: (isolated GroupFollower) -> Bool
  ) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    let alarm = Task {
      try? await Task.sleep(until: deadline, clock: .continuous)
      wake()
    }
    defer { alarm.cancel() }
    while !condition(self) {
      if failure != nil || isOver || ContinuousClock.now >= deadline { return false }
      await change()
    }
    return true
  }

  // MARK: Events

  private func happened(_ event: MessengerEvent) async {
    switch event {
    case .group(let happening): await happened(happening)
    case .connected(let connected): if telling == .all || !connected.known { await tell(event) }
    case .message(let message):
      if telling == .all {
        await tell(event)
        await commands.arrived(ArrivedMessage(message))
      }
    case .step, .refused, .repairWanted, .warning: await tell(event)
    case .closed, .delivered, .verifyProposed: if telling == .all { await tell(event) }
    }
    wake()
  }

  private func happened(_ happening: GroupHappening) async {
    switch happening {
    case .connected(let group, let address, _):
      connected.insert(group)
      lastAddress[group] = address
      if telling == .all { await tell(.group(happening)) }
    case .reconnecting(let group, let address, _):
      connected.remove(group)
      lastAddress[group] = address
      await tell(.group(happening))
    case .ended(let group, let standing):
      ended[group] = standing
      if telling == .all { await tell(.group(happening)) }
    case .invited:
      invitations += 1
      if telling == .all { await tell(.group(happening)) }
    case .accepted(let event):
      if unconfirmed.contains(event.id) {
        await accepted(event)
      } else if taking > 0 {
        early[event.id] = event
      }
    case .refused(let group, let id, let why):
      await tell(.group(happening))
      unconfirmed.remove(id)
      failure = failure ?? Sentences.textRefused(group, why)
      wake()
    case .misdeed, .invitationDropped, .storageFailed: await tell(.group(happening))
    case .message(let message):
      if telling == .all {
        await tell(.group(happening))
        await commands.arrived(ArrivedMessage(message))
      }
    case .memberInvited, .joined, .left, .removed, .offline, .presence, .logged:
      if telling == .all { await tell(.group(happening)) }
    }
  }

  private func accepted(_ event: GroupAcceptedEvent) async {
    unconfirmed.remove(event.id)
    await tell(.group(.accepted(event)))
    wake()
  }

  private func tell(_ event: MessengerEvent) async {
    do throws(Failure) {
      try await teller.tell(event)
    } catch {
      failure = failure ?? error
      wake()
    }
  }

  // MARK: Waiting

  private func change() async { await withCheckedContinuation { waiting.append($0) } }

  private func wake() {
    let woken = waiting
    waiting = []
    for continuation in woken { continuation.resume() }
  }
}

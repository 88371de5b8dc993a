import ChatProtocol
import Places
import Transport
package import Wire

extension Messenger {
  /// Dials once and returns when the session is up; the caller tries again by ``RetryPolicy``.
  ///
  /// A known contact is dialled with its pinned key, anybody else with the password; never the one after
  /// the other. Cancelling the task gives up.
  package func dial(
    _ target: DialTarget, password: PasswordChoice
  ) async throws(MessengerFailure) -> SessionID {
    var plan = try await plan(target, password)
    var turn: FirstContactTurn?
    if case .firstContact = plan {
      turn = try await firstContactTurn()
      // Whoever had the turn before may have found out something.
      plan = try await self.plan(target, password)
    }
    defer { withExtendedLifetime(turn) {} }
    switch await run(target, plan) {
    case .up(let session): return session
    case .proposal: throw .stopped
    case .failed(let failure): throw failure
    }
  }

  /// Pairs anew with NAME (`verify NAME`): resets its guesses, dials with P and returns what is to be
  /// compared; ``verifyAnswer(_:accept:)`` then commits or drops it. Until then nothing changes.
  package func verify(
    _ target: DialTarget, password: PasswordChoice
  ) async throws(MessengerFailure) -> VerifyProposal {
    try await requireUnblocked(target.name)
    let turn = try await firstContactTurn()
    defer { withExtendedLifetime(turn) {} }
    try await openGuesses(target.name)
    let contacts = core.contacts
    let found = try await onDisk { () throws(HomeFailure) in
      (try contacts.contact(named: target.name), try contacts.state(of: target.name))
    }
    let plan = try await firstContact(
      target, password, old: found.0, expecting: found.1, purpose: .verification)
    switch await run(target, plan) {
    case .up: throw .stopped
    case .proposal(let proposal): return proposal
    case .failed(let failure): throw failure
    }
  }

  /// `/verify NAME` in the lobby of a running listener: opens NAME's guesses and waits for its first contact;
  /// a `verifyProposed` event tells what is to be compared. Until the user's yes nothing changes.
  ///
  /// `password`: the listener's, where the users file holds none.
  package func awaitVerification(
    of name: PeerName, password: EnteredPassword?
  ) async throws(MessengerFailure) {
    guard let pairing = core.pairing, listener != nil else { throw .usage(.notListening) }
    guard name != core.options.me else { throw .usage(.dialsItself(name)) }
    try await requireUnblocked(name)
    let given = password ?? core.listenerPassword
    guard
      let password = FirstContactPassword.listening(
        for: name, me: core.options.me, users: core.options.users, given: given) ?? given
    else { throw .usage(.ownPasswordNeeded(name)) }
    try await openGuesses(name)
    await passwords.prepare([(name: name, password: password)])
    pairing.reopen(name)
    core.verifying = name
  }

  /// Waits no more for NAME's new key.
  package func stopVerifying(_ name: PeerName) async {
    guard core.verifying == name else { return }
    core.verifying = nil
    core.pairing?.close(name)
    core.pairing?.forget(name)
  }

  /// Throws where the user blocked a name.
  func requireUnblocked(_ name: PeerName) async throws(MessengerFailure) {
    let blocked = core.blocked
    let isBlocked = try await onDisk { () throws(HomeFailure) in try blocked.contains(name) }
    if isBlocked { throw .blockedHere(name) }
  }

  /// Opens NAME's guesses again, its own here and this side's at NAME.
  func openGuesses(_ name: PeerName) async throws(MessengerFailure) {
    let (guesses, dialGuesses) = (core.guesses, core.dialGuesses)
    try await onDisk { () throws(HomeFailure) in
      try guesses.reset(name)
      try dialGuesses.reset(name)
    }
  }

  /// Takes a weaker key agreement with NAME than before (`--allow-downgrade NAME`), until a session is up whose
  /// group is the new floor.
  ///
  /// Throws `.usage(.notKnown)` for somebody who was never met.
  package func allowDowngrade(with name: PeerName) async throws(MessengerFailure) {
    let contacts = core.contacts
    let change = try await onDisk { () throws(HomeFailure) -> ContactChange? in
      guard let contact = try contacts.contact(named: name) else { return nil }
      return try contacts.lowerFloor(contact, at: .now)
    }
    switch change {
    case .stored: break
    case .refused(let refusal): throw .state(refusal.problem)
    case nil: throw .usage(.notKnown(name))
    }
  }

  // MARK: The plan

  private func plan(
    _ target: DialTarget, _ password: PasswordChoice
  ) async throws(MessengerFailure) -> DialPlan {
    guard target.name != core.options.me else { throw .usage(.dialsItself(target.name)) }
    try await requireUnblocked(target.name)
    let (contacts, folders, me) = (core.contacts, core.folders, core.options.me)
    let found = try await onDisk { () throws(HomeFailure) in
      (try contacts.contact(named: target.name), try contacts.state(of: target.name))
    }
    let facts = PeerFacts(name: target.name, address: target.address)
    if core.options.requiresVerified, found.0?.pin.isVerified != true,
      found.0?.differsFromUsersFile != true
    {
      throw .notVerified(target.name, isKnown: found.0 != nil)
    }
    guard let contact = found.0 else {
      return try await firstContact(
        target, password, old: nil, expecting: found.1, purpose: .conversation)
    }
    if contact.differsFromUsersFile {
      let summary = try await onDisk { () throws(HomeFailure) in
        contact.summary(folders: folders, me: me)
      }
      throw .identityDiffers(
        contact.notProven(
          facts, code: .ident, isOfThisHome: summary.isOfThisHome, words: summary.words))
    }
    guard core.sessionCount(withProfile: contact.pin.profile.profileID) < MessengerCore.sessionLimit
    else { throw .alert(facts, .tooManySessions) }
    return .known(contact)
  }

  private func firstContact(
    _ target: DialTarget, _ choice: PasswordChoice, old: Contact?, expecting: PinState,
    purpose: PairingPurpose
  ) async throws(MessengerFailure) -> DialPlan {
    guard target.name != core.options.me else { throw .usage(.dialsItself(target.name)) }
    let given: EnteredPassword? =
      switch choice {
      case .fromUsersFile: nil
      case .entered(let password): password
      }
    guard
      let password = FirstContactPassword.dialling(target.name, users: core.options.users, given: given)
    else { throw .usage(.passwordNeeded(target.name)) }
    let dialGuesses = core.dialGuesses
    let left = try await onDisk { () throws(HomeFailure) in
      try dialGuesses.left(target.name, password)
    }
    guard left > 0 else {
      throw .guessLimit(PeerFacts(name: target.name, address: target.address))
    }
    do throws(PasswordProblem) {
      let secret = try await passwords.secret(for: target.name, password)
      return .firstContact(
        FirstContactPlan(
          secret: secret, password: password, expecting: expecting, old: old, purpose: purpose))
    } catch {
      throw .usage(.passwordRefused(target.name))
    }
  }

  /// One first contact of a profile is dialled at a time, whatever program dials it: each gives whoever answers
  /// a guess, and the count of the one before must stand when the next looks at it.
  private func firstContactTurn() async throws(MessengerFailure) -> FirstContactTurn {
    let profile = core.folders.profile(core.options.me)
    // As long as the others may take to connect and to be refused, and more.
    var left = 20 * (core.options.connectTimeoutSeconds + 60)
    while true {
      let found = await core.disk.run { FirstContactTurn.take(profile) }
      switch found {
      case .success(let turn)?: return turn
      case .failure(.inUse)? where left > 0: break
      case .failure(let failure)?: throw .state(failure.problem)
      case nil: throw .stopped
      }
      left -= 1
      guard !core.isShuttingDown, (try? await Task.sleep(for: .milliseconds(50))) != nil else {
        throw .stopped
      }
    }
  }

  // MARK: The run

  private func run(_ target: DialTarget, _ plan: DialPlan) async -> DialOutcome {
    guard !core.isShuttingDown else { return .failed(.stopped) }
    let run = DialRun(target: target, plan: plan)
    let bound = LoopBound((run: run, core: core), on: loopExecutor)
    let (group, executor) = (group, loopExecutor)
    let timeout = core.options.connectTimeoutSeconds
    dials.append(run)
    defer { dials.removeAll { $0 === run } }
    return await withTaskCancellationHandler {
      // The connect goes on by itself when the user gives up; what comes of it is closed at once.
      Task {
        do throws(TransportError) {
          try await group.dial(
            host: target.host, port: target.port, timeoutSeconds: timeout, on: executor
          ) { address in
            Conversation(
              core: bound.value.core, origin: .dialled(bound.value.run), address: address)
          }
        } catch {
          executor.execute {
            bound.value.run.end(.failed(MessengerFailure(dialling: error, target, timeout)))
          }
        }
      }
      return await withCheckedContinuation { run.wait($0) }
    } onCancel: {
      executor.execute { bound.value.run.cancel() }
    }
  }
}

/// A lock on the profile's folder, as long as this is held; a crash leaves none behind.
private final class FirstContactTurn: Sendable {
  private let lock: FileLock

  private init(_ lock: FileLock) { self.lock = lock }

  /// `.inUse` where another has it. It blocks on the disk.
  static func take(_ profile: ProfilePath) -> Result<FirstContactTurn, HomeFailure> {
    do throws(PlaceError) {
      return .success(FirstContactTurn(try FileLock(folder: profile.folder, patience: .none)))
    } catch {
      return .failure(HomeFailure(error))
    }
  }
}

extension DialRun {
  /// The user gave up, or the messenger shuts down.
  func cancel() {
    conversation?.close(.bye)
    end(.failed(.stopped))
  }
}

extension DialPlan {
  var contact: Contact? {
    switch self {
    case .known(let contact): contact
    case .firstContact(let plan): plan.old
    }
  }

  var expecting: PinState? {
    switch self {
    case .known: nil
    case .firstContact(let plan): plan.expecting
    }
  }

  /// What the machine is told of the contact it dials.
  func setup(_ context: ConnectionContext, _ name: PeerName) -> DialSetup {
    switch self {
    case .known(let contact):
      DialSetup(context: context, target: .known(contact.pin))
    case .firstContact(let plan):
      DialSetup(
        context: context,
        target: .firstContact(
          name: name, password: plan.secret, floor: plan.old?.pin.floor, purpose: plan.purpose))
    }
  }
}

extension MessengerFailure {
  fileprivate init(dialling error: TransportError, _ target: DialTarget, _ seconds: Int) {
    guard let cause = Unreachable.Cause(error, seconds: seconds) else {
      self = .stopped
      return
    }
    self = .unreachable(
      Unreachable(peer: PeerFacts(name: target.name, address: target.address), cause: cause))
  }
}

extension Unreachable.Cause {
  /// Why a dial failed that had `seconds`; nil where the event loops were shut down.
  init?(_ error: TransportError, seconds: Int) {
    switch error {
    case .refused: self = .refused
    case .timedOut: self = .timedOut(seconds: seconds)
    case .unknownHost: self = .unknownHost
    case .descriptorsShort: self = .other("too many open files")
    case .notPermitted: self = .other("permission denied")
    case .addressInUse, .addressNotAvailable: self = .other("no free local address")
    case .other(_, let description): self = .other(description)
    case .closed: return nil
    }
  }
}

import ChatProtocol
import Transport
import Wire

// What the user is told when a connection is over.
extension Conversation {
  /// A handshake failed: the dial is answered, or a listener's user hears of it.
  func concludeRefusal(_ refusal: HandshakeRefusal) {
    guard let run = dialRun else {
      if refusal.peerSentBytes { tellRefused(refusal) }
      over()
      return
    }
    guard let contact, case .known = run.plan else {
      finishDial(run, refusal, isOfThisHome: false, words: "")
      return
    }
    // The words of the pinned key, and whether both users live here, take a moment to find out.
    let (folders, me, profile) = (core.folders, core.options.me, contact.pin.profile.profile)
    let bound = LoopBound((conversation: self, run: run), on: core.executor)
    core.disk.run(on: core.executor) {
      (
        isOfThisHome: folders.user(whoseProfileIs: profile, otherThan: me) != nil,
        words: KeyWords.text(of: profile)
      )
    } then: { found in
      let (conversation, run) = bound.value
      conversation.finishDial(run, refusal, isOfThisHome: found.isOfThisHome, words: found.words)
    }
  }

  /// A connection that said something, but never a whole first message.
  func tellUnheard(_ code: ChatErrorCode) {
    core.refused(
      RefusedEvent(address: address.description, code: code, name: nil, triesLeft: nil, count: 1))
  }

  private func finishDial(
    _ run: DialRun, _ refusal: HandshakeRefusal, isOfThisHome: Bool, words: String
  ) {
    if isClosingSession {
      run.end(.failed(.stopped))
    } else if contactHasChanged {
      run.end(.failed(.contactChanged(run.facts)))
    } else {
      run.end(
        .failed(
          run.failure(of: refusal, storage: storageProblem, isOfThisHome: isOfThisHome, words: words)))
    }
    over()
  }

  private func tellRefused(_ refusal: HandshakeRefusal) {
    let left = refusal.guessSpent ? guess.map { max(0, Guesses.limit - $0.spent) } : nil
    core.refused(
      RefusedEvent(
        address: address.description, code: refusal.code, name: refusal.claimed?.name, triesLeft: left,
        count: 1, problem: refusal.code == .state ? storageProblem : nil, unwanted: unwanted))
  }

  /// The last event of a session.
  func concludeSession(_ end: SessionEnd) {
    guard let summary, let session = sessionID else { return over() }
    let closed = ClosedEvent(
      session: session, peer: summary.peer.name, address: address.description, dialled: isDialled,
      reason: end.reason, peerReason: end.peerReason, alert: end.alert, code: end.code,
      logProblem: logProblem, sent: end.sent, received: end.received, truncated: end.isTruncated,
      lastConfirmed: end.lastConfirmed.map { ClosedEvent.LastConfirmed(id: $0, seq: end.confirmed) })
    // A session that was never announced has a dial to answer, or nobody knew of it.
    if isAnnounced || !isDialled { core.events.put(.closed(closed)) }
    if !isPinDoubted { core.pairing?.forget(summary.peer.name) }
    dialRun?.end(.failed(failureOfDial(end)))
    over()
  }

  private func failureOfDial(_ end: SessionEnd) -> MessengerFailure {
    let facts = dialRun?.facts ?? PeerFacts(name: core.options.me, address: address.description)
    if let logProblem { return .log(logProblem) }
    if end.peerReason == .verified { return .peerIsVerifying(facts) }
    if let alert = end.alert, alert != .error { return .alert(facts, alert) }
    if isClosingSession { return .stopped }
    if end.code == .truncated || end.code == .timeout {
      return .unreachable(Unreachable(peer: facts, cause: .other("the link was lost at once")))
    }
    return sessionID.map { .sessionEnded($0) } ?? .stopped
  }

  // MARK: verify NAME

  /// A run of `verify` is over: the new key is held for the user's answer.
  func concludeVerification(_ end: SessionEnd) {
    guard !isProposing else { return }
    guard let heldPin, let session = sessionID else {
      dialRun?.end(.failed(failureOfVerification(end)))
      over()
      return
    }
    isProposing = true
    let held = HeldPin(pin: heldPin, expecting: expecting ?? PinState(pairing: nil))
    core.held[session] = held
    let (contacts, folders, me) = (core.contacts, core.folders, core.options.me)
    let (profile, address) = (heldPin.profile, address.description)
    let bound = LoopBound(self, on: core.executor)
    core.disk.run(on: core.executor) { () -> VerifyProposal in
      // A pin that cannot be read is shown as none; replacing it compares again.
      let old = try? contacts.contact(named: profile.name)
      return VerifyProposal(
        session: session, name: profile.name, address: address,
        old: old.map { $0.summary(folders: folders, me: me) },
        newWords: KeyWords.text(of: profile.profile),
        isSameKey: old.map { $0.pin.profile.isSameIdentity(as: profile) } ?? false)
    } then: { proposal in
      bound.value.propose(proposal)
    }
  }

  private func propose(_ proposal: VerifyProposal) {
    if let run = dialRun {
      run.end(.proposal(proposal))
    } else {
      // One at a time: the next run would only put a second question beside this one.
      core.verifying = nil
      core.events.put(.verifyProposed(proposal))
    }
    over()
  }

  private func failureOfVerification(_ end: SessionEnd) -> MessengerFailure {
    guard let run = dialRun else { return .stopped }
    if let alert = end.alert, alert != .error { return .alert(run.facts, alert) }
    return .firstContactFailed(run.facts, end.code ?? .closed)
  }
}

extension Contact {
  /// What the user is shown of a contact; the words take a moment to compute.
  func summary(folders: HomeFolders, me: PeerName) -> ContactSummary {
    let profile = pin.profile.profile
    return ContactSummary(
      name: pin.name, words: KeyWords.text(of: profile), pinned: pin.pairedAt,
      verified: pin.isVerified, isProvisional: pin.standing == .provisional,
      isOfThisHome: folders.user(whoseProfileIs: profile, otherThan: me) != nil,
      verifiedAt: pin.verifiedAt, floor: pin.floor, profile: IdentityText.encode(profile),
      isFromUsersFile: origin == .usersFile)
  }
}

import Wire

// The turns of a handshake: frames and answers in, the next state, frames and questions out. The
// state is taken out first, so that whatever throws leaves none behind.
extension ConnectionMachine {
  /// I: INIT.
  func dial(at now: Moment) {
    guard target != nil, case .beforeDialling(let setup) = exchange(&phase, with: .over) else { return }
    attempt(at: now) { () throws(ProtocolFailure) in
      let state = try AwaitingResponse(setup, sending: &outlet.bytes)
      dialShare = state.share
      context.outstandingShares.insert(state.share)
      phase = .awaitingResponse(state)
      step(.negotiation, .sent)
      step(.challenge, .sent)
    }
  }

  func receiveHandshake(_ body: Span<UInt8>, at now: Moment) {
    attempt(at: now) { () throws(ProtocolFailure) in
      switch exchange(&phase, with: .over) {
      case .awaitingInitiation(let setup): try receive(initiation: body, setup)
      case .awaitingResponse(let state): try receive(response: body, state)
      case .awaitingPairingRequest(let state):
        let next = try state.receive(body)
        progress.claimed = next.claimed
        outlet.emit(.lookUpPairing(next.claimed))
        phase = .awaitingPairingAnswer(next)
      case .awaitingPairingReply(let state): try receive(pairingReply: body, state)
      case .awaitingAuthentication(let state): try receive(authentication: body, state)
      case .awaitingConfirmation(let state):
        let established = try state.receive(body)
        step(.response, .received)
        step(.confirmation, .received)
        try establish(established, at: now)
      case .beforeDialling: throw ProtocolFailure(.proto)
      case .awaitingReplyOwner: throw ProtocolFailure(.proto)
      case .awaitingPairingAnswer: throw ProtocolFailure(.proto)
      case .awaitingGuessSpent: throw ProtocolFailure(.proto)
      case .awaitingContact: throw ProtocolFailure(.proto)
      case .awaitingKeyOwner: throw ProtocolFailure(.proto)
      case .awaitingPinStored: throw ProtocolFailure(.proto)
      case .session: break
      case .over: break
      }
    }
  }
}

// MARK: Frames

extension ConnectionMachine {
  private func receive(
    initiation body: Span<UInt8>, _ setup: AcceptSetup
  ) throws(ProtocolFailure) {
    progress.mode = (try? Initiation(parsing: body))?.mode
    switch try ResponderHandshake.receive(initiation: body, setup, sending: &outlet.bytes) {
    case .pairingRequest(let state):
      progress.stage = .pairingRequest
      phase = .awaitingPairingRequest(state)
    case .authentication(let state):
      progress.stage = .authentication
      phase = .awaitingAuthentication(state)
    }
    step(.negotiation, .received)
    step(.challenge, .received)
    step(.negotiation, .sent)
    step(.challenge, .sent)
    if case .authentication = progress.stage { step(.response, .sent) }
  }

  private func receive(
    response body: Span<UInt8>, _ state: consuming AwaitingResponse
  ) throws(ProtocolFailure) {
    switch try state.receive(body, sending: &outlet.bytes) {
    case .confirmation(let next):
      progress.peerIsProven = true
      progress.stage = .confirmation
      step(.negotiation, .received)
      step(.challenge, .received)
      step(.response, .received)
      step(.identity, .sent)
      step(.response, .sent)
      phase = .awaitingConfirmation(next)
    case .pairingReply(let next):
      progress.stage = .pairingReply
      step(.negotiation, .received)
      step(.challenge, .received)
      step(.passwordExchange, .sent)
      phase = .awaitingPairingReply(next)
    }
  }

  private func receive(
    pairingReply body: Span<UInt8>, _ state: consuming AwaitingPairingReply
  ) throws(ProtocolFailure) {
    switch try state.receive(body) {
    case .wrongPassword:
      outlet.emit(.dialGuessFailed)
      throw ProtocolFailure(.auth)
    case .proven(let next):
      progress.peerIsProven = true
      step(.passwordExchange, .received)
      step(.response, .received)
      outlet.emit(.lookUpKeyOwner(profile: next.peer))
      phase = .awaitingReplyOwner(next)
    }
  }

  private func receive(
    authentication body: Span<UInt8>, _ state: consuming AwaitingAuthentication
  ) throws(ProtocolFailure) {
    switch try state.receive(body) {
    case .contact(let next):
      outlet.emit(.lookUpContact(agreementKey: next.agreementKey))
      phase = .awaitingContact(next)
    case .keyOwner(let next):
      progress.peerIsProven = true
      outlet.emit(.lookUpKeyOwner(profile: next.peer))
      phase = .awaitingKeyOwner(next)
    }
  }
}

// MARK: Answers

extension ConnectionMachine {
  /// An answer to a question of the handshake; one that fits no open question is ignored.
  func answerHandshake(_ event: ConnectionEvent, at now: Moment) {
    guard let question = phase.question, question == event.answers else { return }
    attempt(at: now) { () throws(ProtocolFailure) in
      switch exchange(&phase, with: .over) {
      case .awaitingPairingAnswer(let state): try answer(event, state)
      case .awaitingGuessSpent(let state): try answer(event, state)
      case .awaitingReplyOwner(let state): try answer(event, state)
      case .awaitingContact(let state): try answer(event, state, at: now)
      case .awaitingKeyOwner(let state): try answer(event, state, at: now)
      case .awaitingPinStored(let state): try answer(event, state, at: now)
      case .beforeDialling: break
      case .awaitingResponse: break
      case .awaitingPairingReply: break
      case .awaitingConfirmation: break
      case .awaitingInitiation: break
      case .awaitingPairingRequest: break
      case .awaitingAuthentication: break
      case .session: break
      case .over: break
      }
    }
  }

  private func answer(
    _ event: ConnectionEvent, _ state: consuming AwaitingPairingAnswer
  ) throws(ProtocolFailure) {
    guard case .pairing(let answer) = event else { throw ProtocolFailure(.state) }
    let claimed = state.claimed
    let next = try state.answer(answer)
    outlet.emit(.spendGuess(claimed))
    phase = .awaitingGuessSpent(next)
  }

  private func answer(
    _ event: ConnectionEvent, _ state: consuming AwaitingGuessSpent
  ) throws(ProtocolFailure) {
    guard case .stored = event else { throw ProtocolFailure(.state) }
    progress.guess = .spent
    progress.stage = .authentication
    let next = try state.guessSpent(sending: &outlet.bytes)
    step(.passwordExchange, .sent)
    step(.identity, .sent)
    step(.response, .sent)
    phase = .awaitingAuthentication(next)
  }

  private func answer(
    _ event: ConnectionEvent, _ state: consuming AwaitingReplyOwner
  ) throws(ProtocolFailure) {
    guard case .keyOwner(let isAnother) = event else { throw ProtocolFailure(.state) }
    guard !isAnother else { throw ProtocolFailure(.ident) }
    let next = try state.keysAreFree(sending: &outlet.bytes)
    progress.stage = .confirmation
    step(.identity, .received)
    step(.identity, .sent)
    step(.response, .sent)
    phase = .awaitingConfirmation(next)
  }

  private func answer(
    _ event: ConnectionEvent, _ state: consuming AwaitingContact, at now: Moment
  ) throws(ProtocolFailure) {
    guard case .contact(let answer) = event else { throw ProtocolFailure(.state) }
    let established = try state.answer(answer.pin, sending: &outlet.bytes)
    progress.peerIsProven = true
    step(.identity, .received)
    step(.response, .received)
    try establish(established, alert: answer.alert, at: now)
  }

  private func answer(
    _ event: ConnectionEvent, _ state: consuming AwaitingKeyOwner, at now: Moment
  ) throws(ProtocolFailure) {
    guard case .keyOwner(let isAnother) = event else { throw ProtocolFailure(.state) }
    guard !isAnother else { throw ProtocolFailure(.ident) }
    let purpose = state.pairing.purpose
    var confirmation: [UInt8] = []
    let established = try state.keysAreFree(sending: &confirmation)
    guard let newPin = established.newPin(standing: .provisional) else {
      throw ProtocolFailure(.state)
    }
    if let claimed = progress.claimed {
      progress.guess = .returned
      outlet.emit(.returnGuess(claimed))
    }
    step(.identity, .received)
    step(.response, .received)
    switch purpose {
    case .conversation:
      outlet.emit(.storePin(newPin))
      phase = .awaitingPinStored(
        AwaitingPinStored(established: established, confirmation: confirmation, newPin: newPin))
    case .verification:
      // Nothing is stored before the user's yes, so FIN waits for nothing.
      outlet.bytes += confirmation
      try establish(established, newPin: newPin, isVerification: true, at: now)
    }
  }

  private func answer(
    _ event: ConnectionEvent, _ state: consuming AwaitingPinStored, at now: Moment
  ) throws(ProtocolFailure) {
    guard case .stored = event else { throw ProtocolFailure(.state) }
    let newPin = state.newPin
    outlet.bytes += state.confirmation
    try establish(state.established, newPin: newPin, at: now)
  }

  /// An answer to a question of the session.
  func answerSession(_ event: ConnectionEvent, at now: Moment) {
    guard let session else { return }
    switch event {
    case .stored:
      session.attempt(at: now) { () throws(ProtocolFailure) in try session.stored(at: now) }
    case .storeFailed: session.storeFailed(at: now)
    case .pairing, .contact, .keyOwner, .logged, .logFailed, .send, .sendGroupRecord, .close, .credit,
      .linkClosed:
      break
    }
  }
}

// MARK: The session

extension ConnectionMachine {
  /// I, after FIN.
  private func establish(
    _ established: consuming EstablishedSession, at now: Moment
  ) throws(ProtocolFailure) {
    let isVerification: Bool
    let pinnedFloor: KeyAgreementGroup?
    switch target {
    case .known(let pin): (isVerification, pinnedFloor) = (false, pin.floor)
    case .firstContact(_, _, _, .verification): (isVerification, pinnedFloor) = (true, nil)
    case .firstContact(_, _, _, .conversation), nil: (isVerification, pinnedFloor) = (false, nil)
    }
    let newPin = established.newPin(standing: .confirmed)
    let session = try begin(
      established, newPin: newPin, isVerification: isVerification, at: now)
    session.openAsInitiator(pinnedFloor: pinnedFloor, at: now)
  }

  /// R, with FIN on its way.
  private func establish(
    _ established: consuming EstablishedSession, newPin: NewPin? = nil,
    isVerification: Bool = false, alert: AlertCode? = nil, at now: Moment
  ) throws(ProtocolFailure) {
    step(.confirmation, .sent)
    let session = try begin(
      established, newPin: newPin, isVerification: isVerification, at: now)
    if let alert {
      session.openWithAlert(alert, at: now)
    } else {
      session.openAsResponder(at: now)
    }
  }

  private func begin(
    _ established: consuming EstablishedSession, newPin: NewPin?, isVerification: Bool,
    at now: Moment
  ) throws(ProtocolFailure) -> Session {
    forgetDial()
    progress.stage = .firstRecord
    step(.diffieHellman(established.group), .local)
    step(.recordCipher(established.cipher), .local)
    let summary = SessionSummary(
      role: established.role, peer: established.peer, group: established.group,
      cipher: established.cipher, isKnown: established.mode == .known,
      isVerification: isVerification, sessionID: established.sessionID,
      transcriptHash: established.transcriptHash,
      shortAuthenticationString: established.shortAuthenticationString,
      exports: established.exports)
    let session = try Session(
      established, facts: SessionFacts(summary: summary, progress: progress, newPin: newPin),
      context: context, outlet: outlet, at: now)
    self.session = session
    phase = .session
    return session
  }

  /// Runs a turn; what it throws ends the connection.
  private func attempt(at now: Moment, _ turn: () throws(ProtocolFailure) -> Void) {
    do {
      try turn()
    } catch {
      if let session { session.fail(error.code, at: now) } else { refuse(error.code) }
    }
  }

  private func step(_ step: HandshakeStep, _ direction: StepDirection) {
    if context.reportsSteps { outlet.emit(.step(step, direction)) }
  }
}

extension ConnectionEvent {
  /// The question that this answers.
  fileprivate var answers: Phase.Question? {
    switch self {
    case .pairing: .pairing
    case .contact: .contact
    case .keyOwner: .keyOwner
    case .stored, .storeFailed: .storing
    case .logged, .logFailed, .send, .sendGroupRecord, .close, .credit, .linkClosed: nil
    }
  }
}

extension EstablishedSession {
  /// Mode P: what this run makes of the contact.
  func newPin(standing: Pin.Standing) -> NewPin? {
    pairSecret.map { NewPin(profile: peer, secret: $0, floor: group, standing: standing) }
  }
}

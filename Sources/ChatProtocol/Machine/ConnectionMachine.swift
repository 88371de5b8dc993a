import Cryptography
package import Wire

/// One connection of secure_chat/1, from the first byte to the last, without input or output.
///
/// Bytes, events and the time go in; actions, outbound bytes and one deadline come out. After each
/// call the driver takes every action with `nextAction()`, writes what `takeOutbound` gives (while
/// its link is writable), sets its alarm to `deadline` and reads or does not read as `wantsToRead`
/// says. A machine is not Sendable and lives on one event loop; it never waits.
package final class ConnectionMachine {
  let context: ConnectionContext
  let outlet = Outlet()
  var phase: Phase
  var session: Session?
  var progress: HandshakeProgress
  /// I: whom this side dials.
  let target: DialSetup.Target?
  private var assembler = FrameAssembler()
  /// What came in while a question was open, after authentication.
  private var held: [UInt8] = []
  private var handshakeEnds: Moment?
  private var isRefused = false
  private var linkHasClosed = false

  /// The dialling side. `start` makes its INIT.
  package init(dialling setup: DialSetup) {
    context = setup.context
    target = setup.target
    progress = HandshakeProgress(role: .initiator, mode: setup.target.mode, stage: .response)
    phase = .beforeDialling(setup)
  }

  /// The accepting side. No key is made and nothing is kept before a whole INIT is here.
  package init(accepting setup: AcceptSetup) {
    context = setup.context
    target = nil
    progress = HandshakeProgress(role: .responder)
    phase = .awaitingInitiation(setup)
  }

  /// The link is open: the handshake's time begins, and the dialling side sends INIT.
  package func start(at now: Moment) {
    guard handshakeEnds == nil else { return }
    handshakeEnds = now.advanced(bySeconds: Limits.handshakeSeconds)
    dial(at: now)
    finishTurn(at: now)
  }

  /// Bytes of the link, in any pieces.
  package func received(_ bytes: Span<UInt8>, at now: Moment) {
    guard !bytes.isEmpty, !isOver else { return }
    progress.peerSentBytes = true
    if held.isEmpty, session?.isHolding != true {
      read(bytes, at: now)
    } else {
      held.append(copying: bytes)
    }
    finishTurn(at: now)
  }

  /// What the driver did, or what the user wants.
  package func handle(_ event: ConnectionEvent, at now: Moment) {
    switch event {
    case .pairing, .contact, .keyOwner, .stored, .storeFailed:
      if session == nil { answerHandshake(event, at: now) } else { answerSession(event, at: now) }
    case .logged(let ticket, let position): session?.logged(ticket, position, at: now)
    case .logFailed: session?.logFailed(at: now)
    case .send(let text):
      if let session { session.take(text) } else { outlet.emit(.notSent(text.id)) }
    case .sendGroupRecord(let record): session?.take(record, at: now)
    case .close(let reason):
      if let session { session.close(reason, at: now) } else { refuse(.closed) }
    case .credit(let bytes): session?.credit(bytes)
    case .linkClosed: linkHasClosed = true
    }
    readHeld(at: now)
    if linkHasClosed { endOfLink(at: now) }
    finishTurn(at: now)
  }

  /// The time has come to `deadline`. Calling it early does nothing.
  package func alarm(at now: Moment) {
    if let session {
      session.alarm(at: now)
    } else if let handshakeEnds, now >= handshakeEnds {
      refuse(.timeout)
    }
    finishTurn(at: now)
  }

  /// The next thing to do, or nil. Drain it after each call.
  package func nextAction() -> ConnectionAction? { outlet.nextAction() }

  /// Lends the bytes that may leave now and forgets them; `body` is not called when there are none.
  ///
  /// Call it after each call and each burst of `.logged` events, while the link is writable:
  /// acknowledgements are made here, so that one covers every text that was logged since the last.
  package func takeOutbound(at now: Moment, _ body: (Span<UInt8>) -> Void) {
    session?.flush(at: now)
    outlet.takeBytes(body)
  }

  /// When `alarm` must be called, unless something else happens before.
  package var deadline: Moment? {
    if let session { return session.deadline }
    return isOver ? nil : handshakeEnds
  }

  /// False while more than the receive window waits for the log or the user, and while a question
  /// is open after authentication: pause reading then.
  package var wantsToRead: Bool {
    if let session { return session.wantsToRead }
    return !isOver
  }

  /// The session is up, is not being closed, and less than the send window waits for log and link.
  package var canTakeText: Bool { session?.canTakeText ?? false }

  /// How many rekeys of this session are complete.
  package var epoch: UInt32 { session?.epoch ?? 0 }

  /// Nothing will be said any more.
  private var isOver: Bool {
    session?.isClosed ?? isRefused
  }

  private func finishTurn(at now: Moment) {
    session?.clock.setReading(wantsToRead, at: now)
  }

  /// The link is gone: what came before its end is read first, as soon as no question is open.
  private func endOfLink(at now: Moment) {
    guard let session else {
      refuse(.closed)
      return
    }
    if !session.isHolding { session.linkClosed(at: now) }
  }

  // MARK: Frames

  private func readHeld(at now: Moment) {
    guard !held.isEmpty, session?.isHolding != true else { return }
    var bytes: [UInt8] = []
    swap(&bytes, &held)
    read(bytes.span, at: now)
  }

  private func read(_ bytes: Span<UInt8>, at now: Moment) {
    var position = 0
    var sawFrame = false
    while position < bytes.count, !isOver {
      if let session, session.isHolding {
        held.append(copying: bytes.extracting(droppingFirst: position))
        break
      }
      // While it is this side's turn, a peer that speaks is not one of ours.
      guard let gate = session?.gate ?? phase.gate else {
        refuse(.proto)
        return
      }
      switch assembler.next(bytes, from: &position, gate: gate) {
      case .needsMore: break
      case .inInput(let range):
        sawFrame = true
        take(bytes.extracting(range), at: now)
      case .assembled:
        sawFrame = true
        assembler.withAssembledBody { take($0, at: now) }
      case .refused:
        if let session { session.fail(.proto, at: now) } else { refuse(.proto) }
      }
    }
    session?.clock.setInsideFrame(assembler.isInsideFrame, newFrame: sawFrame, at: now)
  }

  private func take(_ body: Span<UInt8>, at now: Moment) {
    if let session {
      session.received(body, at: now)
    } else {
      receiveHandshake(body, at: now)
    }
  }

  // MARK: The end of a handshake

  /// Ends a handshake that failed; before authentication nothing is sent.
  func refuse(_ code: ChatErrorCode) {
    guard session == nil, !isRefused else { return }
    isRefused = true
    forgetDial()
    phase = .over
    outlet.bytes.removeAll()
    if let claimed = progress.claimed, progress.guess == .unspent {
      outlet.emit(.releaseGuess(claimed))
    }
    outlet.emit(.closeLink(afterFlushing: false))
    outlet.emit(.refused(progress.refusal(code)))
  }

  /// This dial's share is no longer outstanding.
  func forgetDial() {
    if let dialShare {
      context.outstandingShares.remove(dialShare)
      self.dialShare = nil
    }
  }

  /// I: this dial's `e_I`, while no RESP has answered it.
  var dialShare: [UInt8]?

  deinit {
    if let dialShare { context.outstandingShares.remove(dialShare) }
  }
}

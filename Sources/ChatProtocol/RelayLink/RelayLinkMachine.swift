import Cryptography
package import Wire

/// One link between a client and a relay (GROUPS 3.5), from the first byte to the last, without input or output.
///
/// It is driven as a `ConnectionMachine` is: bytes, calls and the time go in; actions, outbound bytes and one
/// deadline come out. It is not Sendable, lives on one event loop and never waits.
package final class RelayLinkMachine {
  private enum Phase: ~Copyable {
    case beforeDialling(RelayDialSetup)
    case beforeAsking
    case awaitingResponse(SentInitiation)
    case awaitingProfile
    case awaitingOpening(RelayAcceptSetup)
    case open(RelayLinkRecords)
    case over

    /// The frame that may come now; nil while none may.
    var gate: FrameGate? {
      switch self {
      case .beforeDialling: nil
      case .beforeAsking: nil
      case .awaitingResponse(let state): state.gate
      case .awaitingProfile: .relayProfile
      case .awaitingOpening: .relayOpening
      case .open(let records): .records(records.summary.cipher)
      case .over: nil
      }
    }

    /// Records that this side sealed; nil while the link is not up.
    var sent: UInt64? {
      switch self {
      case .open(let records): records.sent
      case .beforeDialling: nil
      case .beforeAsking: nil
      case .awaitingResponse: nil
      case .awaitingProfile: nil
      case .awaitingOpening: nil
      case .over: nil
      }
    }

    var isOver: Bool {
      switch self {
      case .over: true
      case .beforeDialling: false
      case .beforeAsking: false
      case .awaitingResponse: false
      case .awaitingProfile: false
      case .awaitingOpening: false
      case .open: false
      }
    }
  }

  private let role: Role
  private let context: HandshakeContext
  private let lifetime: RelayLinkLifetime
  private var phase: Phase
  private var assembler = FrameAssembler()
  private var actions: [RelayLinkAction] = []
  private var outbound: [UInt8] = []
  private var handshakeEnds: Moment?
  private var peerSentBytes = false
  private var dialShare: [UInt8]?

  // The link that is up.
  private var clock: LivenessClock?
  private var linkEnds: Moment?
  private var waitingPongs: [UInt64] = []
  private var closeSentAt: Moment?

  private init(
    _ role: Role, _ context: HandshakeContext, _ lifetime: RelayLinkLifetime, _ phase: consuming Phase
  ) {
    self.role = role
    self.context = context
    self.lifetime = lifetime
    self.phase = phase
  }

  /// The client. `start` makes its INIT.
  package convenience init(
    dialling setup: RelayDialSetup, lifetime: RelayLinkLifetime = RelayLinkLifetime()
  ) {
    self.init(.initiator, setup.context, lifetime, .beforeDialling(setup))
  }

  /// A client that has no profile of the relay yet: it asks, and gets `.profile` (L5).
  package convenience init(asking context: HandshakeContext) {
    self.init(.initiator, context, RelayLinkLifetime(), .beforeAsking)
  }

  /// The relay. No key is made and nothing is kept before a whole first frame is here.
  package convenience init(
    accepting setup: RelayAcceptSetup, lifetime: RelayLinkLifetime = RelayLinkLifetime()
  ) {
    self.init(.responder, setup.context, lifetime, .awaitingOpening(setup))
  }

  deinit { forgetDial() }

  // MARK: What happens

  /// The connection stands: the handshake's time begins, and the client sends its first frame.
  package func start(at now: Moment) {
    guard handshakeEnds == nil else { return }
    handshakeEnds = now.advanced(bySeconds: Limits.handshakeSeconds)
    attempt(at: now) { () throws(ProtocolFailure) in
      switch exchange(&phase, with: .over) {
      case .beforeDialling(let setup):
        let sent = try SentInitiation(
          .relay, to: setup.relay, as: nil, in: context, sending: &outbound)
        dialShare = sent.share
        context.outstandingShares.insert(sent.share)
        phase = .awaitingResponse(sent)
      case .beforeAsking:
        let nothing: [UInt8] = []
        outbound.append(frame: .ask, body: nothing.span)
        phase = .awaitingProfile
      case .awaitingOpening(let setup): phase = .awaitingOpening(setup)
      case .awaitingResponse: break
      case .awaitingProfile: break
      case .open: break
      case .over: break
      }
    }
  }

  /// Bytes of the connection, in any pieces.
  package func received(_ bytes: Span<UInt8>, at now: Moment) {
    guard !bytes.isEmpty, !isOver else { return }
    peerSentBytes = true
    var position = 0
    var sawFrame = false
    while position < bytes.count, !isOver {
      guard let gate = phase.gate else {
        fail(.proto, at: now)
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
      case .refused: fail(.proto, at: now)
      }
    }
    clock?.setInsideFrame(assembler.isInsideFrame, newFrame: sawFrame, at: now)
  }

  /// The connection ended.
  package func linkClosed(at now: Moment) {
    guard !isOver else { return }
    guard isOpen else { return refuse(.closed) }
    // Whoever answered CLOSE may be gone with the last byte.
    conclude(RelayLinkEnd(code: .truncated, peerReason: nil, alert: nil), afterFlushing: false)
  }

  /// The time has come to `deadline`. Calling it early does nothing.
  package func alarm(at now: Moment) {
    guard !isOver, let clock else {
      if !isOver, let handshakeEnds, now >= handshakeEnds { refuse(.timeout) }
      return
    }
    if let silenceEnds = clock.silenceEnds, now >= silenceEnds {
      fail(.timeout, at: now)
    } else if let closeSentAt {
      if now >= closeSentAt.advanced(bySeconds: Limits.closingSeconds) { fail(.truncated, at: now) }
    } else if let linkEnds, now >= linkEnds {
      close(.bye, at: now)
    } else if now >= clock.pingDue {
      self.clock?.sentPing(at: now)
      answer(.ping(context.entropy.publicNumber()), at: now)
    }
  }

  // MARK: What the driver wants

  /// Sends a frame; false where the link is not up, is being closed, or `body` is above 1 MiB, and nothing is sent.
  @discardableResult
  package func send(type: UInt8, body: [UInt8], at now: Moment) -> Bool {
    guard isOpen, closeSentAt == nil, let frame = try? RelayLinkFrame(type: type, body: body) else {
      return false
    }
    guard hasRoom(for: UInt64(frame.fragmentCount)) else {
      close(.bye, at: now)
      return false
    }
    attempt(at: now) { () throws(ProtocolFailure) in
      guard case .open(var records) = exchange(&phase, with: .over) else { return }
      try records.seal(frame, into: &outbound)
      phase = .open(records)
    }
    return isOpen
  }

  /// Ends the link at once, because of what the other side did above the records: one ALERT, then the end, with
  /// `code` at this side.
  package func end(with alert: AlertCode, as code: ChatErrorCode, at now: Moment) {
    guard !isOver else { return }
    guard isOpen else { return refuse(code) }
    seal(.alert(alert), at: now)
    conclude(RelayLinkEnd(code: code, peerReason: nil, alert: nil), afterFlushing: true)
  }

  /// Ends the link cleanly: CLOSE, and the other side's within 5 s. A link that is not up ends at once.
  package func close(_ reason: CloseReason, at now: Moment) {
    guard !isOver else { return }
    guard isOpen else { return refuse(.closed) }
    guard closeSentAt == nil else { return }
    seal(.close(Closing(reason: reason, sent: 0, received: 0)), at: now)
    closeSentAt = now
  }

  /// The driver does not read, or reads again: the clock of the other side's silence stands meanwhile.
  package func setReading(_ reads: Bool, at now: Moment) { clock?.setReading(reads, at: now) }

  /// The next thing to do, or nil. Drain it after each call.
  package func nextAction() -> RelayLinkAction? {
    actions.isEmpty ? nil : actions.removeFirst()
  }

  /// Lends the bytes that may leave now and forgets them; `body` is not called when there are none.
  package func takeOutbound(at now: Moment, _ body: (Span<UInt8>) -> Void) {
    let tokens = waitingPongs
    waitingPongs.removeAll(keepingCapacity: true)
    // After its own CLOSE a side sends an ALERT only.
    for token in tokens where closeSentAt == nil { answer(.pong(token), at: now) }
    guard !outbound.isEmpty else { return }
    var lent: [UInt8] = []
    swap(&lent, &outbound)
    body(lent.span)
  }

  /// Bytes that wait for `takeOutbound`.
  package var outboundByteCount: Int { outbound.count }

  /// When `alarm` must be called, unless something else happens before.
  package var deadline: Moment? {
    guard !isOver else { return nil }
    guard let clock else { return handshakeEnds }
    let closingEnds = closeSentAt?.advanced(bySeconds: Limits.closingSeconds)
    return [clock.silenceEnds, closingEnds ?? min(clock.pingDue, linkEnds ?? clock.pingDue)].compactMap { $0 }
      .min()
  }

  /// The link is up and neither side has said its CLOSE.
  package var isUp: Bool { isOpen && closeSentAt == nil }

  private var isOpen: Bool { phase.sent != nil }
  private var isOver: Bool { phase.isOver }
}

// MARK: Frames

extension RelayLinkMachine {
  private func take(_ body: Span<UInt8>, at now: Moment) {
    attempt(at: now) { () throws(ProtocolFailure) in
      switch exchange(&phase, with: .over) {
      case .beforeDialling: throw ProtocolFailure(.proto)
      case .beforeAsking: throw ProtocolFailure(.proto)
      case .awaitingResponse(let sent):
        try open(try sent.receive(body, floor: nil), at: now)
      case .awaitingProfile: try take(profile: body)
      case .awaitingOpening(let setup):
        // The gate lets through an INIT, or the question, which has no body.
        if body.isEmpty {
          answerAsk(setup)
        } else {
          try open(
            try AnsweredInitiation.receive(
              body, as: setup.identity, in: context, refusal: { $0 == .relay ? nil : .policy },
              sending: &outbound), at: now)
        }
      case .open(var records):
        let received = try unseal(body, &records)
        phase = .open(records)
        clock?.heard(at: now)
        try take(received, at: now)
      case .over: break
      }
    }
  }

  private func unseal(
    _ body: Span<UInt8>, _ records: inout RelayLinkRecords
  ) throws(ProtocolFailure) -> RelayLinkRecords.Received {
    do throws(ProtocolFailure) {
      guard records.received < lifetime.records else { throw ProtocolFailure(.limit) }
      return try records.open(body)
    } catch {
      // One ALERT, under keys that go with it.
      try? records.seal(.alert(.error), into: &outbound)
      throw error
    }
  }

  private func take(_ received: RelayLinkRecords.Received, at now: Moment) throws(ProtocolFailure) {
    switch received {
    case .frame(let frame): actions.append(.frame(type: frame.type, body: frame.body))
    case .piece: break
    case .ownOfLink(let body): try take(body, at: now)
    }
  }

  private func take(_ body: RecordBody, at now: Moment) throws(ProtocolFailure) {
    switch body {
    case .ping(let token):
      if waitingPongs.count == Limits.waitingPongs { waitingPongs.removeFirst() }
      waitingPongs.append(token)
    case .pong, .ignorable: break
    case .alert(let code):
      conclude(RelayLinkEnd(code: .alert, peerReason: nil, alert: code), afterFlushing: false)
    case .close(let closing):
      close(.bye, at: now)
      conclude(RelayLinkEnd(code: nil, peerReason: closing.reason, alert: nil), afterFlushing: true)
    case .text, .acknowledgement, .rekey, .synchronisation: throw ProtocolFailure(.proto)
    }
  }

  private func take(profile body: Span<UInt8>) throws(ProtocolFailure) {
    let proven: ProvenProfile
    do {
      proven = try ProvenProfile(verifying: try Profile(parsing: body))
    } catch {
      throw ProtocolFailure(.ident)
    }
    actions.append(.profile(proven))
    actions.append(.closeLink(afterFlushing: false))
  }

  private func answerAsk(_ setup: RelayAcceptSetup) {
    outbound.append(frame: .profile, body: setup.identity.profile.bytes.span)
    actions.append(.closeLink(afterFlushing: true))
    actions.append(.refused(refusal(.closed, answeredAsk: true)))
  }

  private func open(_ core: consuming HandshakeCore, at now: Moment) throws(ProtocolFailure) {
    forgetDial()
    let records = try RelayLinkRecords(core)
    let entropy = context.entropy
    clock = LivenessClock(at: now, jitter: LivenessClock.Jitter { entropy.publicNumber() })
    linkEnds = now.advanced(bySeconds: lifetime.seconds)
    actions.append(.established(records.summary))
    phase = .open(records)
  }

  /// Whether so many records and a CLOSE still fit.
  private func hasRoom(for count: UInt64) -> Bool {
    guard let sent = phase.sent else { return false }
    return sent + count < lifetime.records
  }

  /// Sends a record of the link's own, or CLOSE where only that still fits.
  private func answer(_ body: RecordBody, at now: Moment) {
    if hasRoom(for: 1) { seal(body, at: now) } else { close(.bye, at: now) }
  }

  private func seal(_ body: RecordBody, at now: Moment) {
    attempt(at: now) { () throws(ProtocolFailure) in
      guard case .open(var records) = exchange(&phase, with: .over) else { return }
      try records.seal(body, into: &outbound)
      phase = .open(records)
    }
  }
}

// MARK: Ends

extension RelayLinkMachine {
  /// Runs a turn, whose state is taken out first: what it throws ends the link.
  private func attempt(at now: Moment, _ turn: () throws(ProtocolFailure) -> Void) {
    do {
      try turn()
    } catch {
      if clock == nil {
        refuse(error.code)
      } else if isOpen {
        fail(error.code, at: now)
      } else {
        conclude(RelayLinkEnd(code: error.code, peerReason: nil, alert: nil), afterFlushing: true)
      }
    }
  }

  /// A fatal error of a link that is up: one ALERT, then the end; before, silence.
  private func fail(_ code: ChatErrorCode, at now: Moment) {
    end(with: .error, as: code, at: now)
  }

  private func conclude(_ end: RelayLinkEnd, afterFlushing: Bool) {
    phase = .over
    clock = nil
    actions.append(.closeLink(afterFlushing: afterFlushing))
    actions.append(.ended(end))
  }

  /// Ends what is not up; nothing is sent.
  private func refuse(_ code: ChatErrorCode) {
    phase = .over
    forgetDial()
    outbound.removeAll()
    actions.append(.closeLink(afterFlushing: false))
    actions.append(.refused(refusal(code, answeredAsk: false)))
  }

  private func refusal(_ code: ChatErrorCode, answeredAsk: Bool) -> RelayLinkRefusal {
    RelayLinkRefusal(code: code, role: role, peerSentBytes: peerSentBytes, answeredAsk: answeredAsk)
  }

  private func forgetDial() {
    guard let dialShare else { return }
    context.outstandingShares.remove(dialShare)
    self.dialShare = nil
  }
}

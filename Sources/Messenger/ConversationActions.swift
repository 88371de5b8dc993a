import ChatProtocol
import LogFiles
import Places
import SessionLog
import Transport
import Wire

// What a machine asks for, carried out.
extension Conversation {
  func perform(_ action: ConnectionAction) {
    switch action {
    case .lookUpPairing(let claimed): lookUpPairing(claimed)
    case .spendGuess: spendGuess()
    case .releaseGuess: releaseGuess()
    case .returnGuess: returnGuess()
    case .lookUpContact(let key): lookUpContact(key)
    case .lookUpKeyOwner(let profile): lookUpKeyOwner(profile)
    case .storePin(let pin): storePin(pin)
    case .confirmPin(let profile, let floor): confirmPin(profile, floor)
    case .raiseFloor(let profile, let floor): raiseFloor(profile, floor)
    case .pinHeld(let pin): heldPin = pin
    case .dialGuessFailed: countFailedGuess()
    case .step(let step, let direction): tellStep(step, direction)
    case .connected(let summary): isUp(summary)
    case .log(let entry, let ticket): append(entry, ticket)
    case .deliver(let text): deliver(text)
    case .delivered(let receipt): delivered(receipt)
    case .groupRecord(let record): core.groupRecord(record, from: self)
    case .notSent(let id):
      // It stays among the unacknowledged, so that it can go again.
      _ = id
    case .peerClosing(let reason): if reason == .verified { doubtPin() }
    case .refused(let refusal):
      self.refusal = refusal
      core.stoppedWorking(self)
      concludeIfReady()
    case .ended(let end): ended(end)
    case .closeLink(let afterFlushing): closeLink(afterFlushing: afterFlushing)
    }
  }

  // MARK: The session

  private func isUp(_ summary: ChatProtocol.SessionSummary) {
    self.summary = summary
    noteUp()
    noteText()
    core.stoppedWorking(self)
    guard !summary.isVerification else {
      // No conversation follows, so no log begins.
      isLogDone = true
      return
    }
    core.isUp(self)
    confirmDialledPin()
    core.words(of: summary.peer.profile) { [weak self] words in
      self?.words = words
      self?.announceIfReady()
    }
    openLog(summary)
  }

  private func openLog(_ summary: ChatProtocol.SessionSummary) {
    let keeper = LogKeeper(
      executor: core.executor, threads: core.logs, mode: core.options.logSync, owner: self)
    log = keeper
    let own = core.identity.profile
    let facts = SegmentFacts(
      me: own.name, myIdentifier: core.ownProfileID, peer: summary.peer.name,
      peerIdentifier: summary.peer.profileID, session: summary.sessionID,
      text: core.options.logText == .sealed ? .sealed : .plain)
    let directory = LogDirectory(core.folders.logs, facts: facts)
    let (exports, logKey) = (summary.exports, core.logKey)
    keeper.open { () throws(LogFailure) in
      SegmentHolder(
        try SegmentWriter.create(
          in: directory, facts: facts, witnessKey: exports.witnessKey, logKey: logKey, now: .now))
    }
  }

  private func append(_ entry: LogEntry, _ ticket: LogTicket) {
    guard let log else {
      tell(.logged(ticket, nil))
      return
    }
    log.append(entry, ticket)
  }

  private func deliver(_ received: ReceivedText) {
    guard let summary, let session = sessionID else { return }
    guard !isMuted else {
      tell(.credit(bytes: received.creditBytes))
      return
    }
    noteText()
    let bound = LoopBound(self, on: core.executor)
    let (executor, credit) = (core.executor, received.creditBytes)
    let event = MessageEvent(
      session: session, id: received.id, from: summary.peer.name, seq: received.ordinal,
      text: received.text, time: .now, sent: received.sentAt, verified: isVerified)
    tellChecks(summary.cipher)
    untaken += 1
    emit(.message(event)) {
      executor.execute {
        bound.value.untaken -= 1
        bound.value.tell(.credit(bytes: credit))
      }
    }
    if let ahead = senderClock.difference(sent: event.sent, came: event.time) {
      emit(.warning(.clockDiffers(from: event.from, milliseconds: ahead)))
    }
  }

  private func delivered(_ receipt: DeliveryReceipt) {
    guard let summary, let session = sessionID else { return }
    tellChecks(summary.cipher)
    let now = Moment.current
    let first = receipt.count - UInt64(receipt.ids.count) + 1
    for (offset, id) in receipt.ids.enumerated() {
      let sent = unacknowledged.removeValue(forKey: id)
      emit(
        .delivered(
          DeliveredEvent(
            session: session, id: id, to: summary.peer.name, seq: first + UInt64(offset),
            logged: receipt.position?.record, tag: receipt.position?.tag,
            milliseconds: sent.map { now.milliseconds(since: $0.since) } ?? 0)))
    }
  }

  private func ended(_ end: SessionEnd) {
    sessionEnd = end
    guard let log else {
      isLogDone = true
      concludeIfReady()
      return
    }
    let whenFinished = { [weak self] in
      self?.isLogDone = true
      self?.concludeIfReady()
    }
    log.finish { whenFinished() }
  }

  private func tellStep(_ step: HandshakeStep, _ direction: ChatProtocol.StepDirection) {
    guard core.options.verboseSteps else { return }
    tellStep(step.name, direction == .received ? .received : .sent)
  }

  private func tellStep(_ name: String, _ direction: StepEvent.Direction) {
    core.events.put(.step(StepEvent(address: address.description, name: name, direction: direction)))
  }

  /// What every record passed before anything of it is told.
  private func tellChecks(_ cipher: CipherSuite) {
    guard core.options.verboseSteps else { return }
    tellStep(cipher.authenticationStep, .received)
    tellStep("CRC32 ok", .received)
  }

  // MARK: What is known of the peer

  var isVerified: Bool { contact?.pin.isVerified ?? false }

  /// The event that says the session is up; nil until its log stands and the words are known.
  func connectedEvent() -> ConnectedEvent? {
    guard let summary, let session = sessionID, let words, let logPath else { return nil }
    return ConnectedEvent(
      session: session, peer: summary.peer.name, address: address.description, group: summary.group,
      cipher: summary.cipher, known: summary.isKnown, verified: isVerified, words: words,
      sessionWords: sessionWords(summary), dialled: isDialled, logPath: logPath,
      logText: core.options.logText, time: since)
  }

  func sessionWords(_ summary: ChatProtocol.SessionSummary) -> String {
    // 32 bytes are more than six words need.
    (WordList.words(of: summary.shortAuthenticationString.span) ?? []).joined(separator: " ")
  }

  func sessionSummary(isNewest: Bool) -> SessionSummary? {
    guard isAnnounced, let summary, let session = sessionID, let words, let logPath else { return nil }
    return SessionSummary(
      session: session, peer: summary.peer.name, address: address.description, group: summary.group,
      cipher: summary.cipher, dialled: isDialled, verified: isVerified, words: words,
      sessionWords: sessionWords(summary), since: since, epoch: epoch, logPath: logPath,
      isNewest: isNewest)
  }
}

extension Conversation: LogKeeperOwner {
  func logOpened(path: String, warnings: [SegmentWarning]) {
    logPath = path
    for warning in warnings { emit(.warning(Warning(warning, in: path))) }
    announceIfReady()
  }

  func logged(_ records: [LoggedRecord]) {
    tell(all: records.map { .logged($0.ticket, $0.position) })
  }

  func logFailed(_ problem: StorageProblem) {
    logProblem = problem
    tell(.logFailed)
    concludeIfReady()
  }
}

extension HandshakeStep {
  /// The step's name in `step` events, in the words that users know.
  var name: String {
    switch self {
    case .negotiation: "hello"
    case .diffieHellman(let group): "Diffie-Hellman (\(group.name))"
    case .challenge: "challenge"
    case .response: "response"
    case .passwordExchange: "password exchange"
    case .identity: "identity"
    case .confirmation: "confirmation"
    case .recordCipher(let cipher): cipher.encryptionStep
    case .rekey(let epoch): "new keys (epoch \(epoch))"
    }
  }
}

extension CipherSuite {
  /// How records are encrypted, in the words that users know.
  package var encryptionStep: String {
    switch self {
    case .aes256CBCHMACCRC32: "AES-256-CBC"
    case .aes256GCM: "AES-256-GCM"
    case .xchacha20Poly1305: "XChaCha20-Poly1305"
    }
  }

  /// What proves that a record is the peer's, in the words that users know.
  package var authentication: String {
    switch self {
    case .aes256CBCHMACCRC32: "HMAC-SHA256"
    case .aes256GCM: "GCM"
    case .xchacha20Poly1305: "Poly1305"
    }
  }

  var authenticationStep: String {
    switch self {
    case .aes256CBCHMACCRC32: "HMAC ok"
    case .aes256GCM: "GCM tag ok"
    case .xchacha20Poly1305: "Poly1305 tag ok"
    }
  }
}

extension Warning {
  init(_ warning: SegmentWarning, in path: String) {
    switch warning {
    case .endedWithoutClose(let name): self = .earlierLog(.endedWithoutClose(name: name))
    case .tornTail(let name, let bytes): self = .earlierLog(.tornTail(name: name, bytes: bytes))
    case .rolledBack(let name, let records, let witnessed):
      self = .earlierLog(.rolledBack(name: name, records: records, witnessed: witnessed))
    case .missing(let segment): self = .earlierLog(.missing(segment: segment))
    }
  }
}

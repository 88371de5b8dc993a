import Wire

// From FIN to the first records: what must be durable before anything is sent or shown.
extension Session {
  /// I, after FIN: stores what must be stored, then SYNC.
  ///
  /// `pinnedFloor` is that of the contact's pin in mode K.
  func openAsInitiator(pinnedFloor: KeyAgreementGroup?, at now: Moment) {
    let summary = facts.summary
    if let newPin = facts.newPin, !summary.isVerification {
      phase = .storing
      outlet.emit(.storePin(newPin))
    } else if let pinnedFloor, summary.group.strength > pinnedFloor.strength {
      phase = .storing
      outlet.emit(.raiseFloor(profile: summary.peer, floor: summary.group))
    } else {
      begin(at: now)
    }
  }

  /// R, after FIN: SYNC at once; the peer's first record confirms the pin.
  func openAsResponder(at now: Moment) {
    phase = .awaitingFirstRecord
    send(.synchronisation(.nothing), at: now)
  }

  /// R, after FIN, to a peer that is not wanted: an ALERT takes the place of SYNC.
  func openWithAlert(_ alert: AlertCode, at now: Moment) {
    phase = .awaitingFirstRecord
    send(.alert(alert), at: now)
    let code: ChatErrorCode =
      switch alert {
      case .tooManySessions: .limit
      case .error, .blocked, .notMember: .policy
      }
    conclude(Ending(code: code, reason: .error), afterFlushing: true, at: now)
  }

  /// R: the first record decides whether there is a session; only an ALERT may stand before SYNC.
  func takeFirst(_ record: ReceivedRecord, at now: Moment) throws(ProtocolFailure) {
    guard case .other(let body) = record else { throw ProtocolFailure(.proto) }
    switch body {
    case .synchronisation, .alert: break
    case .text, .acknowledgement, .ping, .pong, .close, .rekey, .ignorable:
      throw ProtocolFailure(.proto)
    }
    if facts.summary.isVerification {
      try beginAsResponder(first: body, at: now)
      return
    }
    phase = .confirming(first: body)
    outlet.emit(.confirmPin(profile: facts.summary.peer, floor: facts.summary.group))
  }

  /// What was asked to be stored is durable.
  func stored(at now: Moment) throws(ProtocolFailure) {
    switch phase {
    case .storing: begin(at: now)
    case .confirming(let first): try beginAsResponder(first: first, at: now)
    case .awaitingFirstRecord, .open, .draining, .over: break
    }
  }

  /// What was asked to be stored is not: E_STATE. I has sent no record yet and sends none now, since
  /// its first one would make the other side's pin a confirmed one.
  func storeFailed(at now: Moment) {
    switch phase {
    case .storing:
      writer = nil
      conclude(Ending(code: .state, reason: .error), afterFlushing: false, at: now)
    case .confirming: fail(.state, at: now)
    case .awaitingFirstRecord, .open, .draining, .over: break
    }
  }

  private func begin(at now: Moment) {
    phase = .open
    send(.synchronisation(.nothing), at: now)
    announce()
  }

  private func beginAsResponder(first: RecordBody, at now: Moment) throws(ProtocolFailure) {
    phase = .open
    announce()
    try take(.other(first), at: now)
  }

  private func announce() {
    isAnnounced = true
    outlet.emit(.connected(facts.summary))
  }
}

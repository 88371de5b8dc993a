import Wire

extension Session {
  /// Runs a step; what it throws ends the session.
  func attempt(at now: Moment, _ step: () throws(ProtocolFailure) -> Void) {
    do {
      try step()
    } catch {
      fail(error.code, at: now)
    }
  }

  /// The user ends the conversation.
  func close(_ reason: CloseReason, at now: Moment) {
    switch phase {
    case .open:
      guard closeReason == nil else { return }
      closeReason = reason
      attempt(at: now) { () throws(ProtocolFailure) in try advanceClosing(at: now) }
    case .storing, .awaitingFirstRecord, .confirming:
      conclude(Ending(code: .closed, reason: .bye), afterFlushing: false, at: now)
    case .draining, .over: break
    }
  }

  /// Sends CLOSE as soon as what comes before it is sent, and ends when both sides have said all.
  func advanceClosing(at now: Moment) throws(ProtocolFailure) {
    guard case .open = phase, let reason = closeReason else { return }
    if closeSentAt == nil {
      // Texts that were taken are sent first; what a closing peer sent is acknowledged first.
      guard logs.outgoingCount == 0, peerClose == nil || logs.incomingCount == 0 else { return }
      flush(at: now)
      send(
        .close(Closing(reason: reason, sent: sentTexts.count, received: loggedTexts)), at: now)
      closeSentAt = now
      closedFirst = peerClose == nil
    }
    guard let peerClose, logs.incomingCount == 0 else { return }
    // Who says that it is only verifying a key acknowledges nothing.
    guard sentTexts.allConfirmed || peerClose.reason == .verified else { return }
    concludeCleanly(at: now)
  }

  private func concludeCleanly(at now: Moment) {
    flush(at: now)
    let reason: LogCloseReason =
      if !closedFirst { .peer } else if closeReason == .shuttingDown { .stop } else { .bye }
    conclude(Ending(code: nil, reason: reason), afterFlushing: true, at: now)
  }

  /// A fatal error: one ALERT, then the end; never an ALERT in answer to one.
  func fail(_ code: ChatErrorCode, at now: Moment) {
    guard !isClosed else { return }
    // I's first record says that its pin is stored, and so must not be an ALERT before it is.
    if !isStoring, var writer = writer.take() {
      // The keys go with this record, whatever becomes of it.
      try? writer.seal(.alert(.error), appendingTo: &outlet.bytes)
    }
    let reason: LogCloseReason =
      switch code {
      case .timeout, .truncated: .truncated
      case .proto, .policy, .dh, .pake, .auth, .ident, .reflect, .downgrade, .mac, .crc, .ku,
        .limit, .state, .closed, .alert:
        .error
      }
    conclude(Ending(code: code, reason: reason), afterFlushing: true, at: now)
  }

  /// The log cannot be written: nothing more can be promised.
  func logFailed(at now: Moment) {
    switch phase {
    case .over: break
    case .draining(let ending):
      logs.removeAll()
      logHasFailed = true
      phase = .draining(Ending(code: ending.code ?? .state, reason: .error, alert: ending.alert))
      settle()
    case .storing, .awaitingFirstRecord, .confirming, .open:
      logs.removeAll()
      logHasFailed = true
      fail(.state, at: now)
    }
  }

  func linkClosed(at now: Moment) {
    switch phase {
    case .open:
      if peerClose != nil {
        concludeCleanly(at: now)
      } else {
        conclude(Ending(code: .truncated, reason: .truncated), afterFlushing: false, at: now)
      }
    case .storing, .awaitingFirstRecord, .confirming:
      conclude(Ending(code: .closed, reason: .truncated), afterFlushing: false, at: now)
    case .draining, .over: break
    }
  }

  /// Gives the keys and the link up; what was received whole is still logged and shown.
  func conclude(_ ending: Ending, afterFlushing: Bool, at now: Moment) {
    guard !isClosed else { return }
    reader = nil
    writer = nil
    rekey = nil
    phase = .draining(ending)
    outlet.emit(.closeLink(afterFlushing: afterFlushing))
    settle()
  }

  /// Says the last word once every log record that was asked for is answered.
  func settle() {
    guard case .draining(let ending) = phase, logs.isEmpty else { return }
    phase = .over
    guard isAnnounced else {
      outlet.emit(.refused(facts.progress.refusal(ending.code ?? .closed)))
      return
    }
    if !logHasFailed, !facts.summary.isVerification {
      let ticket = logs.append(.nothing)
      outlet.emit(
        .log(.close(why: ending.reason, sent: takenTexts, received: receivedTexts), ticket))
    }
    if facts.summary.isVerification, closeSentAt != nil, let newPin = facts.newPin {
      outlet.emit(.pinHeld(newPin))
    }
    outlet.emit(
      .ended(
        SessionEnd(
          code: ending.code, reason: ending.reason, peerReason: peerClose?.reason,
          alert: ending.alert, sent: sentTexts.count, confirmed: sentTexts.confirmed,
          received: loggedTexts, lastConfirmed: sentTexts.lastConfirmed,
          isTruncated: peerClose == nil)))
  }
}

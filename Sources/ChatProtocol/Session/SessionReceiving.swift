import Wire

extension Session {
  /// A record's frame, whose type and length the gate has checked.
  func received(_ body: Span<UInt8>, at now: Moment) {
    // Taken out, and put back only if the record holds: a state that saw an odd record is gone.
    guard var reader = reader.take() else { return }
    let record: ReceivedRecord
    do {
      record = try reader.open(body)
    } catch {
      fail(error.code, at: now)
      return
    }
    self.reader = consume reader
    clock.heard(at: now)
    attempt(at: now) { () throws(ProtocolFailure) in
      switch phase {
      case .awaitingFirstRecord: try takeFirst(record, at: now)
      case .open: try take(record, at: now)
      case .storing, .confirming, .draining, .over: break
      }
    }
    advanceRekey(at: now)
  }

  /// Acts on a record of an open session.
  func take(_ record: ReceivedRecord, at now: Moment) throws(ProtocolFailure) {
    switch record {
    case .text(let message):
      try requireOrder(mayFollowClose: false)
      try take(message, at: now)
    case .fragment:
      try requireOrder(mayFollowClose: false)
    case .ofGroups(let record):
      try requireOrder(mayFollowClose: false)
      if !facts.summary.isVerification { outlet.emit(.groupRecord(record)) }
    case .other(let body):
      try take(body, at: now)
    }
  }

  private func take(_ body: RecordBody, at now: Moment) throws(ProtocolFailure) {
    switch body {
    case .alert(let code):
      conclude(
        Ending(code: .alert, reason: .error, alert: code), afterFlushing: false, at: now)
    case .synchronisation:
      guard !isSynchronised, peerClose == nil else { throw ProtocolFailure(.proto) }
      isSynchronised = true
      if facts.summary.isVerification {
        closeReason = .verified
        try advanceClosing(at: now)
      }
    case .acknowledgement(let acknowledgement):
      try requireOrder(mayFollowClose: true)
      try take(acknowledgement, at: now)
    case .close(let closing):
      try requireOrder(mayFollowClose: false)
      try take(closing, at: now)
    case .ping(let token):
      try requireOrder(mayFollowClose: false)
      if waitingPongs.count == Limits.waitingPongs { waitingPongs.removeFirst() }
      waitingPongs.append(token)
    case .pong, .ignorable:
      try requireOrder(mayFollowClose: false)
    case .rekey(let message):
      try requireOrder(mayFollowClose: false)
      try take(message, at: now)
    case .text:
      // The reader gives texts whole.
      throw ProtocolFailure(.proto)
    }
  }

  /// SYNC comes first, and after a CLOSE only ACK and ALERT.
  private func requireOrder(mayFollowClose: Bool) throws(ProtocolFailure) {
    guard isSynchronised, mayFollowClose || peerClose == nil else {
      throw ProtocolFailure(.proto)
    }
  }

  /// Logs a whole text; it is shown and acknowledged when its record is synced.
  private func take(_ message: TextMessage, at now: Moment) throws(ProtocolFailure) {
    receivedTexts += 1
    // `verify NAME` holds no conversation: what the other side says is neither logged nor shown, and
    // stays unacknowledged with it.
    guard !facts.summary.isVerification else { return }
    guard
      context.seenMessages.register(contact: facts.peerID, id: message.head.id, text: message.text)
    else { throw ProtocolFailure(.proto) }
    let text = ReceivedText(
      id: message.head.id, ordinal: receivedTexts, sentAt: message.head.sentAt,
      text: message.text, creditBytes: message.text.count + Limits.textOverheadBytes)
    heldBytes += text.creditBytes
    noteText(from: facts.summary.role.other, at: now)
    log(
      .message(
        LoggedMessage(
          direction: .received, ordinal: receivedTexts, identifier: text.id.bytes,
          commitmentKey: message.head.commitmentKey, text: text.text)), .show(text))
  }

  private func take(_ acknowledgement: Acknowledgement, at now: Moment) throws(ProtocolFailure) {
    // The log's form of a record number ends at 2^31 - 1.
    if let position = acknowledgement.position, position.record > UInt64(Int32.max) {
      throw ProtocolFailure(.proto)
    }
    let ids = try sentTexts.confirm(acknowledgement.count)
    guard !ids.isEmpty else { return }
    if let position = acknowledgement.position {
      log(
        .acknowledgement(
          ordinal: acknowledgement.count, peerRecord: UInt32(position.record),
          peerTag: position.tag), .nothing)
    }
    outlet.emit(
      .delivered(
        DeliveryReceipt(
          ids: ids, count: acknowledgement.count, position: acknowledgement.position)))
    try advanceClosing(at: now)
  }

  private func take(_ closing: Closing, at now: Moment) throws(ProtocolFailure) {
    guard closing.sent == receivedTexts, reader?.isInsideText == false,
      closing.received >= sentTexts.confirmed, closing.received <= sentTexts.count
    else { throw ProtocolFailure(.proto) }
    peerClose = closing
    outlet.emit(.peerClosing(closing.reason))
    if closeReason == nil { closeReason = .bye }
    try advanceClosing(at: now)
  }

  /// The next log record that was asked for is synced.
  func logged(_ ticket: LogTicket, _ position: LoggedPosition?, at now: Moment) {
    guard let effect = logs.take(ticket) else { return }
    switch effect {
    case .nothing: break
    case .show(let text): show(text, position)
    case .send(let message):
      waitingBytes -= message.text.count + Limits.textOverheadBytes
      if case .open = phase { send(message, at: now) }
    }
    attempt(at: now) { () throws(ProtocolFailure) in try advanceClosing(at: now) }
    advanceRekey(at: now)
    settle()
  }

  private func show(_ text: ReceivedText, _ position: LoggedPosition?) {
    loggedTexts = text.ordinal
    lastPosition = position
    acknowledgementIsDue = true
    if context.seenMessages.claimShowing(contact: facts.peerID, id: text.id) {
      outlet.emit(.deliver(text))
    } else {
      heldBytes -= text.creditBytes
    }
  }

  /// The user took bytes of texts that were delivered.
  func credit(_ bytes: Int) {
    heldBytes = max(0, heldBytes - max(0, bytes))
  }
}

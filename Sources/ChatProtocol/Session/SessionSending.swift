import Wire

extension Session {
  /// Less than the send window waits for the log and the link, less than the limit for the peer's
  /// acknowledgement, and nothing is being closed.
  var canTakeText: Bool {
    guard case .open = phase, closeReason == nil, !facts.summary.isVerification else {
      return false
    }
    return waitingBytes + outlet.bytes.count < Limits.sendWindowBytes
      && waitingBytes + sentTexts.unconfirmedBytes < Limits.unacknowledgedBytes
      && takenTexts - sentTexts.confirmed < UInt64(Limits.unacknowledgedTexts)
  }

  /// Takes a text of the user: logged first, sent when its record is synced.
  func take(_ text: OutgoingText) {
    guard case .open = phase, closeReason == nil, !facts.summary.isVerification,
      let message = try? TextMessage(
        head: TextHead(id: text.id, sentAt: text.sentAt, commitmentKey: text.commitmentKey),
        text: text.text)
    else {
      outlet.emit(.notSent(text.id))
      return
    }
    takenTexts += 1
    waitingBytes += text.text.count + Limits.textOverheadBytes
    log(
      .message(
        LoggedMessage(
          direction: .sent, ordinal: takenTexts, identifier: text.id.bytes,
          commitmentKey: text.commitmentKey, text: text.text)), .send(message))
  }

  /// Makes what is owed for what was received: one ACK for every text logged since the last, and the
  /// answers to PINGs.
  func flush(at now: Moment) {
    guard case .open = phase else { return }
    if acknowledgementIsDue {
      acknowledgementIsDue = false
      send(
        .acknowledgement(Acknowledgement(count: loggedTexts, position: lastPosition)), at: now)
    }
    let tokens = waitingPongs
    waitingPongs.removeAll(keepingCapacity: true)
    // After its own CLOSE a side sends ACKs and ALERT only.
    guard closeSentAt == nil else { return }
    for token in tokens { send(.pong(token), at: now) }
  }

  func log(_ entry: LogEntry, _ effect: PendingLogs.Effect) {
    let ticket = logs.append(effect)
    outlet.emit(.log(entry, ticket))
  }

  /// Seals a record that is no text.
  func send(_ body: RecordBody, at now: Moment) {
    guard var writer = writer.take() else { return }
    do {
      try writer.seal(body, appendingTo: &outlet.bytes)
      self.writer = consume writer
    } catch {
      fail(.state, at: now)
    }
  }

  /// Sends a record of groups, unless the conversation is ending or more than the send window waits for the link:
  /// whoever needs the answer asks again.
  func take(_ record: GroupRecord, at now: Moment) {
    guard case .open = phase, closeReason == nil, !facts.summary.isVerification,
      outlet.bytes.count < Limits.sendWindowBytes
    else { return }
    guard var writer = writer.take() else { return }
    do {
      try writer.seal(record, appendingTo: &outlet.bytes)
      self.writer = consume writer
    } catch {
      fail(.state, at: now)
    }
  }

  private func sendText(_ message: TextMessage) throws(ProtocolFailure) {
    guard var writer = writer.take() else { return }
    do {
      try writer.seal(message, appendingTo: &outlet.bytes)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
    self.writer = consume writer
  }

  func send(_ message: TextMessage, at now: Moment) {
    attempt(at: now) { () throws(ProtocolFailure) in
      try sendText(message)
      sentTexts.append(message)
      noteText(from: facts.summary.role, at: now)
    }
  }
}

import Cryptography
import Wire

/// Where the rekeys of a session stand.
enum RekeyState: ~Copyable {
  case idle(RekeyRoot)
  /// I: KU1 is sent.
  case awaitingAnswer(RekeyOffer)
  /// R: KU2 is sent, and the sending chain has switched.
  case awaitingFinish(AwaitingRekeyFinish)
}

// Rekeying (PROTOCOL 1.8): I begins and finishes, R answers.
extension Session {
  /// KU1, KU2 or KU3; one from the wrong side, or out of its place, is E_KU.
  func take(_ message: RekeyMessage, at now: Moment) throws(ProtocolFailure) {
    switch (facts.summary.role, message) {
    case (.responder, .begin(let epoch, let ephemeral, let encapsulationKey)):
      // After its own CLOSE a side sends ACKs and ALERT only.
      guard closeSentAt == nil else { return }
      try answer(
        epoch: epoch, ephemeral: ephemeral, encapsulationKey: encapsulationKey, at: now)
    case (.initiator, .answer(let epoch, let ephemeral, let ciphertext, let confirmation)):
      guard case .awaitingAnswer(let offer)? = rekey.take() else { throw ProtocolFailure(.ku) }
      let keys = try offer.accept(
        epoch: epoch, ephemeral: ephemeral, ciphertext: ciphertext, confirmation: confirmation)
      try finish(keys, at: now)
    case (.responder, .finish(let epoch, let confirmation)):
      guard case .awaitingFinish(let awaiting)? = rekey.take() else { throw ProtocolFailure(.ku) }
      let completed = try awaiting.accept(epoch: epoch, confirmation: confirmation)
      reader?.switchEpoch(to: completed.receivingKey)
      rekey = .idle(completed.root)
      complete(epoch, .received, at: now)
    case (.initiator, .begin), (.initiator, .finish), (.responder, .answer):
      throw ProtocolFailure(.ku)
    }
  }

  /// R: KU2, and the switch of the sending chain right after it.
  private func answer(
    epoch: UInt32, ephemeral: [UInt8], encapsulationKey: [UInt8], at now: Moment
  ) throws(ProtocolFailure) {
    guard case .idle(let root)? = rekey.take() else { throw ProtocolFailure(.ku) }
    try rekeyGaps.begin(at: now)
    let reply = try RekeyReply(
      root, epoch: epoch, ephemeral: ephemeral, encapsulationKey: encapsulationKey,
      from: context.entropy, encapsulation: context.encapsulation)
    send(.rekey(reply.message), at: now)
    writer?.switchEpoch(to: reply.sendingKey)
    rekey = .awaitingFinish(reply.awaiting)
  }

  /// I: the switch of the receiving chain, KU3, and the switch of the sending chain right after it.
  private func finish(_ keys: consuming RekeyedKeys, at now: Moment) throws(ProtocolFailure) {
    let message = keys.finish()
    let epoch = keys.root.epoch
    clock.setAwaitingRekey(since: nil)
    reader?.switchEpoch(to: keys.receivingKey)
    // After its own CLOSE nothing is answered: its last ACKs stay in the old chain.
    guard closeSentAt == nil else { return }
    send(.rekey(message), at: now)
    writer?.switchEpoch(to: keys.sendingKey)
    rekey = .idle(keys.root)
    rekeySchedule.completed(records: recordCount, at: now)
    complete(epoch, .sent, at: now)
  }

  private func complete(_ epoch: UInt32, _ direction: StepDirection, at now: Moment) {
    self.epoch = epoch
    if context.reportsSteps { outlet.emit(.step(.rekey(epoch: epoch), direction)) }
    // A run of `verify NAME` keeps no log.
    if !facts.summary.isVerification { log(.rekey(epoch: UInt64(epoch)), .nothing) }
  }

  // MARK: When

  /// A whole text was sent or received.
  func noteText(from speaker: Role, at now: Moment) {
    rekeySchedule.text(from: speaker, records: recordCount, at: now)
  }

  /// Records of both directions.
  private var recordCount: UInt64 { (writer?.sequence ?? 0) + (reader?.sequence ?? 0) }

  /// When `advanceRekey` has something to do, unless something happens before.
  var rekeyDeadline: Moment? {
    guard case .initiator = facts.summary.role else { return nil }
    switch rekey {
    case .idle: return closeReason == nil ? rekeySchedule.starts(records: recordCount) : nil
    case .awaitingAnswer: return closeSentAt == nil ? clock.rekeyEnds : nil
    case .awaitingFinish: return nil
    case nil: return nil
    }
  }

  /// I: begins a rekey whose time has come, and gives up one that stays unanswered.
  func advanceRekey(at now: Moment) {
    guard case .open = phase else { return }
    if let rekeyDeadline, now >= rekeyDeadline {
      if clock.rekeyEnds == nil {
        attempt(at: now) { () throws(ProtocolFailure) in try beginRekey(at: now) }
      } else {
        fail(.ku, at: now)
      }
    } else if closeSentAt == nil, rekeySchedule.isOverdue(sent: writer?.sequence ?? 0) {
      fail(.ku, at: now)
    }
  }

  private func beginRekey(at now: Moment) throws(ProtocolFailure) {
    guard case .idle(let root)? = rekey.take() else { return }
    let offer = try RekeyOffer(root, from: context.entropy)
    send(.rekey(offer.message), at: now)
    rekeySchedule.offered(sent: writer?.sequence ?? 0)
    rekey = .awaitingAnswer(offer)
    clock.setAwaitingRekey(since: now)
  }
}

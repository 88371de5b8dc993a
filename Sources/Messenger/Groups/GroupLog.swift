import ChatProtocol
import Cryptography
import GroupKeys
import LogFiles
import SessionLog
import Transport
import Wire

/// This side's log of a group, from the first text of a run to its close: as a conversation's, the group in the place
/// of the peer (docs/GROUPS.md, "Log").
///
/// What is written is told when the disk has it, in the order in which it was written. It lives on the loop.
final class GroupLog: LogKeeperOwner {
  enum Told {
    case opened(path: String, [SegmentWarning])
    case failed(StorageProblem)
  }

  private let tell: (Told) -> Void
  private var keeper: LogKeeper?
  private var waiting: [LogTicket: (Bool) -> Void] = [:]
  private var tickets: UInt64 = 0
  private var sent: UInt64 = 0
  private var received: UInt64 = 0
  private let stream = MessageStream(entropy: SystemEntropy.shared)
  /// Why nothing is written any more.
  private(set) var problem: StorageProblem?

  /// `tell` is called on the loop.
  init(
    executor: LoopExecutor, threads: BlockingThreads, mode: LogSyncMode, tell: @escaping (Told) -> Void
  ) {
    self.tell = tell
    keeper = LogKeeper(executor: executor, threads: threads, mode: mode, owner: self)
  }

  /// Makes the segment, elsewhere; what is written before waits for it.
  func open(_ facts: SegmentFacts, in directory: LogDirectory, witness: GroupSecret, logKey: LogPublicKey) {
    keeper?.open { () throws(LogFailure) in
      let key: Secret<ChatProtocol.WitnessKey>
      do throws(CryptographyError) {
        let region = try GuardedRegion(byteCount: 64)
        key = try witness.withBytes { (bytes) throws(CryptographyError) in
          try Secret(copying: bytes, in: region)
        }
      } catch {
        throw .cryptography(error)
      }
      return SegmentHolder(
        try SegmentWriter.create(in: directory, facts: facts, witnessKey: key, logKey: logKey, now: .now))
    }
  }

  /// Writes "NAME: text", and calls back when it is synced, or with false when it never will be.
  func write(
    _ direction: LogDirection, _ author: PeerName, _ text: [UInt8], id: MessageID, f: [UInt8],
    then: @escaping (Bool) -> Void
  ) {
    write(direction, Array("\(author.text): ".utf8) + text, id: id, f: f, then: then)
  }

  /// Writes what is no member's text, such as "* carol has joined".
  func write(notice: String, then: @escaping (Bool) -> Void) {
    let made = stream.next(text: Array("* \(notice)".utf8), at: .now)
    write(.received, made.text, id: made.id, f: made.commitmentKey, then: then)
  }

  private func write(
    _ direction: LogDirection, _ text: [UInt8], id: MessageID, f: [UInt8], then: @escaping (Bool) -> Void
  ) {
    guard problem == nil else {
      then(false)
      return
    }
    tickets += 1
    let ordinal: UInt64
    switch direction {
    case .sent:
      sent += 1
      ordinal = sent
    case .received:
      received += 1
      ordinal = received
    }
    let ticket = LogTicket(number: tickets)
    waiting[ticket] = then
    keeper?.append(
      .message(
        LoggedMessage(
          direction: direction, ordinal: ordinal, identifier: id.bytes, commitmentKey: f, text: text)), ticket
    )
  }

  /// Writes the close record, and calls back when the file is let go.
  func close(_ why: LogCloseReason, then: @escaping () -> Void) {
    tickets += 1
    keeper?.append(.close(why: why, sent: sent, received: received), LogTicket(number: tickets))
    keeper?.finish(then)
  }

  func logOpened(path: String, warnings: [SegmentWarning]) { tell(.opened(path: path, warnings)) }

  func logged(_ records: [LoggedRecord]) {
    for record in records { waiting.removeValue(forKey: record.ticket)?(true) }
  }

  func logFailed(_ problem: StorageProblem) {
    self.problem = problem
    let lost = waiting.values
    waiting = [:]
    for tell in lost { tell(false) }
    tell(.failed(problem))
  }
}

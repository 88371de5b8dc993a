package import Cryptography
internal import Places
package import SessionLog
package import Wire

/// Writes one conversation's log: one segment at a time, one `write` a line.
///
/// It belongs to one thread at a time (the session's event loop). `create` and `rotate` block and belong elsewhere;
/// `append` is one write into the page cache; waiting for the disk is `syncHandle`'s, from any thread. Whoever
/// drives it keeps `unsyncedBytes` below `SegmentLimits.unsyncedBytes`, so that a torn tail always fits a line.
/// After a failure nothing is written any more, nothing is cut and nothing repaired: the next segment says what
/// was found.
package final class SegmentWriter {
  /// Where the segment is.
  package private(set) var path: String
  /// What its owner should hear before anything is written.
  package let warnings: [SegmentWarning]
  /// Waits for the disk, from another thread; `rotate` replaces it.
  package private(set) var syncHandle: SegmentSyncHandle

  private let directory: LogDirectory
  private let facts: SegmentFacts
  private let logKey: LogPublicKey
  private let region: GuardedRegion
  private let witnessKey: Secret<WitnessKey>
  private var chain: LogChain
  private var file: OpenFile
  private var size: Int64
  private var hasEnded = false

  /// Opens the next segment of a conversation. It blocks: locks, reads the newest segment, syncs twice.
  ///
  /// - Parameters:
  ///   - witnessKey: K_wit, the handshake's export for the log, 32 bytes; a copy is kept in guarded memory.
  /// - Throws: where the log cannot be written; the conversation must not go on then.
  package static func create<Witness: SecretPurpose>(
    in directory: LogDirectory, facts: SegmentFacts, witnessKey: borrowing Secret<Witness>,
    logKey: LogPublicKey, now: UnixTime, entropy: any EntropySource = SystemEntropy.shared
  ) throws(LogFailure) -> SegmentWriter {
    let region: GuardedRegion
    let kept: Secret<WitnessKey>
    do throws(CryptographyError) {
      region = try GuardedRegion(byteCount: NewSegment.guardedByteCount)
      kept = try Secret(copying: witnessKey, in: region)
    } catch {
      throw .cryptography(error)
    }
    let new = try NewSegment(
      in: directory, facts: facts, witnessKey: kept, logKey: logKey, now: now, entropy: entropy,
      region: region, after: nil)
    return SegmentWriter(new, directory: directory, facts: facts, logKey: logKey, region: region, kept)
  }

  private init(
    _ new: consuming NewSegment, directory: LogDirectory, facts: SegmentFacts, logKey: LogPublicKey,
    region: GuardedRegion, _ witnessKey: consuming Secret<WitnessKey>
  ) {
    self.directory = directory
    self.facts = facts
    self.logKey = logKey
    self.region = region
    self.witnessKey = witnessKey
    path = new.file.path
    warnings = new.warnings
    syncHandle = SegmentSyncHandle(new.file)
    file = new.file
    size = new.size
    chain = new.takeChain()
  }

  /// The header's log id: what `compare` and the next segment know it by.
  package var log: LogIdentifier { chain.header.log }
  package var segment: Int { chain.header.segment }
  /// The last ordinals of the session, in this segment and those before it.
  package var sent: UInt64 { chain.sent }
  package var received: UInt64 { chain.received }
  /// The last record written.
  package var last: LogPosition { chain.last }

  /// Bytes that were written and not yet synced.
  package var unsyncedBytes: Int { Int(size - syncHandle.syncedSize) }

  /// Whether the segment is full; `rotate` opens the next one.
  package var needsRotation: Bool {
    chain.nextRecord >= SegmentLimits.records - 1
      || size >= Int64(SegmentLimits.bytes - SegmentLimits.lineBytes)
  }

  /// Adds one record with one `write`; it is durable after a later `sync`.
  ///
  /// A close record first compares the file's size with what was written. Throws `segmentEnded` after any failure.
  package func append(_ entry: LogEntry, at now: UnixTime) throws(LogFailure) -> LogPosition {
    guard !hasEnded else { throw .segmentEnded }
    if case .close = entry { try requireUnchangedSize() }
    let position: LogPosition
    do throws(LogChainError) {
      position = try chain.append(entry, at: now)
    } catch {
      throw .chain(error)
    }
    try write(chain.line)
    return position
  }

  /// Marks the segment as ended after a failed sync: nothing more is written to it.
  package func end() { hasEnded = true }

  /// Closes this segment and goes on in the next one, same session. It blocks, as `create` does.
  package func rotate(at now: UnixTime, entropy: any EntropySource = SystemEntropy.shared) throws(LogFailure)
  {
    _ = try append(.close(why: .rotate, sent: chain.sent, received: chain.received), at: now)
    try syncHandle.sync()
    hasEnded = true
    let new = try NewSegment(
      in: directory, facts: facts, witnessKey: witnessKey, logKey: logKey, now: now, entropy: entropy,
      region: region, after: (chain.sent, chain.received))
    path = new.file.path
    file = new.file
    size = new.size
    syncHandle = SegmentSyncHandle(new.file)
    chain = new.takeChain()
    hasEnded = false
  }

  /// Lets go of the file and its lock; the keys are wiped with this object.
  ///
  /// A close record is an entry like any other and comes before. What is still unsynced is synced.
  package func close() throws(LogFailure) {
    guard !hasEnded else { return }
    hasEnded = true
    try syncHandle.sync()
    file.unlock()
  }

  private func write(_ line: [UInt8]) throws(LogFailure) {
    do throws(PlaceError) {
      try file.write(line.span)
      size += Int64(line.count)
    } catch {
      hasEnded = true
      throw .place(error)
    }
  }

  private func requireUnchangedSize() throws(LogFailure) {
    let found: Int64
    do throws(PlaceError) {
      found = try file.status().size
    } catch {
      hasEnded = true
      throw .place(error)
    }
    guard found == size else {
      hasEnded = true
      throw .changedOnDisk(path: path, expected: size, found: found)
    }
  }
}

/// What the newest segment told when the next one was opened after it.
package enum SegmentWarning: Hashable, Sendable {
  /// It has no close record: a crash, a power loss, or a cut.
  case endedWithoutClose(name: String)
  /// Bytes of an unfinished record stand at its end.
  case tornTail(name: String, bytes: Int)
  /// It has fewer records than its successor once saw, or another tag there: it was cut or exchanged.
  case rolledBack(name: String, records: Int, witnessed: Int)
  /// A segment number is not there.
  case missing(segment: Int)
}

internal import Cryptography
internal import Places
internal import SessionLog
internal import Wire

/// A segment that was just made: its file with the header in place, its lock, its chain.
struct NewSegment: ~Copyable {
  let file: OpenFile
  let size: Int64
  let warnings: [SegmentWarning]
  private let chain: LogChain

  /// The keys of a chain, of the one after it while both exist, and the roots that are wrapped.
  static let guardedByteCount = 4 * LogChain.guardedByteCount

  /// A checker tests the lock for an instant; a writer that finds it taken tries for this long.
  private static let lockPatience = FileLock.Patience.milliseconds(1000)

  /// Makes the file under a lock on the folder: `.<name>.new` with its header, synced, renamed, folder synced.
  ///
  /// - Parameter ordinals: the last ordinals of the same session in the segment before this one.
  init(
    in directory: LogDirectory, facts: SegmentFacts, witnessKey: borrowing Secret<WitnessKey>,
    logKey: LogPublicKey, now: UnixTime, entropy: any EntropySource, region: GuardedRegion,
    after ordinals: (sent: UInt64, received: UInt64)?
  ) throws(LogFailure) {
    let lock = try Self.lock(directory)
    let before = try LogFailure.atPlace { () throws(PlaceError) in try Predecessor(in: directory) }
    guard let log = LogIdentifier(random: entropy.publicBytes(count: 8), publicKey: logKey.bytes) else {
      throw .cryptography(.wrongLength)
    }
    let header = LogHeader(
      time: "", version: 1, log: log, session: facts.session, segment: before.segment + 1,
      previous: before.previous(sent: ordinals?.sent ?? 0, received: ordinals?.received ?? 0),
      me: facts.me.text, myIdentifier: facts.myIdentifier, peer: facts.peer.text,
      peerIdentifier: facts.peerIdentifier, witness: .off, text: facts.text, segmentKey: nil,
      deviceRecord: nil, deviceProof: nil, wrappedKeys: [])
    let chain = try Self.start(
      header, witnessKey: witnessKey, logKey: logKey, now: now, entropy: entropy, region: region)
    let line = chain.line
    let file = try LogFailure.atPlace { () throws(PlaceError) in
      let name = try directory.newName(log, at: now)
      return try AtomicFile.createNew(directory.path + "/" + name, with: line.span)
    }
    try Self.lock(file)
    self.file = file
    size = Int64(line.count)
    warnings = before.warnings
    self.chain = chain
    withExtendedLifetime(lock) {}
  }

  private static func start(
    _ header: LogHeader, witnessKey: borrowing Secret<WitnessKey>, logKey: LogPublicKey, now: UnixTime,
    entropy: any EntropySource, region: GuardedRegion
  ) throws(LogFailure) -> LogChain {
    let root = try LogFailure.inLibrary { () throws(CryptographyError) in
      try Secret<ChainRoot>.random(in: region, from: entropy)
    }
    do throws(LogChainError) {
      return try LogChain(header: header, at: now, root: root, in: region) {
        (bound) throws(CryptographyError) in
        try LogKeyWrapping.seal(root, witnessKey, to: logKey.bytes, boundTo: bound, in: region)
      }
    } catch {
      throw .chain(error)
    }
  }

  /// One segment of a conversation is made at a time.
  private static func lock(_ directory: LogDirectory) throws(LogFailure) -> FileLock {
    do throws(PlaceError) {
      try Folder.create(directory.path)
      return try FileLock(folder: directory.path, patience: .milliseconds(10_000))
    } catch {
      throw error.fault == .inUse ? .inUse(path: error.path) : .place(error)
    }
  }

  private static func lock(_ file: OpenFile) throws(LogFailure) {
    do throws(PlaceError) {
      try FileLock.take(file, .exclusive, lockPatience)
    } catch {
      throw error.fault == .inUse ? .inUse(path: error.path) : .place(error)
    }
  }

  consuming func takeChain() -> LogChain { chain }
}

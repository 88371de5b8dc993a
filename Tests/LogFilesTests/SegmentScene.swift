import Cryptography
import Foundation
import LogFiles
import Places
import SessionLog
import TestSupport
import Wire

/// A home with one profile's log key, a folder of logs, and a conversation in it.
final class SegmentScene {
  let folder: TemporaryFolder
  let facts: SegmentFacts
  let logKey: LogPublicKey
  let directory: LogDirectory
  let keyPath: String
  private let region: GuardedRegion
  private let witness: Secret<WitnessKey>
  private var second = 0

  init(text: LogTextMode = .sealed) throws {
    folder = try TemporaryFolder()
    let profile = try Profile(
      ikDH: [UInt8](repeating: 1, count: 32), ikSig: [UInt8](repeating: 2, count: 32),
      name: PeerName("alice"),
      signature: [UInt8](repeating: 3, count: 64))
    let home = HomePath(folder.file("home")).profile("alice")
    logKey = try LogKeyFile.make(for: profile, at: home)
    keyPath = home.logPrivateKey
    facts = SegmentFacts(
      me: try PeerName("alice"), myIdentifier: logKey.profileIdentifier, peer: try PeerName("bob"),
      peerIdentifier: [UInt8](repeating: 7, count: 32), session: [UInt8](repeating: 8, count: 32), text: text)
    directory = LogDirectory(LogsPath(folder.file("logs")), facts: facts)
    region = try GuardedRegion(byteCount: 4096)
    witness = try Secret(in: region)
  }

  var home: HomePath { HomePath(folder.file("home")) }

  func now() -> UnixTime {
    second += 1
    return UnixTime(milliseconds: 1_763_640_000_000 + UInt64(second) * 1000)
  }

  func writer(at time: UnixTime? = nil) throws -> SegmentWriter {
    try SegmentWriter.create(
      in: directory, facts: facts, witnessKey: witness, logKey: logKey, now: time ?? now())
  }

  static func message(_ direction: LogDirection, _ ordinal: UInt64, _ text: String) -> LogEntry {
    .message(
      LoggedMessage(
        direction: direction, ordinal: ordinal, identifier: [UInt8](repeating: 1, count: 16),
        commitmentKey: [UInt8](repeating: 2, count: 32), text: Array(text.utf8)))
  }

  /// A closed segment with `messages` texts; returns its path.
  @discardableResult
  func closedSegment(messages: Int = 6) throws -> String {
    let writer = try writer()
    for number in 0..<messages {
      _ = try writer.append(Self.message(.sent, UInt64(number + 1), "text \(number)"), at: now())
    }
    _ = try writer.append(.close(why: .bye, sent: UInt64(messages), received: 0), at: now())
    try writer.close()
    return writer.path
  }

  func opening(of path: String) throws -> LogOpening {
    let all = try bytes(path)
    return try LogOpening(beginning: all.span, fileSize: all.count)
  }

  /// Writes a second segment by hand, which says of the first what it is told to say.
  func segment(after first: LogOpening, record: Int, tag: [UInt8]) throws {
    var header = first.header
    guard let log = LogIdentifier(random: [UInt8](repeating: 4, count: 8), publicKey: logKey.bytes) else {
      throw SceneError()
    }
    header.previous = PreviousSegment(
      log: header.log, record: record, tag: tag, torn: 0, tornHash: nil, sent: 0, received: 0)
    header.log = log
    header.segment = 2
    let root = try Secret<ChainRoot>(in: region)
    let key = logKey.bytes
    var chain = try LogChain(header: header, at: now(), root: root, in: region) {
      (bound) throws(CryptographyError) in
      try LogKeyWrapping.seal(root, witness, to: key, boundTo: bound, in: region)
    }
    var written = chain.line
    _ = try chain.append(.close(why: .bye, sent: 0, received: 0), at: now())
    written += chain.line
    let path = directory.path + "/20990101T000000Z-" + log.shortHex + ".sclog"
    try Data(written).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }

  func checker(texts: Bool = false) -> LogChecker {
    LogChecker(LogKeyring(.file(keyPath)) { _, _, _ in nil }, texts: texts)
  }

  func check(_ path: String, texts: Bool = false) throws -> CheckedFile {
    let found = try checker(texts: texts).check(path)
    guard let first = found.first, found.count == 1 else { throw SceneError() }
    return first
  }
}

struct SceneError: Error {}

/// A file's bytes, and the same changed.
func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

func replace(_ path: String, with bytes: [UInt8]) throws {
  let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  try handle.truncate(atOffset: 0)
  try handle.write(contentsOf: Data(bytes))
  try handle.close()
}

/// The lines of a log, each with its newline.
func lines(_ bytes: [UInt8]) -> [[UInt8]] {
  bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map { Array($0) + [0x0A] }
}

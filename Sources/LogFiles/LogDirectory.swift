internal import Cryptography
package import Places
package import SessionLog
package import Wire

/// The segments of one conversation: their names, their order, and what the newest one looks like.
package struct LogDirectory: Sendable {
  package static let fileEnding = ".sclog"

  /// `<logs>/<me>/<peer>-<first 8 hex of the peer's profile id>`.
  package let path: String
  private let me: String
  private let peer: String
  private let peerIdentifier: [UInt8]

  package init(_ logs: LogsPath, facts: SegmentFacts) {
    path = logs.conversation(
      of: facts.me.text, with: facts.peer.text, profileIDHex: Hex.encode(facts.peerIdentifier))
    me = facts.me.text
    peer = facts.peer.text
    peerIdentifier = facts.peerIdentifier
  }

  /// A segment of this conversation as it stands on the disk.
  package struct Segment: Sendable {
    package var name: String
    package var header: LogHeader
  }

  /// What a new segment must say of the one before it, and what its owner should hear.
  package struct Ending: Sendable {
    package var name: String
    package var segment: Int
    package var record: Int
    package var tag: [UInt8]
    package var torn: Int
    package var tornHash: [UInt8]?
    package var isClosed: Bool
    package var isBeingWritten: Bool
  }

  /// The segments whose headers belong to this conversation, in the order of their numbers.
  ///
  /// Files of other names, and those whose header belongs elsewhere or cannot be read, are left out: they never
  /// influence a conversation.
  package func segments() throws(PlaceError) -> [Segment] {
    var found: [Segment] = []
    for entry in try Folder.entries(path)
    where entry.kind == .regular && entry.name.hasSuffix(Self.fileEnding) && !entry.name.hasPrefix(".") {
      guard let file = try? OpenFile.forReading(path + "/" + entry.name), let opening = try? file.opening(),
        opening.header.me == me, opening.header.peer == peer,
        opening.header.peerIdentifier == peerIdentifier
      else { continue }
      found.append(Segment(name: entry.name, header: opening.header))
    }
    return found.sorted { ($0.header.segment, $0.name) < ($1.header.segment, $1.name) }
  }

  /// How a segment ends, after its bytes have been synced.
  package func ending(of segment: Segment) throws(PlaceError) -> Ending {
    let file = try OpenFile.forReading(path + "/" + segment.name)
    // A writer holds the file exclusively; asking for a share of the lock does not disturb it.
    let isBeingWritten = try !file.tryLock(.shared)
    file.unlock()
    try file.synchronizeContents()
    let end = try SegmentEnd(file)
    return Ending(
      name: segment.name, segment: segment.header.segment, record: end.record, tag: end.tag,
      torn: isBeingWritten ? 0 : end.torn, tornHash: isBeingWritten ? nil : end.tornHash,
      isClosed: end.isClosed, isBeingWritten: isBeingWritten)
  }

  /// The name of a new segment: later than every name in the folder, so that names sort in writing order.
  package func newName(_ log: LogIdentifier, at now: UnixTime) throws(PlaceError) -> String {
    let names = try Folder.entries(path).map(\.name).filter { $0.hasSuffix(Self.fileEnding) }
    let newest = names.compactMap { Self.time(of: $0) }.max()
    let second = UnixTime(milliseconds: now.milliseconds / 1000 * 1000)
    let chosen = newest.map { max(second, UnixTime(milliseconds: $0.milliseconds + 1000)) } ?? second
    return chosen.compact + "-" + log.shortHex + Self.fileEnding
  }

  /// The time in a name `YYYYMMDDTHHMMSSZ-xxxxxxxx.sclog`.
  private static func time(of name: String) -> UnixTime? {
    let parts = Array(name.utf8)
    guard parts.count == 31, parts[8] == 0x54, parts[15] == 0x5A, parts[16] == 0x2D else { return nil }
    func text(_ range: Range<Int>) -> String { String(decoding: parts[range], as: UTF8.self) }
    return UnixTime(
      rfc3339:
        "\(text(0..<4))-\(text(4..<6))-\(text(6..<8))T\(text(9..<11)):\(text(11..<13)):\(text(13..<15)).000Z"
    )
  }
}

extension OpenFile {
  /// The first line of this file, if it is a log's.
  ///
  /// - Parameter size: how much of the file counts; its size now if nil.
  func opening(size limit: Int? = nil) throws(LogOpeningFailure) -> LogOpening {
    let size: Int
    var beginning = [UInt8](repeating: 0, count: 8192)
    do throws(PlaceError) {
      if let limit { size = limit } else { size = Int(try status().size) }
      beginning.removeLast(max(0, beginning.count - size))
      try readBeginning(into: &beginning)
      if !beginning.contains(0x0A), size > beginning.count {
        // A header is far below 8 KiB; only a hostile one takes the whole limit.
        beginning = [UInt8](repeating: 0, count: min(size, SegmentLimits.lineBytes))
        try readBeginning(into: &beginning)
      }
    } catch {
      throw .place(error)
    }
    do throws(LogRefusal) {
      return try LogOpening(beginning: beginning.span, fileSize: size)
    } catch {
      throw .refused(error.finding)
    }
  }

  private func readBeginning(into beginning: inout [UInt8]) throws(PlaceError) {
    var span = beginning.mutableSpan
    let count = try read(at: 0, into: &span)
    beginning.removeLast(beginning.count - count)
  }
}

/// Why a file's first line could not be had.
enum LogOpeningFailure: Error {
  case place(PlaceError)
  case refused(Finding)
}

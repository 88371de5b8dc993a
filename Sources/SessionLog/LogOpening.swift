package import Cryptography
internal import Wire

/// R0 | K_wit as the log key opens them.
enum WrappedKeys: SecretPurpose {
  static var byteCount: Int { 64 }
}

/// The first line of a file, judged before any key is at hand.
package struct LogOpening: Sendable {
  package let header: LogHeader
  package let layout: HeaderLayout
  /// The line without its newline.
  package let line: [UInt8]

  /// Reads the beginning of a file: its first 1 MiB, or all of it if it is shorter.
  ///
  /// Throws the report where the file is no log that can be checked (docs/LOG_FORMAT.md, "Checking", 1 and 2).
  package init(beginning: Span<UInt8>, fileSize: Int) throws(LogRefusal) {
    guard fileSize > 0, beginning.count > 0 else { throw LogRefusal(Finding(.nothing)) }
    var newline = 0
    while newline < beginning.count, beginning[newline] != 0x0A { newline += 1 }
    guard newline < beginning.count, newline < SegmentLimits.lineBytes else {
      if fileSize >= SegmentLimits.lineBytes {
        throw LogRefusal(Finding(.tooLong, record: 0, line: 1, offset: 0))
      }
      if Tail.begins(beginning, record: 0) { throw LogRefusal(Finding(.torn, torn: fileSize)) }
      throw LogRefusal(Finding(.format, record: 0, line: 1, offset: 0))
    }
    let line = beginning.extracting(0..<newline)
    switch HeaderLine.read(line) {
    case .header(let header, let layout):
      self.header = header
      self.layout = layout
      self.line = [UInt8](copying: line)
    case .laterVersion: throw LogRefusal(Finding(.version))
    case .noHeader: throw LogRefusal(Finding(.format, record: 0, line: 1, offset: 0))
    }
  }

  /// Whether a log key belongs to this log: its profile's id is `mek`, or its public key gives the log id.
  package func fits(publicKey: [UInt8], profileIdentifier: [UInt8]) -> Bool {
    header.myIdentifier == profileIdentifier
      || header.log
        == LogIdentifier(
          random: Array(header.log.bytes.prefix(8)), publicKey: publicKey)
  }

  /// Opens the chain's root with the log key.
  ///
  /// Throws `notAuthentic` where the header was changed, or is not of this version (4 of "Checking").
  package func unlock(
    with key: borrowing Secret<LogSecretKey>, in region: GuardedRegion
  ) throws(CryptographyError) -> Secret<ChainRoot> {
    guard header.version == 1 else { throw .notAuthentic }
    let root = try LogKeyWrapping.open(
      header.wrappedKeys, boundTo: line.span.extracting(0..<layout.boundCount), with: key, in: region)
    var keys = try ChainKeys(root: root, header: line.span.extracting(0..<layout.coveredCount), in: region)
    var leaf = [UInt8].digest
    LeafHash.compute(line.span.extracting(0..<layout.coveredCount), into: &leaf)
    var expected = [UInt8].digest
    keys.prepareTagKey()
    keys.tag(of: leaf, after: .digest, into: &expected)
    try ConstantTime.requireEqual(expected.span, tag.span)
    return root
  }

  /// The stored tag of record 0.
  var tag: [UInt8] { HeaderLine.digest(line.span, layout.tagStart) }
}

/// A file that cannot be checked, or is damaged from its first line on.
package struct LogRefusal: Error, Sendable {
  package let finding: Finding

  init(_ finding: Finding) { self.finding = finding }
}

/// The bytes after the last newline.
enum Tail {
  private static let middle = Array(#","t":""#.utf8)

  /// Whether a tail begins as record `number` does, as far as it goes: a line that a crash cut.
  static func begins(_ tail: Span<UInt8>, record number: Int) -> Bool {
    let expected = Array(#"{"n":"#.utf8) + Array(String(number).utf8) + middle
    for index in 0..<min(tail.count, expected.count) where tail[index] != expected[index] { return false }
    return true
  }
}

extension LogIdentifier {
  /// r | first 8 bytes of SHA-256("secure_chat-log/1 id" | log public key | r), with r of 8 bytes.
  package init?(random: [UInt8], publicKey: [UInt8]) {
    guard random.count == 8 else { return nil }
    let input = Array("secure_chat-log/1 id".utf8) + publicKey + random
    self.init(bytes: random + SHA256Hash.hash(input.span).prefix(8))
  }
}

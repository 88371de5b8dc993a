internal import Cryptography
internal import LogFiles
internal import Places

/// A small text file of the home: a line `KIND 1`, lines `key value`, and a last line `check` with the
/// SHA-256 of all before it, so that damage is found and never taken for content.
///
/// Its bytes stay in guarded memory, since most of these files hold a secret; secret values are lower-case
/// hex, read and written without a branch or a table look-up on their digits.
struct HomeText: ~Copyable {
  private struct Line {
    let key: String
    let value: Range<Int>
  }

  private let path: String
  private let bytes: SecretBuffer
  private let lines: [Line]

  /// Reads a private file of at most `limit` bytes; nil where there is none.
  ///
  /// Throws `.damaged` for anything but a whole file of this kind, `.openToOthers` for one that others can
  /// read, `.laterVersion` for one of another number.
  static func read(_ path: String, kind: String, limit: Int) throws(HomeFailure) -> HomeText? {
    let file: OpenFile
    do throws(PlaceError) {
      file = try PrivateFile.open(path)
    } catch {
      if error.fault == .notFound { return nil }
      throw HomeFailure(error)
    }
    return try HomeText(reading: file, path: path, kind: kind, limit: limit)
  }

  private init(reading file: OpenFile, path: String, kind: String, limit: Int) throws(HomeFailure) {
    let bytes = try HomeText.contents(of: file, limit: limit)
    let lines = try bytes.withBytes { (bytes) throws(HomeFailure) in
      try HomeText.lines(of: bytes, kind: kind, path: path)
    }
    self.path = path
    self.lines = lines
    self.bytes = bytes
  }

  private static func contents(of file: OpenFile, limit: Int) throws(HomeFailure) -> SecretBuffer {
    do throws(GuardedContents.Failure) {
      return try GuardedContents.read(file, limit: limit)
    } catch {
      switch error {
      case .place(let error): throw HomeFailure(error)
      case .memory: throw .memory
      }
    }
  }

  private static func lines(of bytes: Span<UInt8>, kind: String, path: String) throws(HomeFailure) -> [Line] {
    var ranges: [Range<Int>] = []
    var start = 0
    for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
      ranges.append(start..<index)
      start = index + 1
    }
    guard start == bytes.count, ranges.count >= 2, let last = ranges.popLast() else {
      throw .damaged(path: path)
    }
    let checked = SHA256Hash.hash(bytes.extracting(..<last.lowerBound))
    guard bytes.array(last) == Array("check ".utf8) + SecretHex.encode(checked) else {
      throw .damaged(path: path)
    }
    let head = ranges.removeFirst()
    guard bytes.array(head) == Array("\(kind) 1".utf8) else {
      // The check holds, so this is no damage: a file of a later version, if it is of this kind at all.
      let isKind = bytes.array(head).starts(with: Array("\(kind) ".utf8))
      throw isKind ? .laterVersion(path: path) : .damaged(path: path)
    }
    var lines: [Line] = []
    for range in ranges {
      guard let space = range.first(where: { bytes[$0] == UInt8(ascii: " ") }) else {
        throw .damaged(path: path)
      }
      let key = String(decoding: bytes.array(range.lowerBound..<space), as: UTF8.self)
      lines.append(Line(key: key, value: space + 1..<range.upperBound))
    }
    return lines
  }

  /// The keys of the lines, in the file's order.
  var keys: [String] { lines.map(\.key) }

  /// How many lines there are between the first and the check.
  var count: Int { lines.count }

  /// Throws `.damaged` where the lines have not exactly these keys in this order.
  func require(keys: [String]) throws(HomeFailure) {
    guard self.keys == keys else { throw .damaged(path: path) }
  }

  /// A value that is not secret.
  func text(_ line: Int) -> String {
    let range = lines[line].value
    return bytes.withBytes { bytes in String(decoding: bytes.array(range), as: UTF8.self) }
  }

  /// What a conversion makes of a value that is not secret; `.damaged` where it makes nothing.
  func value<T>(_ line: Int, _ convert: (String) -> T?) throws(HomeFailure) -> T {
    guard let value = convert(text(line)) else { throw .damaged(path: path) }
    return value
  }

  /// Throws `.damaged` where a secret value has not this many bytes.
  func requireSecret(_ line: Int, byteCount: Int) throws(HomeFailure) {
    guard lines[line].value.count == 2 * byteCount else { throw .damaged(path: path) }
  }

  /// A secret of a line's value, from the byte `offset` of it on, straight into its slot.
  func secret<Purpose: SecretPurpose>(
    _ line: Int, offset: Int = 0, in region: GuardedRegion
  ) throws(HomeFailure) -> Secret<Purpose> {
    let range = lines[line].value
    let first = range.lowerBound + 2 * offset
    guard first + 2 * Purpose.byteCount <= range.upperBound else { throw .damaged(path: path) }
    var isHex = true
    let secret: Secret<Purpose>
    do throws(CryptographyError) {
      secret = try Secret<Purpose>(in: region) { (output) throws(CryptographyError) in
        isHex = bytes.withBytes { bytes in SecretHex.decode(bytes, from: first, into: &output) }
      }
    } catch {
      throw HomeFailure(error)
    }
    guard isHex else { throw .damaged(path: path) }
    return secret
  }

  /// The check of the last line: the SHA-256 of all before it, in hex. It names this very content.
  var check: String {
    bytes.withBytes { bytes in
      // "check ", 64 digits and a newline end the file.
      String(decoding: bytes.array(bytes.count - 65..<bytes.count - 1), as: UTF8.self)
    }
  }

  /// Opens a value that is locked with a passphrase, `<t> <KiB> <salt> <box>`. It takes half a second or so.
  ///
  /// Throws `.wrongPassphrase` where the passphrase is another.
  func unlocked<Purpose: SecretPurpose>(
    _ line: Int, with passphrase: Passphrase, in region: GuardedRegion
  ) throws(HomeFailure) -> Secret<Purpose> {
    let range = lines[line].value
    let box = bytes.withBytes { bytes in
      PassphraseBox(bytes, at: range.lowerBound, secretByteCount: Purpose.byteCount)
    }
    guard let box, box.end == range.upperBound else { throw .damaged(path: path) }
    do throws(CryptographyError) {
      return try bytes.withBytes { (bytes) throws(CryptographyError) in
        try Secret<Purpose>(in: region) { (output) throws(CryptographyError) in
          try box.open(with: passphrase, in: bytes, into: &output)
        }
      }
    } catch .notAuthentic {
      throw .wrongPassphrase(path: path)
    } catch {
      throw HomeFailure(error)
    }
  }

  var damaged: HomeFailure { .damaged(path: path) }
}

/// Writes what `HomeText` reads, in guarded memory, and puts it in the place of the old file as a whole.
struct HomeTextWriter: ~Copyable {
  private var bytes: SecretBuffer

  init(kind: String, capacity: Int) throws(HomeFailure) {
    var bytes = try HomeFailure.ofMemory { () throws(CryptographyError) in
      try SecretBuffer(capacity: capacity)
    }
    try HomeTextWriter.append("\(kind) 1\n", to: &bytes)
    self.bytes = bytes
  }

  mutating func line(_ key: String, _ value: String) throws(HomeFailure) {
    try append("\(key) \(value)\n")
  }

  /// Begins a line whose value is the hex of secrets: `secret` adds each, `endSecretLine` ends it.
  mutating func beginSecretLine(_ key: String) throws(HomeFailure) {
    try append("\(key) ")
  }

  mutating func endSecretLine() throws(HomeFailure) {
    try append("\n")
  }

  mutating func secret<Purpose: SecretPurpose>(_ secret: borrowing Secret<Purpose>) throws(HomeFailure) {
    do throws(CryptographyError) {
      try bytes.appendBytes { (rest) throws(CryptographyError) in
        guard rest.count >= 2 * Purpose.byteCount else { throw .wrongLength }
        secret.withBytes { SecretHex.encode($0, into: &rest) }
        return 2 * Purpose.byteCount
      }
    } catch {
      throw HomeFailure(error)
    }
  }

  /// Adds a line whose value is a secret under a passphrase. It takes a second or so.
  mutating func lockedLine<Purpose: SecretPurpose>(
    _ key: String, _ secret: borrowing Secret<Purpose>, under passphrase: Passphrase,
    effort: PassphraseEffort, entropy: any EntropySource
  ) throws(HomeFailure) {
    try append("\(key) ")
    do throws(CryptographyError) {
      try secret.withBytes { (secret) throws(CryptographyError) in
        try PassphraseBox.append(secret, under: passphrase, to: &bytes, effort: effort, entropy: entropy)
      }
    } catch {
      throw HomeFailure(error)
    }
    try append("\n")
  }

  /// Adds the check, after which nothing may follow, and returns it.
  mutating func finish() throws(HomeFailure) -> String {
    let check = String(decoding: SecretHex.encode(bytes.withBytes { SHA256Hash.hash($0) }), as: UTF8.self)
    try append("check " + check + "\n")
    return check
  }

  /// Replaces the file durably by what was finished: written beside, synced, renamed, folder synced.
  func write(to path: String) throws(HomeFailure) {
    try bytes.withBytes { (bytes) throws(HomeFailure) in
      do throws(PlaceError) {
        try AtomicFile.replace(path, with: bytes)
      } catch {
        throw HomeFailure(error)
      }
    }
  }

  /// Adds the check and replaces the file durably.
  consuming func replace(_ path: String) throws(HomeFailure) {
    _ = try finish()
    try write(to: path)
  }

  private mutating func append(_ text: String) throws(HomeFailure) {
    try HomeTextWriter.append(text, to: &bytes)
  }

  private static func append(_ text: String, to bytes: inout SecretBuffer) throws(HomeFailure) {
    let text = Array(text.utf8)
    do throws(CryptographyError) {
      try bytes.append(text.span)
    } catch {
      throw HomeFailure(error)
    }
  }
}

/// Lower-case hex without a branch or a table look-up that depends on the digits.
enum SecretHex {
  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: 2 * bytes.count)
    var span = output.mutableSpan
    encode(bytes.span, into: &span)
    return output
  }

  /// Writes two digits a byte at the front of `output`, which has room for them.
  static func encode(_ bytes: Span<UInt8>, into output: inout MutableSpan<UInt8>) {
    for index in bytes.indices {
      output[2 * index] = digit(bytes[index] >> 4)
      output[2 * index + 1] = digit(bytes[index] & 15)
    }
  }

  /// Fills `output` from the digits at `start`; false where one is no lower-case hex digit.
  static func decode(_ digits: Span<UInt8>, from start: Int, into output: inout MutableSpan<UInt8>) -> Bool {
    var bad: UInt16 = 0
    for index in output.indices {
      let high = value(digits[start + 2 * index])
      let low = value(digits[start + 2 * index + 1])
      bad |= high | low
      output[index] = UInt8(truncatingIfNeeded: high << 4 | low & 15)
    }
    return bad & 0x100 == 0
  }

  /// "0" for 0 to "f" for 15: 39 lies between the character after "9" and "a".
  private static func digit(_ nibble: UInt8) -> UInt8 {
    let isLetter = UInt8(truncatingIfNeeded: (9 &- Int16(nibble)) >> 8)
    return 48 &+ nibble &+ (39 & isLetter)
  }

  /// The digit's value, or 0x100 where it is none.
  private static func value(_ digit: UInt8) -> UInt16 {
    let code = Int16(digit)
    // All ones where the code lies in the range, zeros elsewhere.
    let isNumber = ~((code &- 48) >> 15) & ~((57 &- code) >> 15)
    let isLetter = ~((code &- 97) >> 15) & ~((102 &- code) >> 15)
    let value = (code &- 48) & isNumber | (code &- 87) & isLetter
    return UInt16(bitPattern: value | 0x100 & ~(isNumber | isLetter))
  }
}

extension Span<UInt8> {
  /// A copy of bytes that are not secret.
  func array(_ range: Range<Int>) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(range.count)
    for index in range { output.append(self[index]) }
    return output
  }
}

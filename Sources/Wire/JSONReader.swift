/// Why bytes are not the JSON that is asked for, and where.
package struct JSONError: Error, Hashable, Sendable {
  package enum Problem: Hashable, Sendable {
    case tooLarge(limit: Int)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)
    case unexpectedEnd
    /// A byte that cannot stand here.
    case unexpectedByte(UInt8)
    case invalidUTF8
    case byteOrderMark
    case controlInString
    case wrongEscape
    /// Half a surrogate pair.
    case loneSurrogate
    case wrongNumber
    case numberTooLong(limit: Int)
    case duplicateKey
    /// Something after the value.
    case trailingBytes
  }

  package let problem: Problem
  package let position: JSONPosition
  /// The key whose value is wrong, or which stands twice; nil outside of any member.
  package let key: String?

  package init(problem: Problem, position: JSONPosition, key: String?) {
    self.problem = problem
    self.position = position
    self.key = key
  }
}

/// Bounds that a text is held to while it is read.
package struct JSONLimits: Hashable, Sendable {
  package var byteCount: Int
  package var depth: Int
  package var valueCount: Int
  package var numberByteCount: Int

  /// 1 MiB, 16 levels, 65,536 values, numbers of 32 bytes.
  package static let standard = JSONLimits(
    byteCount: 1 << 20, depth: 16, valueCount: 65_536, numberByteCount: 32)

  package init(byteCount: Int, depth: Int, valueCount: Int, numberByteCount: Int) {
    self.byteCount = byteCount
    self.depth = depth
    self.valueCount = valueCount
    self.numberByteCount = numberByteCount
  }
}

/// A strict reader of JSON (RFC 8259) over bytes.
///
/// Strings are proven well-formed but not decoded, so that a password never becomes a `String`: whoever
/// wants one has it decoded into a buffer of its own.
package struct JSONReader: Sendable {
  package let root: JSONValue

  /// Reads one whole value; refuses duplicate keys, invalid UTF-8, and everything that RFC 8259 does not allow.
  package init(parsing bytes: Span<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
    var cursor = JSONCursor(limits: limits)
    root = try cursor.readWhole(bytes)
  }

  /// Decodes `text` of `bytes` (the same ones that were read) to the front of `buffer`, which has room for
  /// `text.decodedByteCount` bytes; returns how many were written.
  package static func decode(
    _ text: JSONText, of bytes: Span<UInt8>, into buffer: inout MutableSpan<UInt8>
  ) -> Int {
    var written = 0
    JSONEscapes.decode(bytes.extracting(text.range)) { byte in
      guard written < buffer.count else { return }
      buffer[written] = byte
      written += 1
    }
    return written
  }

  /// Decodes `text` of `bytes` (the same ones that were read); for strings that are no secret.
  package static func string(_ text: JSONText, of bytes: Span<UInt8>) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.decodedByteCount)
    JSONEscapes.decode(bytes.extracting(text.range)) { decoded.append($0) }
    return String(decoding: decoded, as: UTF8.self)
  }
}

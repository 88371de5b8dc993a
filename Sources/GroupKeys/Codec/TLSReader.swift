internal import Wire

/// Reads the presentation language of TLS with the variable lengths of RFC 9420, 2.1.
///
/// A reader is a window on bytes that it shares: nested vectors are read in place, and only what is kept is copied.
package struct TLSReader: Sendable {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  /// Reads all of `bytes`.
  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = 0
    end = bytes.count
  }

  /// Reads a copy of `bytes`, which must be public.
  init(copying bytes: Span<UInt8>) { self.init([UInt8](copying: bytes)) }

  private init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  package var isAtEnd: Bool { position == end }
  /// Bytes not read yet.
  package var remaining: Int { end - position }

  /// Throws unless everything was read.
  package func finish() throws(GroupError) {
    guard isAtEnd else { throw .malformed(.trailingBytes) }
  }

  package mutating func uint8() throws(GroupError) -> UInt8 {
    guard position < end else { throw .malformed(.truncated) }
    defer { position += 1 }
    return bytes[position]
  }

  package mutating func uint16() throws(GroupError) -> UInt16 {
    UInt16(truncatingIfNeeded: try integer(2))
  }

  package mutating func uint32() throws(GroupError) -> UInt32 {
    UInt32(truncatingIfNeeded: try integer(4))
  }

  package mutating func uint64() throws(GroupError) -> UInt64 {
    try integer(8)
  }

  private mutating func integer(_ count: Int) throws(GroupError) -> UInt64 {
    guard remaining >= count else { throw .malformed(.truncated) }
    var value: UInt64 = 0
    for index in position..<(position + count) { value = value << 8 | UInt64(bytes[index]) }
    position += count
    return value
  }

  /// A length of 1, 2 or 4 bytes, in its shortest form.
  package mutating func length() throws(GroupError) -> Int {
    guard position < end else { throw .malformed(.truncated) }
    let prefix = bytes[position] >> 6
    guard prefix < 3 else { throw .malformed(.wrongLengthPrefix) }
    let count = 1 << Int(prefix)
    let value = Int(try integer(count)) & ((1 << (8 * count - 2)) - 1)
    guard prefix == 0 || value >= (prefix == 1 ? 1 << 6 : 1 << 14) else {
      throw .malformed(.wrongLengthPrefix)
    }
    return value
  }

  /// `opaque value<V>`.
  package mutating func opaque() throws(GroupError) -> [UInt8] {
    Array(bytes[try range()])
  }

  /// `count` bytes without a length before them.
  package mutating func fixed(_ count: Int) throws(GroupError) -> [UInt8] {
    guard count >= 0, remaining >= count else { throw .malformed(.truncated) }
    defer { position += count }
    return Array(bytes[position..<(position + count)])
  }

  /// Everything that was not read yet.
  package mutating func rest() -> [UInt8] {
    defer { position = end }
    return Array(bytes[position..<end])
  }

  /// The inside of a vector, to be read to its end.
  package mutating func nested() throws(GroupError) -> TLSReader {
    TLSReader(bytes, try range())
  }

  private mutating func range() throws(GroupError) -> Range<Int> {
    let count = try length()
    guard remaining >= count else { throw .malformed(.truncated) }
    defer { position += count }
    return position..<(position + count)
  }

  /// `Element elements<V>`.
  package mutating func vector<Element: TLSCodable>(
    of _: Element.Type = Element.self
  ) throws(GroupError) -> [Element] {
    var inside = try nested()
    var elements: [Element] = []
    while !inside.isAtEnd { elements.append(try Element(from: &inside)) }
    return elements
  }

  /// `optional<Value>`.
  package mutating func optional<Value: TLSCodable>(
    _: Value.Type = Value.self
  ) throws(GroupError) -> Value? {
    switch try uint8() {
    case 0: return nil
    case 1: return try Value(from: &self)
    default: throw .malformed(.unknownValue(structure: .optional))
    }
  }

  /// Where the reader stands, for `since`.
  var mark: Int { position }

  /// The bytes that were read since a mark.
  func since(_ mark: Int) -> [UInt8] { Array(bytes[mark..<position]) }
}

/// Writes what `TLSReader` reads.
package struct TLSWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init(reserving count: Int = 0) {
    if count > 0 { bytes.reserveCapacity(count) }
  }

  package mutating func write(_ value: UInt8) { bytes.append(value) }
  package mutating func write(_ value: UInt16) { bytes.append(bigEndian: value) }
  package mutating func write(_ value: UInt32) { bytes.append(bigEndian: value) }
  package mutating func write(_ value: UInt64) { bytes.append(bigEndian: value) }

  /// A length in its shortest form; at most 2^30 - 1, which `GroupLimits` keeps everything far below.
  package mutating func length(_ count: Int) {
    switch count {
    case ..<(1 << 6): bytes.append(UInt8(count))
    case ..<(1 << 14): bytes.append(bigEndian: UInt16(count) | 1 << 14)
    default: bytes.append(bigEndian: UInt32(count) | 2 << 30)
    }
  }

  /// `opaque value<V>`.
  package mutating func opaque(_ value: [UInt8]) {
    length(value.count)
    bytes.append(contentsOf: value)
  }

  /// Bytes without a length.
  package mutating func fixed(_ value: [UInt8]) { bytes.append(contentsOf: value) }

  package mutating func write(_ value: some TLSCodable) { value.encode(to: &self) }

  /// `Element elements<V>`.
  package mutating func vector(_ elements: [some TLSCodable]) {
    var inside = TLSWriter()
    for element in elements { element.encode(to: &inside) }
    opaque(inside.bytes)
  }

  /// `optional<Value>`.
  package mutating func optional(_ value: (some TLSCodable)?) {
    write(UInt8(value == nil ? 0 : 1))
    if let value { value.encode(to: &self) }
  }
}

/// A structure of RFC 9420: its reader and its writer stand in one place, and agree byte for byte.
package protocol TLSCodable: Sendable {
  init(from reader: inout TLSReader) throws(GroupError)
  func encode(to writer: inout TLSWriter)
}

extension TLSCodable {
  /// Reads all of `bytes` as one value. Throws `malformed`.
  package init(parsing bytes: [UInt8]) throws(GroupError) {
    guard bytes.count <= GroupLimits.messageByteCount else { throw .malformed(.tooLarge) }
    var reader = TLSReader(bytes)
    self = try Self(from: &reader)
    try reader.finish()
  }

  /// The bytes on the wire.
  package var encoded: [UInt8] {
    var writer = TLSWriter()
    encode(to: &writer)
    return writer.bytes
  }
}

extension UInt16: TLSCodable {
  package init(from reader: inout TLSReader) throws(GroupError) { self = try reader.uint16() }
  package func encode(to writer: inout TLSWriter) { writer.write(self) }
}

extension UInt32: TLSCodable {
  package init(from reader: inout TLSReader) throws(GroupError) { self = try reader.uint32() }
  package func encode(to writer: inout TLSWriter) { writer.write(self) }
}

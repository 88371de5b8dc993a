import Wire

/// A row, or a contact's message, is not what its reader expects.
struct RowDamage: Error {}

/// Reads the parts of a row one after the other, each within what is there.
struct RowReader {
  private let content: [UInt8]
  private var position = 0

  init(_ content: [UInt8]) { self.content = content }

  mutating func bytes(_ count: Int) throws(RowDamage) -> [UInt8] {
    guard count >= 0, count <= content.count - position else { throw RowDamage() }
    let start = position
    position += count
    return Array(content[start..<position])
  }

  mutating func uint8() throws(RowDamage) -> UInt8 { try bytes(1)[0] }

  mutating func uint16() throws(RowDamage) -> UInt16 { UInt16(truncatingIfNeeded: try number(2)) }

  mutating func uint32() throws(RowDamage) -> UInt32 { UInt32(truncatingIfNeeded: try number(4)) }

  mutating func uint64() throws(RowDamage) -> UInt64 { try number(8) }

  /// Big endian.
  private mutating func number(_ count: Int) throws(RowDamage) -> UInt64 {
    try bytes(count).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Bytes behind their own count in 4 bytes.
  mutating func counted() throws(RowDamage) -> [UInt8] { try bytes(Int(try uint32())) }

  /// UTF-8 behind its count in 2 bytes.
  mutating func text(limit: Int) throws(RowDamage) -> String {
    let count = Int(try uint16())
    guard count <= limit, let text = String(validating: try bytes(count), as: UTF8.self) else {
      throw RowDamage()
    }
    return text
  }

  mutating func profile() throws(RowDamage) -> Profile {
    let bytes = try bytes(Profile.byteCount)
    do throws(ProfileError) {
      return try Profile(parsing: bytes.span)
    } catch {
      throw RowDamage()
    }
  }

  mutating func name() throws(RowDamage) -> PeerName {
    let bytes = try bytes(PeerName.fieldByteCount)
    do throws(NameError) {
      return try PeerName(field: bytes.span)
    } catch {
      throw RowDamage()
    }
  }

  mutating func messageID() throws(RowDamage) -> MessageID {
    MessageID(stream: try uint64(), number: try uint64())
  }

  mutating func rest() -> [UInt8] {
    let start = position
    position = content.count
    return Array(content[start...])
  }

  func finish() throws(RowDamage) {
    guard position == content.count else { throw RowDamage() }
  }
}

extension [UInt8] {
  /// Appends bytes behind their count in 4 bytes.
  mutating func append(counted bytes: [UInt8]) {
    append(bigEndian: UInt32(clamping: bytes.count))
    self += bytes
  }
}

/// A record by which groups speak on a direct session: types 48 to 63, always with the flag that lets a build
/// ignore them (PROTOCOL 1.7).
package struct GroupRecord: Hashable, Sendable {
  package static let types: ClosedRange<UInt8> = 48...63
  /// Bytes of the longest body: a record never goes on in another.
  package static let largestBody = RecordSize.largestBody

  package let type: UInt8
  package let body: [UInt8]

  /// Refuses a type outside ``types``, and a body that one record cannot hold.
  package init(type: UInt8, body: [UInt8]) throws(RecordError) {
    guard Self.types.contains(type), body.count <= Self.largestBody else { throw .malformed }
    self.type = type
    self.body = body
  }

  /// Reads the body of a record whose head was read; nil for one of another type.
  package init?(_ record: InnerRecord, body: Span<UInt8>) {
    guard Self.types.contains(record.type), record.flags == .mayIgnore else { return nil }
    type = record.type
    self.body = [UInt8](copying: body)
  }

  /// The size of the record that carries it.
  package var size: RecordSize { RecordSize(holding: body.count) ?? .bytes16384 }

  /// Writes the whole inner plaintext of ``size`` into all of `inner`, its last four bytes zero for the CRC32.
  package func write(into inner: inout MutableSpan<UInt8>) {
    InnerRecord.writeFrame(rawType: type, flags: .mayIgnore, bodyCount: body.count, into: &inner)
    inner.copy(body.span, at: InnerRecord.headByteCount)
  }
}

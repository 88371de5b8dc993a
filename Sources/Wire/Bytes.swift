// Copies and big-endian integers over spans. Swift 6.3 has no bulk copy from a span; the loops below
// compile to one (they are bounds-checked once), which keeps this room free of unsafe code.

extension [UInt8] {
  /// Makes an array of the bytes of `source`.
  package init(copying source: Span<UInt8>) {
    self.init()
    append(copying: source)
  }

  /// Appends the bytes of `source`.
  package mutating func append(copying source: Span<UInt8>) {
    append(addingCapacity: source.count) { output in
      for index in source.indices { output.append(source[index]) }
    }
  }

  /// Appends `value` in big-endian order. Inlinable, since the other rooms would call it unspecialised.
  @inlinable
  package mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}

extension Span where Element == UInt8 {
  /// The big-endian integer of two bytes at `offset`; the caller has checked that they are there.
  package func bigEndianUInt16(at offset: Int) -> UInt16 {
    UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
  }

  /// The big-endian integer of four bytes at `offset`; the caller has checked that they are there.
  package func bigEndianUInt32(at offset: Int) -> UInt32 {
    UInt32(bigEndianUInt16(at: offset)) << 16 | UInt32(bigEndianUInt16(at: offset + 2))
  }

  /// The big-endian integer of eight bytes at `offset`; the caller has checked that they are there.
  package func bigEndianUInt64(at offset: Int) -> UInt64 {
    UInt64(bigEndianUInt32(at: offset)) << 32 | UInt64(bigEndianUInt32(at: offset + 4))
  }

  /// Whether every byte is zero; looks at all of them.
  package var isAllZero: Bool {
    var union: UInt8 = 0
    for index in indices { union |= self[index] }
    return union == 0
  }

  /// Whether both hold the same bytes; for public values only, since it stops at the first difference.
  package func equalsPublicly(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }
}

extension MutableSpan where Element == UInt8 {
  /// Copies `source` to `offset`; the caller has checked that it fits.
  package mutating func copy(_ source: Span<UInt8>, at offset: Int) {
    var target = _mutatingExtracting(droppingFirst: offset)
    for index in source.indices { target[index] = source[index] }
  }

  /// Writes `value` in big-endian order at `offset`; the caller has checked that it fits. Inlinable as `append` is.
  @inlinable
  package mutating func store(bigEndian value: some FixedWidthInteger & UnsignedInteger, at offset: Int) {
    let byteCount = value.bitWidth / 8
    for index in 0..<byteCount {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> ((byteCount - 1 - index) * 8))
    }
  }
}

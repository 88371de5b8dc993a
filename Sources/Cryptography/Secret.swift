internal import CSodium

/// What a secret is for, and how many bytes it has.
///
/// Each room declares its own purposes as enums without cases, so that the compiler keeps a send key out of the
/// place of a receive key.
package protocol SecretPurpose {
  /// The size of the secret in bytes.
  static var byteCount: Int { get }
}

/// A secret of a fixed size in guarded memory: lent to closures, never handed out, wiped when it goes.
///
/// It cannot be copied, printed, encoded or compared with `==`. `ConstantTime.requireEqual` compares the lent bytes.
package struct Secret<Purpose: SecretPurpose>: ~Copyable, Sendable {
  var slot: GuardedSlot

  /// The size of every secret with this purpose, in bytes.
  package static var byteCount: Int { Purpose.byteCount }

  /// The region that this secret lives in, for others that belong beside it.
  package var region: GuardedRegion { slot.region }

  /// Takes a slot that holds zeros. Throws `guardedMemoryExhausted` when the region is full.
  package init(in region: GuardedRegion) throws(CryptographyError) {
    slot = try GuardedSlot(in: region, byteCount: Purpose.byteCount)
  }

  /// Takes a slot and lets `fill` write it; when `fill` throws, what it wrote is wiped.
  package init(
    in region: GuardedRegion, filledBy fill: (inout MutableSpan<UInt8>) throws(CryptographyError) -> Void
  ) throws(CryptographyError) {
    var slot = try GuardedSlot(in: region, byteCount: Purpose.byteCount)
    try slot.withMutableBytes(fill)
    self.slot = slot
  }

  /// Takes a slot and copies `bytes` into it; the caller wipes the place they came from.
  ///
  /// Throws `wrongLength` when the count is not the purpose's.
  package init(copying bytes: Span<UInt8>, in region: GuardedRegion) throws(CryptographyError) {
    guard bytes.count == Purpose.byteCount else { throw .wrongLength }
    var slot = try GuardedSlot(in: region, byteCount: Purpose.byteCount)
    slot.withMutableBytes { $0.copy(bytes) }
    self.slot = slot
  }

  /// A second secret with the same bytes, for another use or in another region.
  ///
  /// Throws `wrongLength` when the two purposes differ in size.
  package init<Other: SecretPurpose>(
    copying other: borrowing Secret<Other>, in region: GuardedRegion
  ) throws(CryptographyError) {
    guard Other.byteCount == Purpose.byteCount else { throw .wrongLength }
    var slot = try GuardedSlot(in: region, byteCount: Purpose.byteCount)
    other.withBytes { bytes in slot.withMutableBytes { $0.copy(bytes) } }
    self.slot = slot
  }

  /// A secret of fresh random bytes.
  package static func random(
    in region: GuardedRegion, from entropy: any EntropySource
  ) throws(CryptographyError) -> Secret {
    try Secret(in: region) { (bytes) throws(CryptographyError) in entropy.fill(&bytes) }
  }

  /// Lends the bytes for reading. They must not leave the closure.
  package borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try slot.withBytes(body)
  }

  /// Lends the bytes for writing. They must not leave the closure.
  package mutating func withMutableBytes<R: ~Copyable, E: Error>(
    _ body: (inout MutableSpan<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try slot.withMutableBytes(body)
  }

  /// Takes over the bytes of `other`, whose size must be the same; throws `wrongLength` else.
  package mutating func copy<Other: SecretPurpose>(from other: borrowing Secret<Other>)
    throws(CryptographyError)
  {
    guard Other.byteCount == Purpose.byteCount else { throw .wrongLength }
    other.withBytes { bytes in slot.withMutableBytes { $0.copy(bytes) } }
  }

  /// Overwrites the bytes with zeros now; the slot stays taken.
  package mutating func wipe() {
    slot.wipe()
  }
}

extension MutableSpan<UInt8> {
  /// Writes `bytes` at the front; they must fit.
  package mutating func copy(_ bytes: Span<UInt8>) {
    copy(bytes, at: 0)
  }

  /// Writes `bytes` from `offset` on; they must fit.
  package mutating func copy(_ bytes: Span<UInt8>, at offset: Int) {
    precondition(offset >= 0 && bytes.count <= count - offset, "a copy larger than its place")
    unsafe lend { target in
      unsafe Cryptography.lend(bytes) { bytes in
        unsafe (target + offset).update(from: bytes.start, count: bytes.count)
      }
    }
  }

  /// Overwrites the first `number` bytes with zeros, in a way that the compiler does not leave out.
  package mutating func wipe(first number: Int) {
    precondition(number >= 0 && number <= count, "a wipe larger than its place")
    unsafe lend { target in unsafe sodium_memzero(target, number) }
  }
}

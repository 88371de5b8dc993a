internal import Synchronization

/// Guarded regions for many small secrets of sizes that only a cipher suite knows: the keys of one group.
///
/// A page a secret is impossible (see `GuardedRegion`); a slab takes regions of 32 KiB as it needs them, and lets
/// go of those that nothing is left in when it next grows. Safe to use from several threads.
package final class SecretSlab: Sendable {
  /// The most bytes of regions that one slab takes: more than a group of 10,000 that all speak.
  package static let byteCountLimit = 16 << 20

  private static let regionByteCount = 8 * 4096 - 32
  private let regions = Mutex<[GuardedRegion]>([])

  package init() {}

  /// How many bytes of slots are in use; for tests and measurements.
  package var bytesInUse: Int {
    regions.withLock { $0.reduce(0) { $0 + $1.bytesInUse } }
  }

  /// Whether these bytes stand anywhere in this slab; for tests, as `GuardedRegion.holds`.
  package func holds(_ bytes: Span<UInt8>) -> Bool {
    for region in regions.withLock({ $0 }) where region.holds(bytes) { return true }
    return false
  }

  /// Whether every byte that no slot holds is zero; for tests, as `GuardedRegion.freeBytesAreZero`.
  package var freeBytesAreZero: Bool {
    regions.withLock { $0 }.allSatisfy(\.freeBytesAreZero)
  }

  /// Takes a slot of zeros. Throws `guardedMemoryExhausted` at the limit, or where the system gives no more.
  func take(_ byteCount: Int) throws(CryptographyError) -> GuardedSlot {
    // The newest region is the emptiest.
    for region in regions.withLock({ $0 }).reversed() {
      do throws(CryptographyError) {
        return try GuardedSlot(in: region, byteCount: byteCount)
      } catch .guardedMemoryExhausted {
        continue
      }
    }
    let region = try grow(byteCount)
    return try GuardedSlot(in: region, byteCount: byteCount)
  }

  private func grow(_ byteCount: Int) throws(CryptographyError) -> GuardedRegion {
    let region = try GuardedRegion(byteCount: max(SecretSlab.regionByteCount, byteCount + 32))
    let isWithinLimit = regions.withLock { regions in
      regions.removeAll { $0.bytesInUse == 0 }
      guard regions.reduce(region.byteCount, { $0 + $1.byteCount }) <= SecretSlab.byteCountLimit else {
        return false
      }
      regions.append(region)
      return true
    }
    guard isWithinLimit else { throw .guardedMemoryExhausted }
    return region
  }
}

/// A secret of a group, of a size that its cipher suite says: one place in guarded memory, lent to closures.
///
/// A reference, since the state that is and the one that is staged hold the same keys: the bytes are never copied,
/// and wiped when the last holder lets go. It cannot be printed, encoded or compared with `==`.
package final class GroupSecret: Sendable {
  /// The slab that it lives in, for others that belong beside it.
  package let slab: SecretSlab
  private let slot: GuardedSlot

  /// The size in bytes; public.
  package var byteCount: Int { slot.byteCount }

  /// Takes a slot and lets `fill` write it; when `fill` throws, what it wrote is wiped.
  package init(
    byteCount: Int, in slab: SecretSlab,
    filledBy fill: (inout MutableSpan<UInt8>) throws(CryptographyError) -> Void
  ) throws(CryptographyError) {
    guard byteCount >= 0, byteCount <= 1 << 20 else { throw .wrongLength }
    var slot = try slab.take(byteCount)
    try slot.withMutableBytes(fill)
    self.slab = slab
    self.slot = slot
  }

  /// A secret that is all zeros, as key schedules begin with.
  package convenience init(zeros byteCount: Int, in slab: SecretSlab) throws(CryptographyError) {
    try self.init(byteCount: byteCount, in: slab) { (_) throws(CryptographyError) in }
  }

  /// Copies `bytes`; the caller wipes the place they came from.
  package convenience init(copying bytes: Span<UInt8>, in slab: SecretSlab) throws(CryptographyError) {
    // A span cannot be captured; the copy happens in the slot's own closure below.
    var slot = try slab.take(bytes.count)
    slot.withMutableBytes { $0.copy(bytes) }
    self.init(slot: slot, in: slab)
  }

  private init(slot: consuming GuardedSlot, in slab: SecretSlab) {
    self.slab = slab
    self.slot = slot
  }

  /// Fresh random bytes.
  package static func random(
    byteCount: Int, in slab: SecretSlab, from entropy: any EntropySource
  ) throws(CryptographyError) -> GroupSecret {
    try GroupSecret(byteCount: byteCount, in: slab) { (bytes) throws(CryptographyError) in
      entropy.fill(&bytes)
    }
  }

  /// Lends the bytes for reading. They must not leave the closure.
  package func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    try slot.withBytes(body)
  }

  /// Whether both hold the same bytes, in time that does not depend on them.
  package func requireEqual(_ other: GroupSecret) throws(CryptographyError) {
    try withBytes { (mine) throws(CryptographyError) in
      try other.withBytes { (theirs) throws(CryptographyError) in
        try ConstantTime.requireEqual(mine, theirs)
      }
    }
  }
}

internal import CSodium
internal import Synchronization

/// One guarded allocation whose slots hold the secrets of one session, one identity or one log.
///
/// The memory comes from `sodium_malloc`: locked against swapping (as far as the system's limit on locked memory
/// goes: libsodium does not say when it was reached), left out of core dumps, with a guard page on either side and
/// a canary, and zeroed when it is freed. A guarded allocation costs at least two resident pages
/// and four mappings, so that one a secret is impossible; hence one a session, cut into slots.
///
/// Slots are handed out in steps of 32 bytes. A slot is zeros when it is taken and zeroed when it is returned.
/// Safe to use from several threads; a slot has one owner, the `Secret`.
@safe package final class GuardedRegion: Sendable {
  /// What one page of guarded memory holds: the least that a region ever has, in bytes.
  package static let pageByteCount = 4064

  /// All the bytes that this region's slots may take together.
  package let byteCount: Int

  private nonisolated(unsafe) let base: UnsafeMutableRawPointer
  private let taken: Mutex<[Bool]>

  private static let step = 32
  // sodium_malloc puts a canary of 16 bytes before the memory and rounds up to whole pages.
  private static let pageSize = 4096
  private static let canarySize = 16

  /// Allocates a region with at least `byteCount` bytes for slots, and whatever the last page has left over.
  ///
  /// Throws `guardedMemoryExhausted` where the system gives no more, `wrongLength` for a count below zero.
  package init(byteCount: Int) throws(CryptographyError) {
    try Libsodium.start()
    guard byteCount >= 0, byteCount <= 1 << 30 else { throw .wrongLength }
    let page = GuardedRegion.pageSize
    let pages = max(1, (byteCount + GuardedRegion.canarySize + page - 1) / page)
    let steps = (pages * page - GuardedRegion.canarySize) / GuardedRegion.step
    guard let memory = unsafe sodium_malloc(steps * GuardedRegion.step) else {
      throw .guardedMemoryExhausted
    }
    unsafe sodium_memzero(memory, steps * GuardedRegion.step)
    unsafe base = memory
    self.byteCount = steps * GuardedRegion.step
    taken = Mutex([Bool](repeating: false, count: steps))
  }

  deinit {
    unsafe sodium_free(base)
  }

  /// How many bytes of slots are in use.
  package var bytesInUse: Int {
    taken.withLock { $0.count(where: { $0 }) } * GuardedRegion.step
  }

  /// Whether every byte that no slot holds is zero.
  ///
  /// This is for tests and for `doctor`: it is what "wiped" means.
  package var freeBytesAreZero: Bool {
    taken.withLock { taken in
      taken.indices.allSatisfy { index in
        unsafe taken[index] || sodium_is_zero(bytes(at: index * GuardedRegion.step), GuardedRegion.step) == 1
      }
    }
  }

  /// Whether these bytes stand anywhere in this region, in a slot or beside one.
  ///
  /// This is for tests: it answers for bytes that its caller knows already, and lends none.
  package func holds(_ bytes: Span<UInt8>) -> Bool {
    guard !bytes.isEmpty, bytes.count <= byteCount else { return false }
    return unsafe lend(bytes) { wanted in
      let last = unsafe byteCount - wanted.count
      for offset in 0...last {
        if unsafe sodium_memcmp(base + offset, wanted.start, wanted.count) == 0 { return true }
      }
      return false
    }
  }

  fileprivate func take(_ byteCount: Int) throws(CryptographyError) -> Int {
    let needed = GuardedRegion.steps(byteCount)
    let first: Int? = taken.withLock { taken in
      var run = 0
      for index in taken.indices {
        run = taken[index] ? 0 : run + 1
        if run == needed {
          for used in (index - needed + 1)...index { taken[used] = true }
          return index - needed + 1
        }
      }
      return nil
    }
    guard let first else { throw .guardedMemoryExhausted }
    return first * GuardedRegion.step
  }

  fileprivate func giveBack(_ offset: Int, _ byteCount: Int) {
    let first = offset / GuardedRegion.step
    let needed = GuardedRegion.steps(byteCount)
    unsafe sodium_memzero(bytes(at: offset), needed * GuardedRegion.step)
    taken.withLock { taken in
      for index in first..<(first + needed) { taken[index] = false }
    }
  }

  fileprivate func bytes(at offset: Int) -> UnsafeMutablePointer<UInt8> {
    unsafe (base + offset).assumingMemoryBound(to: UInt8.self)
  }

  private static func steps(_ byteCount: Int) -> Int {
    max(1, (byteCount + step - 1) / step)
  }
}

/// Some bytes of a region with one owner; zeroed and returned when the owner goes.
struct GuardedSlot: ~Copyable, Sendable {
  let region: GuardedRegion
  let byteCount: Int
  private let offset: Int

  /// Takes a slot of zeros.
  init(in region: GuardedRegion, byteCount: Int) throws(CryptographyError) {
    let offset = try region.take(byteCount)
    self.region = region
    self.byteCount = byteCount
    self.offset = offset
  }

  deinit {
    region.giveBack(offset, byteCount)
  }

  var start: UnsafeMutablePointer<UInt8> { unsafe region.bytes(at: offset) }

  borrowing func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    let bytes = unsafe UnsafeBufferPointer(start: start, count: byteCount)
    return try unsafe body(bytes.span)
  }

  mutating func withMutableBytes<R: ~Copyable, E: Error>(
    _ body: (inout MutableSpan<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    let bytes = unsafe UnsafeMutableBufferPointer(start: start, count: byteCount)
    var span = unsafe bytes.mutableSpan
    return try body(&span)
  }

  mutating func wipe() {
    unsafe sodium_memzero(start, byteCount)
  }
}

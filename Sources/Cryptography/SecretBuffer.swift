internal import CSodium

/// A secret of variable length, such as a password while it is typed, in a guarded allocation of its own.
///
/// For the few secrets whose length is not known before; each costs several pages.
@safe package struct SecretBuffer: ~Copyable, @unchecked Sendable {
  /// The most bytes that it can hold.
  package let capacity: Int
  /// How many bytes it holds.
  package private(set) var count = 0
  private let start: UnsafeMutablePointer<UInt8>

  /// Allocates an empty buffer. Throws `guardedMemoryExhausted` where the system gives none.
  package init(capacity: Int) throws(CryptographyError) {
    try Libsodium.start()
    guard capacity >= 0, capacity <= 1 << 30 else { throw .wrongLength }
    guard let memory = unsafe sodium_malloc(max(1, capacity)) else { throw .guardedMemoryExhausted }
    self.capacity = capacity
    unsafe start = memory.assumingMemoryBound(to: UInt8.self)
    unsafe sodium_memzero(memory, max(1, capacity))
  }

  deinit {
    // Zeroes the memory before it is released.
    unsafe sodium_free(start)
  }

  package var isEmpty: Bool { count == 0 }

  /// Lends the bytes for reading.
  package borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
    return try unsafe body(bytes.span)
  }

  /// Lends the bytes for writing.
  package mutating func withMutableBytes<R: ~Copyable, E: Error>(
    _ body: (inout MutableSpan<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    let bytes = unsafe UnsafeMutableBufferPointer(start: start, count: count)
    var span = unsafe bytes.mutableSpan
    return try body(&span)
  }

  /// Lends the unused rest of the capacity for writing; `body` returns how many bytes it wrote.
  ///
  /// Throws `wrongLength` when `body` claims more than there was room for.
  package mutating func appendBytes(
    _ body: (inout MutableSpan<UInt8>) throws(CryptographyError) -> Int
  ) throws(CryptographyError) {
    let rest = unsafe UnsafeMutableBufferPointer(start: start + count, count: capacity - count)
    var span = unsafe rest.mutableSpan
    let written = try body(&span)
    guard written >= 0, written <= capacity - count else { throw .wrongLength }
    count += written
  }

  /// Adds bytes at the end; throws `wrongLength`, and adds nothing, where they do not fit.
  package mutating func append(_ bytes: Span<UInt8>) throws(CryptographyError) {
    guard bytes.count <= capacity - count else { throw .wrongLength }
    for index in bytes.indices { unsafe start[count + index] = bytes[index] }
    count += bytes.count
  }

  /// Removes the last `number` bytes, or all where there are fewer, and wipes them.
  package mutating func removeLast(_ number: Int = 1) {
    let removed = min(max(0, number), count)
    count -= removed
    unsafe sodium_memzero(start + count, removed)
  }

  /// Wipes everything; the buffer is empty then.
  package mutating func wipe() {
    count = 0
    unsafe sodium_memzero(start, max(1, capacity))
  }
}

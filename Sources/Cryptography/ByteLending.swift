// Spans become the pointer and length that C takes, here and nowhere else.

/// The bytes of a span for the length of a closure. The start is never null, which some C functions forbid even
/// beside the length 0.
@unsafe struct LentBytes {
  let start: UnsafePointer<UInt8>
  let count: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    unsafe start = bytes.baseAddress ?? UnsafePointer(emptyStart)
    unsafe count = bytes.count
  }

  var raw: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: start, count: count) }
}

/// Where an empty span points to; never read and never written.
private nonisolated(unsafe) let emptyStart: UnsafeMutablePointer<UInt8> = {
  let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
  unsafe byte.initialize(to: 0)
  return unsafe byte
}()

func lend<R: ~Copyable, E: Error>(
  _ first: Span<UInt8>, _ body: (LentBytes) throws(E) -> R
) throws(E) -> R {
  try unsafe first.withUnsafeBufferPointer { (a) throws(E) -> R in try unsafe body(LentBytes(a)) }
}

func lend<R: ~Copyable, E: Error>(
  _ first: Span<UInt8>, _ second: Span<UInt8>, _ body: (LentBytes, LentBytes) throws(E) -> R
) throws(E) -> R {
  try unsafe lend(first) { (a) throws(E) -> R in
    try unsafe lend(second) { (b) throws(E) -> R in try unsafe body(a, b) }
  }
}

func lend<R: ~Copyable, E: Error>(
  _ first: Span<UInt8>, _ second: Span<UInt8>, _ third: Span<UInt8>,
  _ body: (LentBytes, LentBytes, LentBytes) throws(E) -> R
) throws(E) -> R {
  try unsafe lend(first, second) { (a, b) throws(E) -> R in
    try unsafe lend(third) { (c) throws(E) -> R in try unsafe body(a, b, c) }
  }
}

func lend<R: ~Copyable, E: Error>(
  _ first: Span<UInt8>, _ second: Span<UInt8>, _ third: Span<UInt8>, _ fourth: Span<UInt8>,
  _ body: (LentBytes, LentBytes, LentBytes, LentBytes) throws(E) -> R
) throws(E) -> R {
  try unsafe lend(first, second, third) { (a, b, c) throws(E) -> R in
    try unsafe lend(fourth) { (d) throws(E) -> R in try unsafe body(a, b, c, d) }
  }
}

extension MutableSpan<UInt8> {
  /// Lends the start of this span for writing; the count stays the span's own.
  mutating func lend<R: ~Copyable, E: Error>(
    _ body: (UnsafeMutablePointer<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try unsafe withUnsafeMutableBufferPointer { (buffer) throws(E) -> R in
      try unsafe body(buffer.baseAddress ?? emptyStart)
    }
  }
}

/// A public value of a fixed size, written by a C function.
func publicBytes<E: Error>(
  count: Int, _ fill: (UnsafeMutablePointer<UInt8>) throws(E) -> Void
) throws(E) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  var span = bytes.mutableSpan
  try unsafe span.lend(fill)
  return bytes
}

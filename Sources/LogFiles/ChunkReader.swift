internal import Places

/// How far a check has come with the file that it reads; each pass over a file begins anew.
package struct CheckProgress: Sendable {
  package var path: String
  /// Bytes of the file that this pass has gone over.
  package var position: Int
  /// Bytes of the file that this pass goes over at most.
  package var end: Int
}

/// Reads a part of a file through one buffer that is used again and again.
struct ChunkReader {
  private static let size = 256 << 10
  private var buffer = [UInt8](repeating: 0, count: size)

  /// Told before each chunk is looked at.
  var progress: ((CheckProgress) -> Void)?

  /// Lends the bytes in order until `body` answers false, the end is reached, or the file ends before it.
  mutating func read(
    _ file: OpenFile, from start: Int, to end: Int, _ body: (Span<UInt8>) -> Bool
  ) throws(PlaceError) {
    var position = start
    while position < end {
      let wanted = min(Self.size, end - position)
      let count = try fill(file, at: position, count: wanted)
      guard count > 0 else { return }
      progress?(CheckProgress(path: file.path, position: position, end: end))
      guard body(buffer.span.extracting(0..<count)) else { return }
      position += count
    }
  }

  private mutating func fill(_ file: OpenFile, at position: Int, count: Int) throws(PlaceError) -> Int {
    // The capacity stays; only the last read of a file is shorter than the others.
    if buffer.count > count {
      buffer.removeLast(buffer.count - count)
    } else {
      buffer.append(contentsOf: repeatElement(0, count: count - buffer.count))
    }
    var span = buffer.mutableSpan
    return try file.read(at: Int64(position), into: &span)
  }
}

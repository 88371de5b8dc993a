internal import Cryptography
internal import Places
internal import SessionLog

/// The last complete line of a segment, and what stands behind it, read from the end of the file.
struct SegmentEnd {
  var record = 0
  var tag: [UInt8] = []
  var torn = 0
  var tornHash: [UInt8]?
  var isClosed = false

  /// A line of 1 MiB and a tail of less than that are the most that can matter.
  private static let window = 2 * SegmentLimits.lineBytes

  init(_ file: OpenFile) throws(PlaceError) {
    let size = try file.status().size
    let start = max(0, size - Int64(Self.window))
    var bytes = [UInt8](repeating: 0, count: Int(size - start))
    var span = bytes.mutableSpan
    let count = try file.read(at: start, into: &span)
    bytes.removeLast(bytes.count - count)
    var end = (bytes.lastIndex(of: 0x0A) ?? -1) + 1
    torn = bytes.count - end
    if torn > 0 { tornHash = SHA256Hash.hash(bytes.span.extracting(end..<bytes.count)) }
    // The last line that has the form of a record; whatever else stands there is for the checker to name.
    while end > 0 {
      let newline = end - 1
      let beginning = (bytes[..<newline].lastIndex(of: 0x0A) ?? -1) + 1
      if beginning > 0 || start == 0, let last = LastLine(bytes.span.extracting(beginning..<newline)) {
        record = last.record
        tag = last.tag
        isClosed = last.isClose
        return
      }
      end = beginning
    }
    if let opening = try? file.opening() { tag = LastLine(opening.line.span)?.tag ?? [] }
  }
}

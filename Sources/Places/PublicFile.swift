/// Reading a file that holds nothing secret: users file without regard to its mode, public keys, pins.
package enum PublicFile {
  /// The whole of a regular file of at most `limit` bytes; a longer one is `.tooLarge`, and no more
  /// than the limit is ever held.
  package static func read(_ path: String, limit: Int) throws(PlaceError) -> [UInt8] {
    try read(OpenFile.forReading(path), limit: limit)
  }

  /// The whole of an open file of at most `limit` bytes.
  package static func read(_ file: OpenFile, limit: Int) throws(PlaceError) -> [UInt8] {
    let tooLarge = PlaceError(.tooLarge(limit: limit), path: file.path)
    let size = try file.status().size
    guard size <= Int64(limit) else { throw tooLarge }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    var span = bytes.mutableSpan
    let count = try file.read(at: 0, into: &span)
    if count == Int(size), try file.hasByte(at: size) {
      // Grown while it was read: what was read is a whole only by chance.
      throw PlaceError(.inUse, path: file.path)
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}

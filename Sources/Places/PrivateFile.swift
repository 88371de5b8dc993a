/// Reading a file that holds a secret: identity, password, passphrase.
///
/// It must be a regular file of this user that nobody else can read or write, as ssh demands of keys.
/// Its bytes go straight into memory that the caller lends, so no copy of them stays behind.
package enum PrivateFile {
  /// Opens the file after the checks, for callers that need its size before they lend memory.
  package static func open(_ path: String) throws(PlaceError) -> OpenFile {
    let file = try OpenFile.forReading(path)
    try file.status().requirePrivate(path: path)
    return file
  }

  /// Reads the whole file and returns its size.
  ///
  /// Throws `.tooLarge` where it does not fit the buffer; then, and on any failure, the buffer may hold
  /// a part, which is the caller's to wipe.
  package static func read(_ path: String, into buffer: inout MutableSpan<UInt8>) throws(PlaceError) -> Int {
    try read(open(path), into: &buffer)
  }

  /// Reads the whole of an open file, from its start, and returns its size.
  package static func read(
    _ file: OpenFile, into buffer: inout MutableSpan<UInt8>
  ) throws(PlaceError) -> Int {
    let limit = buffer.count
    let tooLarge = PlaceError(.tooLarge(limit: limit), path: file.path)
    guard try file.status().size <= Int64(limit) else { throw tooLarge }
    let count = try file.read(at: 0, into: &buffer)
    // The file may have grown since; one byte more than fits is one too many.
    if count == limit, try file.hasByte(at: Int64(count)) { throw tooLarge }
    return count
  }
}

extension OpenFile {
  /// True where the file has a byte at the offset; the byte itself is wiped.
  func hasByte(at offset: Int64) throws(PlaceError) -> Bool {
    var byte: [UInt8] = [0]
    var span = byte.mutableSpan
    defer { byte[0] = 0 }
    return try read(at: offset, into: &span) == 1
  }
}

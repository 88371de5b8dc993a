package import Cryptography
package import Places

/// A secret that its owner names on the command line: all that a file or a descriptor gives, but one line end behind it.
package enum GivenSecret {
  /// Why there is none.
  package enum Failure: Error, Hashable, Sendable {
    case file(PlaceError)
    /// The descriptor is not open, or gives an error.
    case descriptor(Int32)
    /// Above the limit in bytes.
    case tooLong
    /// The system gives no guarded memory.
    case memory
  }

  /// What a file holds, at most `limit` bytes.
  ///
  /// A file that others can read is refused, as ssh does; a link is followed, since a person names the file.
  package static func read(file path: String, limit: Int) throws(Failure) -> SecretBuffer {
    let file: OpenFile
    do throws(PlaceError) {
      file = try OpenFile.forReading(path, followingLinks: true)
      try file.status().requirePrivate(path: path)
    } catch {
      throw .file(error)
    }
    return try read(file, limit) { .file($0) }
  }

  /// What a descriptor gives, at most `limit` bytes. It is closed then.
  package static func read(descriptor: Int32, limit: Int) throws(Failure) -> SecretBuffer {
    guard let file = OpenFile.inherited(descriptor) else { throw .descriptor(descriptor) }
    return try read(file, limit) { _ in .descriptor(descriptor) }
  }

  private static func read(
    _ file: OpenFile, _ limit: Int, _ failing: (PlaceError) -> Failure
  ) throws(Failure) -> SecretBuffer {
    var fault: PlaceError?
    // Room for a line end, and for one byte that is too many.
    guard var buffer = try? SecretBuffer(capacity: limit + 3) else { throw .memory }
    try? buffer.appendBytes { (rest) throws(CryptographyError) in
      do throws(PlaceError) {
        return try file.read(into: &rest)
      } catch {
        fault = error
        return 0
      }
    }
    if let fault { throw failing(fault) }
    if buffer.ends(in: 0x0A) {
      buffer.removeLast()
      if buffer.ends(in: 0x0D) { buffer.removeLast() }
    }
    guard buffer.count <= limit else { throw .tooLong }
    return buffer
  }
}

extension SecretBuffer {
  fileprivate func ends(in byte: UInt8) -> Bool { withBytes { !$0.isEmpty && $0[$0.count - 1] == byte } }
}

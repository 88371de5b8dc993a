internal import Cryptography
internal import Places

/// The bytes of a file that may hold secrets, read straight into guarded memory.
enum GuardedContents {
  enum Failure: Error {
    case place(PlaceError)
    case memory
  }

  /// The whole of an open file of at most `limit` bytes; a larger one is `.tooLarge`.
  static func read(_ file: OpenFile, limit: Int) throws(Failure) -> SecretBuffer {
    var failure: PlaceError?
    do throws(CryptographyError) {
      var bytes = try SecretBuffer(capacity: limit)
      try bytes.appendBytes { (rest) throws(CryptographyError) in
        do throws(PlaceError) {
          return try PrivateFile.read(file, into: &rest)
        } catch {
          failure = error
          return 0
        }
      }
      if failure == nil { return bytes }
    } catch {
      throw .memory
    }
    throw failure.map { .place($0) } ?? .memory
  }
}

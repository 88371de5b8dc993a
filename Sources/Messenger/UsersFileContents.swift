internal import Cryptography
internal import Places

/// The bytes of a users file in guarded memory, as they stood on the disk at one moment.
final class UsersFileContents: Sendable {
  let path: String
  let status: FileStatus
  private let bytes: SecretBuffer

  /// Reads the whole file; one above the limit is refused by its size, unread. It blocks on the disk.
  init(_ path: String, followingLinks: Bool) throws(UsersFileError) {
    let file: OpenFile
    do throws(PlaceError) {
      file = try OpenFile.forReading(path, followingLinks: followingLinks)
      status = try file.status()
    } catch {
      throw UsersFileError(error, path: path)
    }
    guard status.size <= Int64(UsersFile.sizeLimit) else {
      throw .tooLarge(path: path, limit: UsersFile.sizeLimit)
    }
    do throws(GuardedContents.Failure) {
      bytes = try GuardedContents.read(file, limit: UsersFile.sizeLimit)
    } catch {
      switch error {
      case .place(let error): throw UsersFileError(error, path: path)
      case .memory: throw .memory(path: path)
      }
    }
    self.path = path
  }

  func survey() throws(UsersFileError) -> UsersFileSurvey {
    let mode = status.isOpenToOthers ? status.mode : nil
    return try bytes.withBytes { (bytes) throws(UsersFileError) in
      try UsersFileSurvey(parsing: bytes, path: path, openToOthers: mode)
    }
  }

  /// Whether another reading gave the same bytes of the same file.
  func isSame(as other: UsersFileContents) -> Bool {
    guard status.inode == other.status.inode, status.device == other.status.device else { return false }
    return bytes.withBytes { bytes in
      other.bytes.withBytes { other in
        bytes.count == other.count && bytes.indices.allSatisfy { bytes[$0] == other[$0] }
      }
    }
  }

  func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    try bytes.withBytes(body)
  }
}

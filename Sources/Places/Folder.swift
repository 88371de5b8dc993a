import Glibc

/// Folders: made private, listed, synced.
package enum Folder {
  /// Makes the folder and those above it that are missing, mode 0700, and syncs what was made.
  ///
  /// One that exists is left as it is; a file in its place is `.notAFolder`.
  package static func create(_ path: String) throws(PlaceError) {
    if unsafe mkdir(path, 0o700) == 0 {
      try synchronize(holding: path)
      return
    }
    switch errno {
    case EEXIST:
      var status = stat()
      guard unsafe stat(path, &status) == 0 else { throw PlaceError(code: errno, path: path) }
      guard FileStatus(status).kind == .folder else { throw PlaceError(.notAFolder, path: path) }
    case ENOENT:
      let parent = split(path).folder
      guard parent != path, !path.isEmpty else { throw PlaceError(.notFound, path: path) }
      try create(parent)
      // Another process may have made it in between.
      guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
        throw PlaceError(code: errno, path: path)
      }
      try synchronize(holding: path)
    default:
      throw PlaceError(code: errno, path: path)
    }
  }

  /// One name in a folder.
  package struct Entry: Hashable, Sendable {
    package let name: String
    package let kind: FileStatus.Kind
  }

  /// The entries of a folder, sorted by the bytes of their names, `.` and `..` left out.
  ///
  /// Names that are not UTF-8 are left out too: no file of this program has one.
  package static func entries(_ path: String) throws(PlaceError) -> [Entry] {
    guard let stream = unsafe opendir(path) else { throw PlaceError(code: errno, path: path) }
    defer { _ = unsafe closedir(stream) }
    var entries: [Entry] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        guard errno == 0 else { throw PlaceError(code: errno, path: path) }
        break
      }
      guard let name = unsafe name(of: entry), name != ".", name != ".." else { continue }
      let kind: FileStatus.Kind? =
        switch Int32(unsafe entry.pointee.d_type) {
        case Int32(DT_REG): .regular
        case Int32(DT_DIR): .folder
        case Int32(DT_LNK): .symbolicLink
        case Int32(DT_UNKNOWN): nil
        default: .other
        }
      // Some file systems do not tell the kind; a file removed meanwhile is no entry any more.
      guard let kind = kind ?? (try? FileStatus(path: path + "/" + name))?.kind else { continue }
      entries.append(Entry(name: name, kind: kind))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// Waits until the folder's names are on the disk.
  package static func synchronize(_ path: String) throws(PlaceError) {
    try OpenFile.open(path, O_RDONLY | O_DIRECTORY, mode: 0, following: true).synchronize()
  }

  /// Waits until the folder that holds this path is on the disk.
  package static func synchronize(holding path: String) throws(PlaceError) {
    try synchronize(split(path).folder)
  }

  /// Removes a file, and says whether there was one.
  @discardableResult
  package static func removeFile(_ path: String) throws(PlaceError) -> Bool {
    if unsafe unlink(path) == 0 { return true }
    guard errno == ENOENT else { throw PlaceError(code: errno, path: path) }
    return false
  }

  /// Renames a file inside one file system, replacing what stands at the new path, and syncs both folders.
  package static func rename(_ from: String, to: String) throws(PlaceError) {
    guard unsafe Glibc.rename(from, to) == 0 else { throw PlaceError(code: errno, path: from) }
    try synchronize(holding: to)
    if split(from).folder != split(to).folder { try synchronize(holding: from) }
  }

  /// A path's folder and its last part.
  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let name = String(path[path.index(after: slash)...])
    return slash == path.startIndex ? ("/", name) : (String(path[..<slash]), name)
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> String? {
    unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(validatingCString: $0) }
    }
  }
}

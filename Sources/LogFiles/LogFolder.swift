internal import Places

/// A folder with logs in it.
struct LogFolder {
  var path: String
  /// The names of its `*.sclog`, in order; what is no regular file is named too, and the check says so.
  var files: [String] = []
  var isOpenToOthers = false
  var fault: PlaceError?

  /// This folder and those below, as far down as `depth`; symbolic links are not followed.
  static func search(_ path: String, depth: Int) -> [LogFolder] {
    var folder = LogFolder(path: path)
    let entries: [Folder.Entry]
    do throws(PlaceError) {
      folder.isOpenToOthers = try FileStatus(path: path).isOpenToOthers
      entries = try Folder.entries(path)
    } catch {
      folder.fault = error
      return [folder]
    }
    var below: [LogFolder] = []
    for entry in entries where !entry.name.hasPrefix(".") {
      if entry.kind == .folder {
        if depth > 0 { below += search(path + "/" + entry.name, depth: depth - 1) }
      } else if entry.name.hasSuffix(LogDirectory.fileEnding) {
        folder.files.append(entry.name)
      }
    }
    return [folder] + below
  }
}

import Glibc

/// What this process may do at a path, asked without touching it.
package enum PathAccess {
  /// Whether entries can be made in a folder, or a file be written (access(2)).
  package static func mayWrite(_ path: String) -> Bool { unsafe access(path, W_OK) == 0 }

  /// The nearest folder above a path that exists; "/" or "." at the end of the search.
  package static func nearestFolder(above path: String) -> String {
    var path = path[...]
    while let slash = path.lastIndex(of: "/") {
      path = path[..<slash]
      if path.isEmpty { return "/" }
      if FileStatus.exists(String(path)) { return String(path) }
    }
    return "."
  }
}

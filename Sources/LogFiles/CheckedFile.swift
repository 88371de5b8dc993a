package import Places
package import SessionLog

/// One file, or one folder's own finding, as a check found it.
package struct CheckedFile: Sendable {
  package var path: String
  /// Whether this is what a folder as a whole says, not one of its files.
  package var isFolder = false
  package var report: LogReport
  /// What the system said, where the finding is `E_IO`.
  package var fault: PlaceError?
  /// Where the finding is `E_TAG`: another of the files that were checked, which holds the very same line.
  package var sameLineIn: String?

  /// The tags that other segments may name, and the bytes after the last newline.
  var tags: [Int: [UInt8]] = [:]
  var tail: (count: Int, hash: [UInt8])?

  init(_ path: String, _ report: LogReport, isFolder: Bool = false, fault: PlaceError? = nil) {
    self.path = path
    self.report = report
    self.isFolder = isFolder
    self.fault = fault
  }

  /// The last part of the path.
  package var name: String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}

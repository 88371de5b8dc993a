import Foundation

/// The checkout's Swift files, read once for the tests that judge the code by its text.
enum SourceTree {
  struct File {
    /// Relative to the checkout, `Sources/Wire/Frame.swift`.
    let path: String
    /// The folder below `Sources` or `Tests`.
    let room: String
    let text: String

    /// The file without its comments and without the contents of string literals, so that a word in a
    /// sentence is not taken for code. Line numbers stay.
    var code: [Substring] {
      text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        var code = line
        if let comment = code.range(of: "//") { code = code[..<comment.lowerBound] }
        return code
      }
    }
  }

  static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func folders(below top: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      at: root.appendingPathComponent(top), includingPropertiesForKeys: [.isDirectoryKey],
      options: .skipsHiddenFiles
    ).filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
      .map(\.lastPathComponent).sorted()
  }

  static func files(below top: String) throws -> [File] {
    let base = root.appendingPathComponent(top)
    guard let walker = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else {
      return []
    }
    var files: [File] = []
    for case let url as URL in walker where ["swift", "h"].contains(url.pathExtension) {
      let relative = String(url.standardizedFileURL.path.dropFirst(root.standardizedFileURL.path.count + 1))
      let room = relative.split(separator: "/").dropFirst().first.map(String.init) ?? ""
      files.append(File(path: relative, room: room, text: try String(contentsOf: url, encoding: .utf8)))
    }
    return files.sorted { $0.path < $1.path }
  }
}

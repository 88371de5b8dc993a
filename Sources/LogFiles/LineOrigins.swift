internal import Places
internal import SessionLog

extension CheckedFile {
  /// Whether it is worth a look which other file holds the line that is wrong here.
  package var wantsSameLine: Bool {
    report.finding.code == .tag && (report.finding.record ?? 0) > 0 && report.finding.offset != nil
  }
}

extension LogChecker {
  /// Findings of one call that are looked up; each holds a line of at most 1 MiB meanwhile.
  private static let originLimit = 16

  /// Says of each changed line (`E_TAG`) whether another of these files holds the very same one: then it was
  /// taken from there, or a file was put together from two.
  ///
  /// It reads each file once, whatever the findings, and looks up the first 16 of them. A file that cannot be read
  /// any more gives no answer and no error: its verdict has been told.
  package func findSameLines(for files: inout [CheckedFile]) {
    let asking = Array(files.indices.filter { files[$0].wantsSameLine }.prefix(Self.originLimit))
    guard !asking.isEmpty, files.count > 1 else { return }
    let lines = asking.map { line(of: files[$0]) ?? [] }
    for path in files.filter({ !$0.isFolder && $0.fault == nil }).map(\.path) {
      let open = asking.indices.filter { place in
        let file = files[asking[place]]
        return file.sameLineIn == nil && !lines[place].isEmpty && !Self.isSame(file.path, path)
      }
      guard !open.isEmpty, let file = try? OpenFile.forReading(path), let size = try? file.status().size
      else { continue }
      var search = LineSearch(open.map { lines[$0] })
      _ = try? reader.read(file, from: 0, to: Int(size)) { search.consume($0) }
      for place in search.found { files[asking[open[place]]].sameLineIn = path }
    }
  }

  /// The line that the finding is about, without its newline.
  private func line(of file: CheckedFile) -> [UInt8]? {
    guard let offset = file.report.finding.offset, let open = try? OpenFile.forReading(file.path),
      let size = try? open.status().size
    else { return nil }
    var line: [UInt8] = []
    var isWhole = false
    _ = try? reader.read(open, from: offset, to: min(Int(size), offset + SegmentLimits.lineBytes)) { chunk in
      for index in chunk.indices {
        if chunk[index] == 0x0A {
          isWhole = true
          return false
        }
        line.append(chunk[index])
      }
      return true
    }
    return isWhole ? line : nil
  }

  /// Whether two paths lead to one file.
  private static func isSame(_ first: String, _ second: String) -> Bool {
    guard first != second else { return true }
    guard let first = try? FileStatus(path: first), let second = try? FileStatus(path: second) else {
      return false
    }
    return first.device == second.device && first.inode == second.inode
  }
}

internal import Cryptography
internal import Places
package import SessionLog

/// Checks files and folders of logs, one after the other, with flat memory.
package final class LogChecker {
  private let keyring: LogKeyring
  private let texts: Bool
  var reader = ChunkReader()

  /// Folders below the one that was named.
  private static let folderDepth = 4

  /// - Parameter texts: open every text and prove it against its commitment.
  package init(_ keyring: LogKeyring, texts: Bool = false) {
    self.keyring = keyring
    self.texts = texts
  }

  /// Told of each chunk of a file before it is looked at, some 250 KiB apart; nil tells nobody.
  package var progress: ((CheckProgress) -> Void)? {
    get { reader.progress }
    set { reader.progress = newValue }
  }

  /// Checks a file, or every `*.sclog` of a folder down to four levels, and what the segments say of each other.
  ///
  /// A folder without logs gives one finding, `C_NOTHING`. Throws only where no verdict is possible: a key file
  /// that cannot be used, or guarded memory that is not there.
  package func check(_ path: String) throws(LogFailure) -> [CheckedFile] {
    guard (try? FileStatus(path: path))?.kind == .folder else { return [try check(file: path, tags: [])] }
    var found: [CheckedFile] = []
    for folder in LogFolder.search(path, depth: Self.folderDepth) {
      if let fault = folder.fault { found.append(Self.unreadable(folder.path, fault)) }
      found += try check(folder)
    }
    return found.isEmpty ? [CheckedFile(path, LogReport(Finding(.nothing)), isFolder: true)] : found
  }

  /// Lends every record of a file that `check` has judged to `body`, with its texts opened.
  package func show(
    _ path: String, _ body: (LogReport, LogHeader, SurveyedRecord) -> Void
  ) throws(LogFailure) -> CheckedFile {
    let checked = try check(file: path, tags: [], texts: true)
    guard checked.report.intact?.isEmpty == false else { return checked }
    let file: OpenFile
    let size: Int
    let opening: LogOpening
    do throws(PlaceError) {
      file = try OpenFile.forReading(path)
      size = Int(try file.status().size)
    } catch {
      return Self.unreadable(path, error)
    }
    do throws(LogOpeningFailure) {
      opening = try file.opening(size: size)
    } catch {
      return Self.unopened(path, error)
    }
    guard case .success(let key) = try keyring.key(for: opening) else { return checked }
    let region = try Self.region(LogSurvey.guardedByteCount)
    var survey = try LogFailure.inLibrary { () throws(CryptographyError) in
      let root = try key.unlock(opening, in: region)
      return try LogSurvey(opening, root: root, in: region, lines: checked.report.records, showing: true)
    }
    do throws(PlaceError) {
      try reader.read(file, from: 0, to: size) { chunk in
        survey.consume(chunk) { body(checked.report, opening.header, $0) }
        return true
      }
    } catch {
      return Self.unreadable(path, error)
    }
    return checked
  }

  static func unreadable(_ path: String, _ fault: PlaceError) -> CheckedFile {
    CheckedFile(path, LogReport(Finding(.inputOutput)), fault: fault)
  }

  private static func unopened(_ path: String, _ failure: LogOpeningFailure) -> CheckedFile {
    switch failure {
    case .place(let fault): unreadable(path, fault)
    case .refused(let finding): CheckedFile(path, LogReport(finding))
    }
  }

  // MARK: A folder

  private func check(_ folder: LogFolder) throws(LogFailure) -> [CheckedFile] {
    guard !folder.files.isEmpty else { return [] }
    let paths = folder.files.map { folder.path + "/" + $0 }
    // What the segments say of each other is known before the first is checked, so that each is read once.
    var wanted: [LogIdentifier: Set<Int>] = [:]
    for path in paths {
      guard let header = try? OpenFile.forReading(path).opening().header, let previous = header.previous
      else { continue }
      wanted[previous.log, default: []].insert(previous.record)
    }
    var checked: [CheckedFile] = []
    for path in paths {
      let log = (try? OpenFile.forReading(path).opening())?.header.log
      checked.append(try check(file: path, tags: log.flatMap { wanted[$0] } ?? []))
    }
    if folder.isOpenToOthers {
      // Said once a folder, with its first file.
      checked[0].report.warnings.append(.permissions(path: folder.path))
    }
    return SegmentComparison.judge(checked, in: folder.path)
  }

  // MARK: A file

  private func check(file path: String, tags: Set<Int>, texts: Bool? = nil) throws(LogFailure) -> CheckedFile
  {
    let file: OpenFile
    let status: FileStatus
    let opening: LogOpening
    // Asked before the size is read: what a writer adds afterwards is not looked at.
    let isBeingWritten: Bool
    do throws(PlaceError) {
      file = try OpenFile.forReading(path)
      isBeingWritten = try !file.tryLock(.shared)
      file.unlock()
      status = try file.status()
    } catch {
      return Self.unreadable(path, error)
    }
    do throws(LogOpeningFailure) {
      opening = try file.opening(size: Int(status.size))
    } catch {
      return Self.unopened(path, error)
    }
    var checked: CheckedFile
    switch try keyring.key(for: opening) {
    case .failure(let missing):
      checked = CheckedFile(path, LogReport(Finding(missing.code), header: opening.header))
    case .success(let key):
      checked = try verify(
        file, opening, key, size: Int(status.size), isBeingWritten: isBeingWritten,
        wishes: LogVerifier.Wishes(texts: texts ?? self.texts, tags: tags))
    }
    if status.isOpenToOthers { checked.report.warnings.append(.permissions(path: path)) }
    return checked
  }

  private func verify(
    _ file: OpenFile, _ opening: LogOpening, _ key: LogKeyPair, size: Int, isBeingWritten: Bool,
    wishes: LogVerifier.Wishes
  ) throws(LogFailure) -> CheckedFile {
    let region = try Self.region(4096)
    let root: Secret<ChainRoot>
    do throws(CryptographyError) {
      root = try key.unlock(opening, in: region)
    } catch .notAuthentic {
      return CheckedFile(file.path, Self.changedHeader(opening))
    } catch {
      throw .cryptography(error)
    }
    var verifier: LogVerifier
    do throws(CryptographyError) {
      verifier = try LogVerifier(opening, root: root, in: region, wishes: wishes)
    } catch {
      throw .cryptography(error)
    }
    do throws(PlaceError) {
      try reader.read(file, from: LogVerifier.start(opening), to: size) { verifier.consume($0) }
    } catch {
      return Self.unreadable(file.path, error)
    }
    var report = verifier.finish(isBeingWritten: isBeingWritten)
    if verifier.needsSurvey {
      do throws(PlaceError) {
        try lookBehind(verifier, &report, file, opening, root, size: size)
      } catch {
        return Self.unreadable(file.path, error)
      }
    }
    var checked = CheckedFile(file.path, report)
    checked.tags = verifier.tags
    checked.tail = verifier.tail
    return checked
  }

  /// Goes over a damaged file again: what exactly the fault is, and what is authentic all the same.
  private func lookBehind(
    _ verifier: borrowing LogVerifier, _ report: inout LogReport, _ file: OpenFile, _ opening: LogOpening,
    _ root: borrowing Secret<ChainRoot>, size: Int
  ) throws(PlaceError) {
    var ahead = LogLookAhead(after: verifier)
    try reader.read(file, from: 0, to: size) { ahead.consume($0) }
    report.finding = ahead.answer
    report.records = ahead.lines
    guard let region = try? GuardedRegion(byteCount: LogSurvey.guardedByteCount),
      var survey = try? LogSurvey(opening, root: root, in: region, lines: ahead.lines)
    else { return }
    try reader.read(file, from: 0, to: ahead.end) { chunk in
      survey.consume(chunk)
      return true
    }
    report.intact = survey.finish()
  }

  private static func changedHeader(_ opening: LogOpening) -> LogReport {
    var report = LogReport(Finding(.tag, record: 0, line: 1, offset: 0), header: opening.header)
    report.intact = []
    return report
  }

  private static func region(_ byteCount: Int) throws(LogFailure) -> GuardedRegion {
    try LogFailure.inLibrary { () throws(CryptographyError) in try GuardedRegion(byteCount: byteCount) }
  }
}

extension LogKeyMissing {
  var code: VerdictCode {
    switch self {
    case .noKey: .noKey
    case .wrongKey: .wrongKey
    }
  }
}

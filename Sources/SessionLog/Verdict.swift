/// What a check of one log ends in (docs/LOG_FORMAT.md, "Verdicts").
package enum Verdict: String, Sendable, CaseIterable {
  case verified
  case tampered
  case incomplete
  case cannotCheck = "cannot check"
  case error
  case agree
  case disagree

  /// The exit status of `secure_chat_log` for this verdict.
  package var exitStatus: Int32 {
    switch self {
    case .verified, .agree: 0
    case .tampered: 1
    case .incomplete: 3
    case .cannotCheck: 4
    case .error: 5
    case .disagree: 6
    }
  }

  /// The worst of several exit statuses, in the order 1, 6, 4, 5, 3, 0.
  package static func worst(of statuses: some Sequence<Int32>) -> Int32 {
    let order: [Int32] = [1, 6, 4, 5, 3, 0]
    let present = Set(statuses)
    return order.first(where: present.contains) ?? 0
  }
}

/// The code that names what was found; it never changes its meaning between versions.
package enum VerdictCode: String, Sendable, CaseIterable {
  case ok = "OK"

  case tag = "E_TAG"
  case text = "E_TEXT"
  case format = "E_FORMAT"
  case tooLong = "E_TOO_LONG"
  case missing = "E_MISSING"
  case order = "E_ORDER"
  case duplicate = "E_DUPLICATE"
  case afterClose = "E_AFTER_CLOSE"
  case rule = "E_RULE"
  case textRemoved = "E_TEXT_REMOVED"
  case commitment = "E_COMMITMENT"
  case truncated = "E_TRUNCATED"
  case fork = "E_FORK"
  case fileMissing = "E_FILE_MISSING"

  case open = "I_OPEN"
  case torn = "I_TORN"
  case noClose = "I_NO_CLOSE"
  case unfinishedRedaction = "I_REDACT"

  case wrongKey = "C_WRONG_KEY"
  case noKey = "C_NO_KEY"
  case nothing = "C_NOTHING"

  case inputOutput = "E_IO"
  case version = "E_VERSION"

  /// The verdict that the code stands under.
  package var verdict: Verdict {
    switch self {
    case .ok: .verified
    case .tag, .text, .format, .tooLong, .missing, .order, .duplicate, .afterClose, .rule, .textRemoved,
      .commitment, .truncated, .fork, .fileMissing:
      .tampered
    case .open, .torn, .noClose, .unfinishedRedaction: .incomplete
    case .wrongKey, .noKey, .nothing: .cannotCheck
    case .inputOutput, .version: .error
    }
  }
}

/// What was found, and where.
package struct Finding: Sendable, Equatable {
  package var code: VerdictCode
  /// The record that the code is about; nil where it is about none.
  package var record: Int?
  /// The line of the file, counted from 1.
  package var line: Int?
  /// Where that line begins, in bytes from the start of the file.
  package var offset: Int?
  /// `E_MISSING`: the last record that is missing.
  package var last: Int?
  /// `E_ORDER`: the number that stands where `record` was expected.
  package var other: Int?
  /// `I_TORN`: the bytes after the last newline.
  package var torn: Int?

  package init(
    _ code: VerdictCode, record: Int? = nil, line: Int? = nil, offset: Int? = nil, last: Int? = nil,
    other: Int? = nil, torn: Int? = nil
  ) {
    self.code = code
    self.record = record
    self.line = line
    self.offset = offset
    self.last = last
    self.other = other
    self.torn = torn
  }
}

/// Something worth a word that never changes the exit status.
package enum LogWarning: Sendable, Equatable {
  /// The time of this record is before that of the one before it.
  case clock(record: Int)
  /// The file, or a folder above it, can be read or written by others.
  case permissions(path: String)

  /// The code as the JSON output names it.
  package var text: String {
    switch self {
    case .clock(let record): "W_CLOCK \(record)"
    case .permissions: "W_PERMS"
    }
  }
}

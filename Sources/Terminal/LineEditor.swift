/// A line editor without a terminal: bytes in, bytes for the screen and actions out.
///
/// The caller feeds `receive`, drains `nextAction`, and then writes `takeOutput` to the screen; what
/// arrives from elsewhere is shown by `print` above the line being typed, which is kept. Drafts are
/// PRODUCT "Typing". It holds at most `Settings.byteLimit` bytes of text.
package struct LineEditor: Sendable {
  /// How the lines of a message are gathered before it is sent.
  package enum DraftMode: Hashable, Sendable {
    /// ENTER sends the line.
    case off
    /// ENTER adds a line, ENTER on an empty line sends them all.
    case on
    /// ENTER keeps the line in place of the one before, ENTER on an empty line sends it.
    case replace
  }

  /// How the editor speaks to the terminal.
  package enum Style: Hashable, Sendable {
    /// A terminal in raw mode: keys one at a time, the row redrawn with escape sequences.
    case full
    /// A dumb terminal, or a screen reader's: whole lines as the system edits and echoes them, and no
    /// escape sequence.
    case plain
  }

  package struct Settings: Sendable {
    package var style: Style
    /// Bytes of UTF-8 that a line, a draft and a paste may have.
    package var byteLimit: Int
    /// Stands after the prompt while a draft is open: "(ENTER again sends) ".
    package var draftNote: String
    /// Says of a line that it acts at once, draft or no draft; asked only where no draft is open.
    package var actsAtOnce: @Sendable (String) -> Bool

    package init(
      style: Style = .full, byteLimit: Int = 65_536, draftNote: String = "",
      actsAtOnce: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
      self.style = style
      self.byteLimit = byteLimit
      self.draftNote = draftNote
      self.actsAtOnce = actsAtOnce
    }
  }

  /// What the caller has to do about what was typed.
  package enum Action: Equatable, Sendable {
    /// A line was entered, perhaps an empty one: a command or a message.
    case line(String)
    /// A draft was sent, its lines joined by newlines: always a message, whatever its first byte.
    case draft(String)
    /// ^C where nothing is typed and no draft is open.
    case interrupt
    /// ^D where nothing is typed and no draft is open, or the end of the input.
    case endOfInput
    /// ^Z: leave raw mode, stop, and call `redraw` when going on.
    case suspend
    /// A paste above the limit, of `count` bytes; `bytes` holds what was kept of it. Nothing of it was typed.
    case pasteTooLong(bytes: [UInt8], count: Int)
    /// What was typed or entered would pass the limit in bytes; it was not taken.
    case limitReached(Int)
  }

  /// Stands before the line; plain text, without escape sequences.
  package var prompt: String {
    didSet {
      guard prompt != oldValue else { return }
      isStale = true
      // A plain terminal cannot change a row; the new prompt gets one of its own.
      if settings.style == .plain { hide() }
    }
  }
  package var draftMode: DraftMode = .off
  private let settings: Settings
  private var decoder = KeyDecoder()
  private var plainInput = UTF8Assembler()
  /// The line being read on a plain terminal has passed the limit.
  private var plainOverflowed = false
  private var line = LineBuffer()
  private var history = LineHistory()
  private var row: LineRow
  private var draft = Draft()
  private var actions: [Action] = []
  /// What was received and not looked at yet, from `waitingFrom` on.
  private var waiting: [UInt8] = []
  private var waitingFrom = 0
  private var hasInputEnded = false
  /// The limit was reported and nothing was taken since: a key held down there is one report, not hundreds.
  private var isLimitReported = false
  private var output = ""
  /// The prompt and the line stand on the screen's current row.
  private var isDrawn = false
  /// They differ from what stands there.
  private var isStale = true
  private var isFinished = false

  package init(prompt: String, columns: Int = 80, settings: Settings = Settings()) {
    self.prompt = prompt
    self.settings = settings
    row = LineRow(columns: max(4, columns))
  }

  /// The line as it is typed so far.
  package var typedText: String { line.text }
  /// True where lines of a draft wait to be sent.
  package var hasDraft: Bool { !draft.lines.isEmpty }

  /// Takes what the terminal sent, cut anywhere.
  ///
  /// What follows an action waits until that was taken by `nextAction` and the next one is asked for: a
  /// command that changes how lines are read holds for those typed ahead of its answer.
  package mutating func receive(_ bytes: Span<UInt8>) {
    for index in bytes.indices { waiting.append(bytes[index]) }
    advance()
  }

  package mutating func receive(_ bytes: [UInt8]) { receive(bytes.span) }

  /// The input has ended; what was typed without ENTER counts as entered on a plain terminal.
  package mutating func inputEnded() {
    hasInputEnded = true
    advance()
  }

  package mutating func nextAction() -> Action? {
    if actions.isEmpty { advance() }
    return actions.isEmpty ? nil : actions.removeFirst()
  }

  private mutating func advance() {
    var keys: [Key] = []
    while actions.isEmpty, waitingFrom < waiting.count {
      let byte = waiting[waitingFrom]
      waitingFrom += 1
      switch settings.style {
      case .plain: receivePlain(byte)
      case .full:
        decoder.take(byte) { keys.append($0) }
        for key in keys { handle(key) }
        keys.removeAll(keepingCapacity: true)
      }
    }
    guard waitingFrom == waiting.count else { return }
    waiting.removeAll(keepingCapacity: waiting.count <= 65_536)
    waitingFrom = 0
    guard actions.isEmpty, hasInputEnded else { return }
    hasInputEnded = false
    if settings.style == .plain, !line.isEmpty { enter() }
    actions.append(.endOfInput)
  }

  /// The bytes to write to the screen, the row redrawn at their end where it has to be.
  package mutating func takeOutput() -> [UInt8] {
    if !isFinished, isStale || !isDrawn {
      switch settings.style {
      case .full:
        output += row.draw(prompt: shownPrompt, line)
        isDrawn = true
      case .plain:
        if !isDrawn { output += shownPrompt }
        // Without a prompt there is no row to leave before something is shown.
        isDrawn = isDrawn || !shownPrompt.isEmpty
      }
      isStale = false
    }
    defer { output = "" }
    return Array(output.utf8)
  }

  /// Shows lines above the one being typed, which is kept; foreign text in them went through `SafeText`.
  package mutating func print(_ text: String) {
    hide()
    for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
      output += part + (settings.style == .full ? "\r\n" : "\n")
    }
  }

  /// Rings the terminal's bell.
  package mutating func ringBell() {
    if settings.style == .full { output += "\u{7}" }
  }

  /// The terminal has so many columns by now.
  package mutating func resize(columns: Int) {
    guard max(4, columns) != row.columns else { return }
    row.columns = max(4, columns)
    isStale = true
  }

  /// The screen was written to by others: draw the row again.
  package mutating func redraw() {
    isDrawn = false
  }

  /// Takes the prompt off the screen for good; what is typed is dropped.
  package mutating func finish() {
    hide()
    isFinished = true
  }

  private var shownPrompt: String { hasDraft ? prompt + settings.draftNote : prompt }

  private mutating func hide() {
    guard isDrawn else { return }
    output += settings.style == .full ? "\r\u{1b}[K" : "\n"
    isDrawn = false
  }
}

// MARK: - Keys

extension LineEditor {
  private mutating func handle(_ key: Key) {
    isStale = true
    switch key {
    case .character(let scalar): insert(String(Character(scalar)))
    case .enter: enter()
    case .backspace: if !line.deleteBackward() { ringBell() }
    case .deleteForward: if !line.deleteForward() { ringBell() }
    case .left: line.moveLeft()
    case .right: line.moveRight()
    case .wordLeft: line.moveWordLeft()
    case .wordRight: line.moveWordRight()
    case .lineStart: line.moveToStart()
    case .lineEnd: line.moveToEnd()
    case .earlier: recall(history.earlier(than: line.text))
    case .later: recall(history.later())
    case .eraseToStart: line.eraseToStart()
    case .eraseToEnd: line.eraseToEnd()
    case .eraseWord: line.eraseWordBackward()
    case .eraseWordForward: line.eraseWordForward()
    case .putBack: insert(line.lastErased)
    case .interrupt: interrupt()
    case .endOfInput: endOfInput()
    case .suspend: actions.append(.suspend)
    case .redraw:
      output += "\u{1b}[H\u{1b}[2J"
      isDrawn = false
    case .paste(let bytes, let count): paste(bytes, count)
    }
  }

  private mutating func recall(_ text: String?) {
    if let text { line.replace(with: text) } else { ringBell() }
  }

  private mutating func insert(_ text: String) {
    guard line.byteCount + text.utf8.count <= settings.byteLimit else {
      reportLimit()
      return
    }
    isLimitReported = false
    line.insert(text)
  }

  private mutating func reportLimit() {
    ringBell()
    if !isLimitReported { actions.append(.limitReached(settings.byteLimit)) }
    isLimitReported = true
  }

  private mutating func interrupt() {
    guard !line.isEmpty || hasDraft else {
      actions.append(.interrupt)
      return
    }
    // As a shell does: what was typed stays visible, and is not sent.
    line.moveToEnd()
    output += row.draw(prompt: shownPrompt, line) + "^C\r\n"
    isDrawn = false
    line.clear()
    draft = Draft()
  }

  private mutating func endOfInput() {
    if !line.isEmpty {
      if !line.deleteForward() { ringBell() }
    } else if hasDraft {
      // A slip of the finger must not lose a draft; ^C drops it.
      ringBell()
    } else {
      actions.append(.endOfInput)
    }
  }
}

// MARK: - Lines and drafts

extension LineEditor {
  private struct Draft: Sendable {
    var lines: [String] = []
    /// A paste opened it: lines are added to it whatever the mode.
    var isPasted = false

    /// The bytes it would have with one more line.
    func byteCount(adding more: Int) -> Int { lines.reduce(more) { $0 + $1.utf8.count + 1 } }
    var text: String { lines.joined(separator: "\n") }
  }

  private mutating func enter() {
    let text = line.text
    if !text.isEmpty, draft.byteCount(adding: text.utf8.count) > settings.byteLimit {
      reportLimit()
      return
    }
    if settings.style == .full { output += row.commit(prompt: shownPrompt, line) }
    isDrawn = false
    line.clear()
    history.add(text)
    if hasDraft {
      if text.isEmpty {
        actions.append(.draft(draft.text))
        draft = Draft()
      } else if draftMode == .replace, !draft.isPasted {
        draft.lines = [text]
      } else {
        draft.lines.append(text)
      }
    } else if draftMode == .off || text.isEmpty || settings.actsAtOnce(text) {
      actions.append(.line(text))
    } else {
      draft.lines = [text]
    }
  }

  /// A paste of one line is typed; of several, all but the last become a draft, and the last is typed,
  /// so that nothing leaves before ENTER was pressed for it.
  private mutating func paste(_ bytes: [UInt8], _ count: Int) {
    guard count <= settings.byteLimit else {
      actions.append(.pasteTooLong(bytes: bytes, count: count))
      return
    }
    var lines = LineEditor.pastedLines(bytes)
    if lines.count == 2, lines[1].isEmpty { lines.removeLast() }
    guard lines.count > 1 else {
      insert(lines.first ?? "")
      return
    }
    let size = lines.reduce(0) { $0 + $1.utf8.count + 1 }
    guard draft.byteCount(adding: line.byteCount + size - 1) <= settings.byteLimit else {
      actions.append(.pasteTooLong(bytes: bytes, count: count))
      return
    }
    let last = lines.removeLast()
    for text in lines {
      line.insert(text)
      output += row.commit(prompt: shownPrompt, line)
      isDrawn = false
      draft.lines.append(line.text)
      draft.isPasted = true
      line.clear()
    }
    line.insert(last)
  }

  /// The lines of a paste: every kind of line end ends one; bytes that are not UTF-8 and control
  /// characters but the tab are dropped.
  private static func pastedLines(_ bytes: [UInt8]) -> [String] {
    var lines = [""]
    var wasReturn = false
    SafeText.forEachScalar(bytes) { piece in
      guard case .scalar(let scalar) = piece else { return }
      defer { wasReturn = scalar == "\r" }
      switch scalar.value {
      case 0x0A where wasReturn: break
      case 0x0A, 0x0D: lines.append("")
      case 0x09: lines[lines.count - 1].unicodeScalars.append(scalar)
      case 0x00..<0x20, 0x7F...0x9F: break
      default: lines[lines.count - 1].unicodeScalars.append(scalar)
      }
    }
    return lines
  }

  private mutating func receivePlain(_ byte: UInt8) {
    if byte == 0x0A {
      plainInput = UTF8Assembler()
      // The system echoed the newline: the prompt is above by now.
      isDrawn = false
      // A line that did not fit is dropped whole: half of one must not be sent.
      if plainOverflowed { line.clear() } else { enter() }
      if !line.isEmpty { line.clear() }
      plainOverflowed = false
      return
    }
    plainInput.take(byte)
    while let piece = plainInput.next() {
      guard case .scalar(let scalar) = piece, !plainOverflowed else { continue }
      if line.byteCount + 4 > settings.byteLimit {
        plainOverflowed = true
        reportLimit()
      } else if (scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)) || scalar == "\t" {
        insert(String(Character(scalar)))
      }
    }
  }
}

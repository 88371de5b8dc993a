import Messenger
import Terminal

/// The terminal of the person who sits here: a prompt with the line being typed at the bottom, and
/// everything that arrives above it.
///
/// It draws on standard output where that is a terminal, else on standard error; standard output then
/// gets the bare messages.
actor Screen: Console {
  /// What the person did, or what made the waiting for it end.
  enum Happening: Equatable, Sendable {
    case action(LineEditor.Action)
    /// Somebody called ``stopWaiting()``.
    case stopped
  }

  nonisolated let paint: Paint
  private let drawingStream: StandardStream
  private let style: LineEditor.Style
  private let drawing: StreamWriter
  /// Where bare messages go while the drawing is on another descriptor; nil where it is the same terminal.
  private let payloadWriter: StreamWriter?
  private let keyboard: StreamReader
  /// The answer to a hidden prompt is waited for in a system call.
  private let secretary = ThreadedWork()
  private var editor: LineEditor
  private var raw: RawMode?
  private var isFinished = false
  private var questionEnd: QuestionEnd?
  private var mustStop = false

  /// Whether a person sits at standard input and sees one of the others.
  static var isThere: Bool {
    StandardStream.input.isTerminal && (StandardStream.output.isTerminal || StandardStream.error.isTerminal)
  }

  init(color: ColorChoice, noColor: String?, terminal: String?) throws(Failure) {
    drawingStream = StandardStream.output.isTerminal ? .output : .error
    paint = Paint(color, on: drawingStream, noColor: noColor, terminal: terminal)
    style = (terminal ?? "").isEmpty || terminal == "dumb" ? .plain : .full
    drawing = StreamWriter(drawingStream)
    payloadWriter = drawingStream == .output ? nil : StreamWriter(.output)
    do throws(StreamError) {
      keyboard = try StreamReader(.input)
    } catch {
      throw Sentences.terminalFailed(error.description)
    }
    editor = LineEditor(
      prompt: "", columns: TerminalScreen.columns(of: drawingStream.descriptor),
      settings: LineEditor.Settings(
        style: style, draftNote: Sentences.draftNote, actsAtOnce: { SlashCommand.actsAtOnce($0) }))
  }

  /// Runs `body` and gives the terminal back whichever way that ends; nil: there is none.
  static func lend<R>(
    _ screen: Screen?, to body: (Screen?) async throws(Failure) -> R
  ) async throws(Failure) -> R {
    do throws(Failure) {
      let result = try await body(screen)
      await screen?.finish()
      return result
    } catch {
      await screen?.finish()
      throw error
    }
  }

  var columns: Int { TerminalScreen.columns(of: drawingStream.descriptor) }

  /// Takes the terminal; a second call does nothing.
  private func take() {
    guard style == .full, raw == nil, !isFinished else { return }
    raw = try? RawMode(input: StandardStream.input.descriptor, output: drawingStream.descriptor)
  }

  /// Gives the terminal back, with the prompt gone.
  func finish() async {
    guard !isFinished else { return }
    isFinished = true
    editor.finish()
    await flush()
    raw?.leave()
  }

  // MARK: Showing

  /// Shows sentences above the line being typed, which is kept.
  func say(_ text: String) async { await show(style == .full ? Wrapping.wrap(text, columns: columns) : text) }

  /// Shows lines as they are above the line being typed: messages.
  func show(_ lines: String) async {
    editor.print(lines)
    await flush()
  }

  /// The message itself, for a standard output that is no terminal.
  func payload(_ bytes: [UInt8]) async { try? await payloadWriter?.write(bytes) }

  /// Rings, where standard output is the terminal that this draws on.
  func ringBell() async {
    guard drawingStream == .output else { return }
    editor.ringBell()
    await flush()
  }

  func setPrompt(_ prompt: String) async {
    editor.prompt = prompt
    if !isFinished { await flush() }
  }

  func setDraftMode(_ mode: LineEditor.DraftMode) { editor.draftMode = mode }

  func windowChanged() async {
    editor.resize(columns: columns)
    await flush()
  }

  func resumed() async {
    guard style == .full, !isFinished else { return }
    try? raw?.enter()
    editor.redraw()
    await flush()
  }

  private func flush() async {
    take()
    let bytes = editor.takeOutput()
    if !bytes.isEmpty { try? await drawing.write(bytes) }
  }

  // MARK: Typing

  /// Waits for what the person does next.
  func next() async -> Happening {
    while true {
      if mustStop {
        mustStop = false
        return .stopped
      }
      if let action = editor.nextAction() {
        await flush()
        if action == .suspend { await suspend() } else { return .action(action) }
        continue
      }
      await flush()
      let chunk = try? await keyboard.read()
      switch chunk {
      case .bytes(let bytes): editor.receive(bytes)
      case .endOfInput, nil: editor.inputEnded()
      case .interrupted: continue
      }
    }
  }

  /// Makes ``next()`` return, now or when it is called next.
  func stopWaiting() {
    mustStop = true
    keyboard.interrupt()
  }

  /// Makes a question that waits, or the next one, end without an answer.
  func endQuestions(_ end: QuestionEnd) {
    questionEnd = end
    stopWaiting()
  }

  func ask(_ question: String) async throws(QuestionEnd) -> String {
    let former = editor.prompt
    editor.prompt = question
    defer { editor.prompt = former }
    while true {
      if let questionEnd { throw questionEnd }
      switch await next() {
      case .stopped: continue
      case .action(.line(let text)), .action(.draft(let text)): return text
      case .action(.interrupt): throw .interrupted
      case .action(.endOfInput): throw .endOfInput
      case .action(.suspend): continue
      case .action(.pasteTooLong), .action(.limitReached): await say(Sentences.answerTooLong)
      }
    }
  }

  /// Asks for a secret, which is not shown and never becomes a `String`.
  func askHidden(_ question: String) async throws(QuestionEnd) -> EnteredPassword {
    if let questionEnd { throw questionEnd }
    editor.prompt = ""
    await flush()
    raw?.leave()
    defer {
      try? raw?.enter()
      editor.redraw()
    }
    while true {
      do throws(TerminalError) {
        return try await secretary.run { [drawingStream] () throws(TerminalError) in
          try Self.secret(question, on: drawingStream)
        }
      } catch {
        switch error {
        case .tooLong: await plain("\n" + Sentences.answerTooLong + "\n")
        case .interrupted(let signal):
          await plain("\n")
          throw SignalWatch.Signal(number: signal) == .interrupt ? .interrupted : .terminated
        case .endOfInput, .notATerminal, .failed:
          await plain("\n")
          throw .endOfInput
        }
      }
    }
  }

  private static func secret(
    _ question: String, on stream: StandardStream
  ) throws(TerminalError) -> EnteredPassword {
    try EnteredPassword { (buffer: inout MutableSpan<UInt8>) throws(TerminalError) -> Int in
      try HiddenPrompt.read(
        question, input: StandardStream.input.descriptor, output: stream.descriptor, into: &buffer)
    }
  }

  private func plain(_ text: String) async { try? await drawing.write(Array(text.utf8)) }

  private func suspend() async {
    try? raw?.suspend()
    editor.redraw()
    await flush()
  }
}

import Foundation
import Terminal
import TestSupport
import Testing

/// The other side of a pseudo-terminal on which the prompt runs, on a thread of its own.
private final class Keyboard: Sendable {
  let terminal: PseudoTerminal
  let program: Int32
  let screen: Gathered
  let result = Watched<Result<[UInt8], TerminalError>?>(nil)

  init() throws {
    terminal = try PseudoTerminal(columns: 80)
    program = open(terminal.path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(program >= 0)
    screen = Gathered(reading: dup(terminal.descriptor))
  }

  deinit {
    close(program)
    close(terminal.descriptor)
  }

  func ask(_ prompt: String, capacity: Int = 64) {
    Thread.detachNewThread { [self] in
      var buffer = [UInt8](repeating: 0, count: capacity)
      var span = buffer.mutableSpan
      do throws(TerminalError) {
        let count = try HiddenPrompt.read(prompt, input: program, output: program, into: &span)
        let typed = Array(buffer[..<count])
        result.change { $0 = .success(typed) }
      } catch {
        result.change { $0 = .failure(error) }
      }
    }
  }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { write(terminal.descriptor, $0.baseAddress, $0.count) }
  }

  var echoes: Bool {
    var settings = termios()
    return tcgetattr(program, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
  }

  func outcome() async throws -> Result<[UInt8], TerminalError> {
    try #require(await result.wait(within: 60) { $0 })
  }
}

@Suite(.serialized) struct HiddenPromptTests {
  @Test func theEchoIsOffBeforeThePromptIsSeenAndBackAfterwards() async throws {
    for _ in 0..<20 {
      let keyboard = try Keyboard()
      #expect(keyboard.echoes)
      keyboard.ask("Password: ")
      // Typed at the very sight of the prompt, as a quick script does.
      try #require(await keyboard.screen.position(after: "Password: ", from: 0, within: 60) != nil)
      #expect(!keyboard.echoes)
      keyboard.type("hünter2\n")
      #expect(try await keyboard.outcome().get() == Array("hünter2".utf8))
      #expect(keyboard.echoes)
      try #require(await keyboard.screen.position(after: "\n", from: 0, within: 60) != nil)
      #expect(keyboard.screen.text == "Password: \r\n")
    }
  }

  @Test func theLineIsEditedAsTheSystemDoes() async throws {
    let keyboard = try Keyboard()
    keyboard.ask("? ")
    try #require(await keyboard.screen.position(after: "? ", from: 0, within: 60) != nil)
    keyboard.type("wrong\u{15}rigth\u{7f}\u{7f}ht\n")
    #expect(try await keyboard.outcome().get() == Array("right".utf8))
  }

  @Test func aLineLongerThanTheMemoryIsRefusedWhole() async throws {
    let keyboard = try Keyboard()
    keyboard.ask("? ", capacity: 4)
    try #require(await keyboard.screen.position(after: "? ", from: 0, within: 60) != nil)
    keyboard.type("12345\n")
    await #expect(throws: TerminalError.tooLong(limit: 4)) { try await keyboard.outcome().get() }
    #expect(keyboard.echoes)
  }

  @Test func controlDIsTheEndAndTheEchoComesBack() async throws {
    let keyboard = try Keyboard()
    keyboard.ask("? ")
    try #require(await keyboard.screen.position(after: "? ", from: 0, within: 60) != nil)
    keyboard.type("\u{4}")
    await #expect(throws: TerminalError.endOfInput) { try await keyboard.outcome().get() }
    #expect(keyboard.echoes)
  }

  @Test func whatIsNoTerminalIsNeverAsked() throws {
    var buffer: [UInt8] = [0]
    var span = buffer.mutableSpan
    let descriptor = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(descriptor) }
    do throws(TerminalError) {
      _ = try HiddenPrompt.read("? ", input: descriptor, output: descriptor, into: &span)
      Issue.record("a prompt without a terminal")
    } catch {
      #expect(error == .notATerminal)
    }
  }
}

/// What happens to a terminal when the program on it dies: the program is an exit test's process.
@Suite(.serialized) struct TerminalRestoredTests {
  private static func echoes(_ path: String) -> Bool {
    let descriptor = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    defer { close(descriptor) }
    var settings = termios()
    return tcgetattr(descriptor, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO | ICANON) != 0
  }

  @Test func aSignalAtThePromptBringsTheEchoBackBeforeItEndsTheProgram() async throws {
    let terminal = try PseudoTerminal(columns: 80)
    // Held open, so that the settings outlive the program.
    let held = open(terminal.path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    defer { close(held) }
    let path = terminal.path
    await #expect(processExitsWith: .signal(SIGTERM)) { [path = path as String] in
      let input = open(path, O_RDWR | O_NOCTTY)
      let main = getpid()
      Thread.detachNewThread {
        // The prompt is up as soon as the echo is off.
        var settings = termios()
        repeat { _ = tcgetattr(input, &settings) } while settings.c_lflag & tcflag_t(ECHO) != 0
        kill(main, SIGTERM)
      }
      var buffer = [UInt8](repeating: 0, count: 8)
      var span = buffer.mutableSpan
      _ = try? HiddenPrompt.read("? ", input: input, output: input, into: &span)
    }
    #expect(Self.echoes(path))
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGINT])
  func aSignalInRawModePutsTheTerminalBack(number: Int32) async throws {
    let terminal = try PseudoTerminal(columns: 80)
    let held = open(terminal.path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    defer { close(held) }
    let path = terminal.path
    await #expect(processExitsWith: .signal(number)) { [path = path as String, number = number as Int32] in
      let input = open(path, O_RDWR | O_NOCTTY)
      let mode = try RawMode(input: input, output: input)
      kill(getpid(), number)
      sleep(60)
      mode.leave()
    }
    #expect(Self.echoes(path))
  }

  @Test func theEndOfTheProgramPutsTheTerminalBack() async throws {
    let terminal = try PseudoTerminal(columns: 80)
    let held = open(terminal.path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    defer { close(held) }
    let path = terminal.path
    await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
      let input = open(path, O_RDWR | O_NOCTTY)
      let mode = try RawMode(input: input, output: input)
      withExtendedLifetime(mode) { exit(7) }
    }
    #expect(Self.echoes(path))
  }

  @Test func rawModeHandsOverEveryKeyAndMarksPastes() async throws {
    let terminal = try PseudoTerminal(columns: 61)
    let program = open(terminal.path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    defer { close(program) }
    let screen = Gathered(reading: terminal.descriptor)
    let mode = try RawMode(input: program, output: program)
    #expect(!Self.echoes(terminal.path))
    #expect(TerminalScreen.columns(of: program) == 61)
    try #require(await screen.position(after: "\u{1b}[?2004h", from: 0, within: 60) != nil)
    mode.leave()
    try #require(await screen.position(after: "\u{1b}[?2004l", from: 0, within: 60) != nil)
    #expect(Self.echoes(terminal.path))
  }
}

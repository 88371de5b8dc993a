import Foundation
import Synchronization

/// Another program, started beside this one: its standard output is read line by line, its standard
/// input is empty.
package final class ChildProgram: Sendable {
  /// A program that could not be started, in the system's words.
  package struct Failure: Error, Sendable {
    package let path: String
    package let why: String
  }

  /// Where this very program lies.
  package static var ownPath: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }

  /// Where a program of this name lies that was installed with this one.
  package static func sibling(_ name: String) -> String {
    URL(fileURLWithPath: ownPath).deletingLastPathComponent().appendingPathComponent(name).path
  }

  package let processID: Int32
  private let lines: LineQueue
  private let ending: Task<Int32, Never>

  /// `showsErrors`: its standard error is this program's; else nobody sees it.
  package init(_ path: String, _ arguments: [String], showsErrors: Bool = true) throws(Failure) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    if !showsErrors { process.standardError = FileHandle.nullDevice }
    let pipe = Pipe()
    process.standardOutput = pipe
    let lines = LineQueue()
    pipe.fileHandleForReading.readabilityHandler = { handle in
      let bytes = handle.availableData
      if bytes.isEmpty { handle.readabilityHandler = nil }
      lines.add(bytes)
    }
    let (endings, ended) = AsyncStream<Int32>.makeStream()
    process.terminationHandler = { process in
      let status = process.terminationStatus
      ended.yield(process.terminationReason == .exit ? status : 128 + status)
      ended.finish()
    }
    do {
      try process.run()
    } catch {
      throw Failure(path: path, why: error.localizedDescription)
    }
    processID = process.processIdentifier
    self.lines = lines
    ending = Task {
      for await status in endings { return status }
      return -1
    }
  }

  /// The next line of its standard output; nil at its end.
  package func nextLine() async -> String? { await lines.next() }

  /// Its exit code, or 128 and the signal that ended it.
  package func exitCode() async -> Int32 { await ending.value }

  /// Asks it to end (SIGTERM).
  package func terminate() { kill(processID, SIGTERM) }
}

/// Lines as they come, for one reader.
private final class LineQueue: Sendable {
  private struct State {
    var open: [UInt8] = []
    var lines: [String] = []
    var hasEnded = false
    var waiting: CheckedContinuation<String?, Never>?
  }

  private let state = Mutex(State())

  /// Takes what was read; nothing at the end.
  func add(_ bytes: Data) {
    let resume = state.withLock { state -> (CheckedContinuation<String?, Never>, String?)? in
      state.hasEnded = bytes.isEmpty
      state.open += bytes
      while let newline = state.open.firstIndex(of: 0x0A) {
        state.lines.append(String(decoding: state.open[..<newline], as: UTF8.self))
        state.open.removeFirst(newline + 1)
      }
      guard let waiting = state.waiting, state.hasEnded || !state.lines.isEmpty else { return nil }
      state.waiting = nil
      return (waiting, state.lines.isEmpty ? nil : state.lines.removeFirst())
    }
    if let (waiting, line) = resume { waiting.resume(returning: line) }
  }

  func next() async -> String? {
    await withCheckedContinuation { continuation in
      let found = state.withLock { state -> String?? in
        if !state.lines.isEmpty { return .some(state.lines.removeFirst()) }
        if state.hasEnded { return .some(nil) }
        state.waiting = continuation
        return nil
      }
      if let found { continuation.resume(returning: found) }
    }
  }
}

/// A folder for things that end with the program.
package enum ScratchFolder {
  /// Makes a new one that only this user can enter; nil where the system has no place for it.
  package static func make() -> String? {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "secure_chat-" + UUID().uuidString)
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      return nil
    }
    return folder.path
  }

  /// Writes a file that only this user can read; false where that fails.
  package static func write(_ text: String, to path: String) -> Bool {
    FileManager.default.createFile(
      atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
  }

  /// Removes a folder with all that is in it.
  package static func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// A word of 22 random characters, for a password that nobody has to remember.
  package static func randomWord() -> String {
    let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
    return String((0..<22).map { _ in letters[Int.random(in: letters.indices)] })
  }
}

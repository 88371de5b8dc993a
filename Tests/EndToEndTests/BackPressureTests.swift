import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Somebody does not read: what waits is bounded, others are served, and nothing is lost.
  @Suite struct BackPressure {
    /// More than all windows and the system's buffers of one link hold.
    private let lineCount = 240
    private let lineLength = 60_000
    /// What may wait in a program, in bytes: the windows of the protocol and copies of what is in them. All that
    /// is sent would be more.
    private let growthLimit = 12 << 20

    private func line(_ number: Int) -> String {
      String(repeating: "\(number % 10)", count: lineLength - 6) + String(format: "%06d", number)
    }

    // [L-07]
    @Test func aStandardOutputThatStandsStillHoldsUpItsOwnPeerAlone() async throws {
      let scene = try Scene(users: Scene.threeUsers())
      let pipe = scene.folder.file("pipe")
      try #require(mkfifo(pipe, 0o600) == 0)
      // Open for reading, so that the listener can open it, and read by nobody.
      let readEnd = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      try #require(readEnd >= 0)
      let port = FreePort.next()
      let listener = try scene.start(
        throughShell: "exec \"$@\" > pipe",
        ["listen", "--users", "users.json", "--as", "user2", "--port", "\(port)"], home: "two")
      try await listener.complains("user2 is listening")

      let writer = try scene.start(
        [
          "send", "user2", "--users", "users.json", "--as", "user1", "--lines", "--json", "--to",
          "127.0.0.1:\(port)",
        ],
        home: "one")
      writer.write("first\n")
      _ = try await writer.event("delivered")
      let before = try #require(memory(of: listener))
      let pump = Pump(lineCount, line, into: writer)
      try await pump.standsStill()
      #expect(pump.written < lineCount)
      let growth = try #require(memory(of: listener)) - before
      #expect(growth < growthLimit, "the listener grew by \(growth >> 10) kB")

      // The network side goes on for somebody else, though nothing can be shown.
      let other = try await scene.send("served meanwhile", from: "user3", port: port, home: "three")
      let otherEnding = try await other.ending()
      try scene.expect(otherEnding == .exited(0), "another peer: \(otherEnding)", other)
      try scene.expect(writer.isRunning, "the writer has ended", writer)

      _ = fcntl(readEnd, F_SETFL, 0)
      let shown = Gathered(reading: readEnd)
      try await pump.isDone()
      writer.closeInput()
      let ending = try await writer.ending(within: 120)
      try scene.expect(ending == .exited(0), "send: \(ending)", other)
      try await scene.stop(listener)
      #expect(await shown.end(within: 60))
      var lines = shown.text.split(separator: "\n").map(String.init)
      lines.removeAll { $0 == "served meanwhile" }
      #expect(lines.count == lineCount + 1)
      #expect(lines.first == "first")
      #expect(lines.dropFirst().enumerated().allSatisfy { $1 == line($0) })
    }

    // [L-07]
    @Test func aPeerThatDoesNotReadHoldsUpTheInput() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let writer = try scene.start(
        [
          "send", "user2", "--users", "users.json", "--as", "user1", "--lines", "--json", "--to",
          "127.0.0.1:\(port)",
        ],
        home: "one")
      writer.write("first\n")
      _ = try await writer.event("delivered")
      let before = try #require(memory(of: writer))
      listener.send(SIGSTOP)
      let pump = Pump(lineCount, line, into: writer)
      try await pump.standsStill()
      let (waited, growth) = (pump.written, try #require(memory(of: writer)) - before)
      listener.send(SIGCONT)
      #expect(waited < lineCount)
      #expect(growth < growthLimit, "the sender grew by \(growth >> 10) kB")
      try await pump.isDone()
      _ = try await writer.event("delivered", lineCount, within: 120)
      writer.closeInput()
      let ending = try await writer.ending()
      try scene.expect(ending == .exited(0), "send: \(ending)")
      try await scene.stop(listener)
      let texts = try listener.events.compactMap { $0.event == "message" ? $0.text("text") : nil }
      #expect(texts.count == lineCount + 1)
      #expect(texts.dropFirst().enumerated().allSatisfy { $1 == line($0) })
    }

    /// Bytes of a program's memory (proc(5), VmRSS).
    private func memory(of program: RunningProgram) -> Int? {
      let status = try? String(contentsOfFile: "/proc/\(program.processID)/status", encoding: .utf8)
      let line = status?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
      return line?.split { !$0.isNumber }.first.flatMap { Int($0) }.map { $0 << 10 }
    }
  }
}

/// Writes lines into a program on a thread of its own, which stands still while the program does not read.
private final class Pump: Sendable {
  private let progress = Watched(0)
  private let count: Int

  init(_ count: Int, _ line: @escaping @Sendable (Int) -> String, into program: RunningProgram) {
    self.count = count
    let progress = progress
    Thread.detachNewThread {
      for number in 0..<count {
        program.write(line(number) + "\n")
        progress.change { $0 = number + 1 }
      }
    }
  }

  var written: Int { progress.value }

  /// Waits until no line is taken for a second; well below the time after which silence ends a session.
  func standsStill() async throws {
    for _ in 0..<10 {
      let before = written
      let moved = await progress.wait(within: 1) { $0 > before ? true : nil }
      if moved == nil { return }
      // Lines are still taken: not so often that a slow machine never gets here.
      try await Task.sleep(for: .milliseconds(500))
    }
  }

  func isDone() async throws {
    let count = count
    guard await progress.wait(within: 120, { $0 == count ? true : nil }) != nil else {
      throw ProgramFailure("only \(written) of \(count) lines were taken")
    }
  }
}

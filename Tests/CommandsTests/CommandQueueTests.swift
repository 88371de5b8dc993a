import Commands
import Foundation
import Messenger
import Synchronization
import Terminal
import TestSupport
import Testing
import Wire

@Suite struct CommandQueueTests {
  /// A folder in which commands run, and what was told of them.
  private final class Scene: Sendable {
    let folder: TemporaryFolder
    private let told = Mutex<[String]>([])

    init() throws { folder = try TemporaryFolder() }

    var reports: [String] { told.withLock { $0 } }

    func queue(
      _ kind: CommandQueue.Kind, _ line: String, _ change: (inout CommandQueue.Settings) -> Void = { _ in }
    ) throws -> CommandQueue {
      var settings = CommandQueue.Settings()
      // Longer than any test waits.
      settings.run.milliseconds = 600_000
      change(&settings)
      return try CommandQueue(kind, "cd '\(folder.path)'; " + line, settings: settings) { [self] report in
        let words =
          switch report {
          case .output(let bytes, let isCut): "output \(String(decoding: bytes, as: UTF8.self)) \(isCut)"
          case .failed(let ending, let message): "failed \(ending) \(message.seq)"
          case .notStarted: "not started"
          case .isFull(let count): "full \(count)"
          case .leftOut(let count): "left out \(count)"
          }
        told.withLock { $0.append(words) }
      }
    }

    func text(_ name: String) -> String? { try? String(contentsOfFile: folder.file(name), encoding: .utf8) }

    /// Waits, far longer than it takes.
    func waits(until condition: @Sendable () -> Bool) async -> Bool {
      for _ in 0..<6000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
      }
      return false
    }
  }

  private func message(_ number: Int, from name: String = "user1", text: String? = nil) throws -> MessageEvent
  {
    MessageEvent(
      session: SessionID(bytes: [UInt8](repeating: 7, count: 32)),
      id: MessageID(stream: 1, number: UInt64(number)), from: try PeerName(name),
      seq: UInt64(number), text: Array((text ?? "text \(number)\n").utf8), time: UnixTime(milliseconds: 0),
      sent: UnixTime(milliseconds: 0), verified: number % 2 == 0)
  }

  @Test func eachMessageOfASenderIsRunInItsOrderWithItsOwnValues() async throws {
    let scene = try Scene()
    let line = "cat >> texts; echo \"$SECURE_CHAT_FROM $SECURE_CHAT_SEQ $SECURE_CHAT_VERIFIED\" >> values"
    let queue = try scene.queue(.exec, line)
    for number in 1...12 { await queue.take(try message(number)) }
    await queue.finish()
    #expect(scene.text("texts") == (1...12).map { "text \($0)\n" }.joined())
    #expect(
      scene.text("values") == (1...12).map { "user1 \($0) \($0 % 2 == 0 ? "yes" : "no")\n" }.joined())
    #expect(scene.reports.isEmpty)
  }

  @Test func sendersRunSideBySideAndNoMoreThanAllowed() async throws {
    let scene = try Scene()
    // Each of the two waits for the other, and a third has no place beside them.
    let line = """
      mkdir "run-$SECURE_CHAT_FROM"; ls -d run-* | wc -l >> counts
      case $SECURE_CHAT_FROM in
        user1) until [ -d run-user2 ]; do sleep 0.01; done;;
        user2) until [ -d run-user1 ]; do sleep 0.01; done;;
      esac
      ls -d run-* | wc -l >> counts; touch "done-$SECURE_CHAT_FROM"
      until [ -f done-user1 ] && [ -f done-user2 ]; do sleep 0.01; done; rmdir "run-$SECURE_CHAT_FROM"
      """
    let queue = try scene.queue(.exec, line) { $0.sideBySide = 2 }
    for name in ["user1", "user2", "user3"] { await queue.take(try message(1, from: name)) }
    await queue.finish()
    let counts = try #require(scene.text("counts")).split(whereSeparator: \.isWhitespace).compactMap {
      Int($0)
    }
    #expect(counts.count == 6 && counts.max() == 2, "\(counts)")
    #expect(scene.reports.isEmpty)
  }

  @Test func whoBringsMoreThanThereIsRoomForWaitsAndNothingIsLost() async throws {
    let scene = try Scene()
    let queue = try scene.queue(.exec, "until [ -f go ]; do sleep 0.01; done; cat >> texts") {
      $0.waitingLimit = 2
    }
    let messages = try (1...6).map { try message($0) }
    let bringing = Task { for message in messages { await queue.take(message) } }
    #expect(await scene.waits { scene.reports == ["full 2"] })
    #expect(scene.text("texts") == nil)
    try scene.folder.write("", to: "go")
    await bringing.value
    await queue.finish()
    #expect(scene.text("texts") == (1...6).map { "text \($0)\n" }.joined())
    #expect(scene.reports.allSatisfy { $0 == "full 2" })
  }

  @Test func aNotificationHasNoTextAndOneTooManyIsLeftOut() async throws {
    let scene = try Scene()
    let queue = try scene.queue(
      .notify, "until [ -f go ]; do sleep 0.01; done; cat >> texts; echo \"$SECURE_CHAT_SEQ\" >> numbers"
    ) { $0.waitingLimit = 2 }
    for number in 1...6 { await queue.take(try message(number)) }
    try scene.folder.write("", to: "go")
    await queue.finish()
    #expect(scene.text("texts") == "" && scene.text("numbers") == "1\n2\n3\n")
    #expect(scene.reports == ["left out 3"])
  }

  @Test func whatItSaysAndHowItFailsIsTold() async throws {
    let scene = try Scene()
    let queue = try scene.queue(.exec, "cat; exit \"$SECURE_CHAT_SEQ\"") { $0.run.outputBytes = 4 }
    await queue.take(try message(3))
    await queue.take(try message(4, text: ""))
    await queue.finish()
    #expect(scene.reports == ["output text true", "failed exited(3) 3", "failed exited(4) 4"])
  }

  @Test func aStopEndsWhatRunsDropsWhatWaitsAndSaysSo() async throws {
    let scene = try Scene()
    let queue = try scene.queue(.exec, "echo > runs; sleep 1000") { $0.waitingLimit = 1 }
    let messages = try (1...3).map { try message($0) }
    // The third waits for room when the stop comes.
    let bringing = Task { for message in messages { await queue.take(message) } }
    #expect(await scene.waits { scene.text("runs") != nil && scene.reports == ["full 1"] })
    await queue.stop()
    await bringing.value
    await queue.finish()
    let leftOut = scene.reports.compactMap { report in
      report.hasPrefix("left out ") ? Int(report.dropFirst("left out ".count)) : nil
    }
    #expect(leftOut.reduce(0, +) == 2 && scene.reports.contains("failed stopped 1"), "\(scene.reports)")
  }
}

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `--exec`, `--notify-cmd` and the bell.
  @Suite struct ArrivalCommands {
    @Test func theTextReachesTheCommandOnItsStandardInputAndNowhereElse() async throws {
      let scene = try Scene()
      let text = "$(touch owned) `touch owned`; touch owned\n'\"\\ & | > owned \u{1b}[2J\u{7} é 漢\n\n"
      let line =
        "cat > got.$SECURE_CHAT_SEQ; tr '\\0' '\\n' < /proc/$$/cmdline > line; env | grep ^SECURE_CHAT_ | "
        + "sort > values; cat got.$SECURE_CHAT_SEQ; exit 7"
      let (listener, port) = try await scene.listener(as: "user2", home: "two", "--exec", line, "--once")
      let sender = try await scene.send(text, port: port, home: "one")
      try scene.expect(try await sender.ending() == .exited(0), "send", sender, listener)
      // `--once` ends when the command has.
      try scene.expect(try await listener.ending() == .exited(0), "listen", listener)
      func file(_ name: String) throws -> String {
        try String(contentsOfFile: scene.folder.file(name), encoding: .utf8)
      }
      #expect(try file("got.1") == text)
      #expect(!scene.folder.allFiles.contains { $0.hasSuffix("owned") })
      #expect(try file("line") == "/bin/sh\n-c\n--\n\(line)\n")
      let message = try await listener.event("message")
      let values = try file("values").split(separator: "\n").map(String.init)
      #expect(
        values.filter { !$0.hasPrefix("SECURE_CHAT_HOME=") } == [
          "SECURE_CHAT_FROM=user1", "SECURE_CHAT_ID=\(try #require(message.text("id")))", "SECURE_CHAT_SEQ=1",
          "SECURE_CHAT_SESSION=\(try #require(try await listener.event("connected").text("session")))",
          "SECURE_CHAT_VERIFIED=no",
        ])
      // What it wrote is shown, made safe, on standard error; its failure is an event.
      try await listener.complains("--exec: $(touch owned)")
      try await listener.complains("\\x1b[2J\\x07")
      #expect(!listener.errors.text.contains("\u{1b}"))
      let warning = try await listener.event("warning")
      #expect(warning.text("code") == "W_EXEC" && warning.text("message")?.contains("7") == true)
    }

    @Test func oneThatNeverEndsKeepsNobodyWaitingAndIsGoneWithTheListener() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(
        as: "user2", home: "two", "--exec", "echo $$ > number.new; mv number.new number; exec sleep 1000")
      for text in ["one", "two"] {
        let sender = try await scene.send(text, port: port, home: "one")
        try scene.expect(try await sender.ending() == .exited(0), "send", sender, listener)
      }
      var number: Int32?
      var tries = 0
      while number == nil, tries < 6000 {
        number = (try? String(contentsOfFile: scene.folder.file("number"), encoding: .utf8)).flatMap {
          Int32($0.trimmingCharacters(in: .newlines))
        }
        if number == nil { try await Task.sleep(for: .milliseconds(10)) }
        tries += 1
      }
      let process = try #require(number)
      #expect(kill(process, 0) == 0)
      try await scene.stop(listener)
      // Reaped, too: the number is nobody's any more.
      #expect(kill(process, 0) != 0)
      let warnings = try listener.events.filter { $0.event == "warning" }.compactMap { $0.text("message") }
      #expect(
        warnings.count == 2 && warnings.contains { $0.contains("was not run for 1 message") }, "\(warnings)")
    }

    @Test func aPersonHearsABellAndTheNotificationHasNoText() async throws {
      let scene = try Scene()
      let two = try scene.person(
        "listen", "--users", "users.json", "--as", "user2", "--port", "0", "--notify-cmd",
        "cat > stdin; echo \"from $SECURE_CHAT_FROM\"", home: "two", name: "user2")
      let port = try await Self.port(of: two)
      let sender = try await scene.send("good morning", port: port, home: "one")
      try scene.expect(try await sender.ending() == .exited(0), "send", sender, two)
      try await two.shows("good morning")
      try await two.shows("--notify-cmd: from user1")
      try await two.shows("\u{7}")
      #expect(try String(contentsOfFile: scene.folder.file("stdin"), encoding: .utf8).isEmpty)
      two.write("/quit\r")
      #expect(try await two.ending() == .exited(0))

      // Not with --quiet.
      let quiet = try scene.person(
        "listen", "--users", "users.json", "--as", "user2", "--port", "0", "--quiet", home: "two",
        name: "quiet")
      let again = try await scene.send("good night", port: try await Self.port(of: quiet), home: "one")
      try scene.expect(try await again.ending() == .exited(0), "send", again, quiet)
      try await quiet.shows("good night")
      quiet.write("/quit\r")
      #expect(try await quiet.ending() == .exited(0))
      #expect(!quiet.output.text.unicodeScalars.contains("\u{7}"))
    }

    /// The port that a listener at a terminal says.
    private static func port(of listener: RunningProgram) async throws -> Int {
      let end = try await listener.shows("is listening on 127.0.0.1:")
      _ = try await listener.shows(": only this computer", after: end)
      let rest = String(decoding: listener.output.bytes[end...], as: UTF8.self)
      return try #require(Int(rest.prefix { $0.isNumber }))
    }
  }
}

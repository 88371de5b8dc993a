import TestSupport
import Testing

extension EndToEnd {
  /// The events of `--json`: a program that reads them relies on every field of the manual.
  @Suite struct Events {
    private enum Kind { case text, time, number, truth }

    /// Fields that every event of a name has.
    private static let fields: [String: [String: Kind]] = [
      "listening": ["as": .text, "address": .text, "port": .number, "first_contact": .truth],
      "connecting": ["to": .text, "address": .text],
      "step": ["name": .text, "dir": .text],
      "connected": [
        "session": .text, "peer": .text, "address": .text, "group": .text, "cipher": .text, "known": .truth,
        "verified": .truth,
      ],
      "message": [
        "id": .text, "from": .text, "seq": .number, "text": .text, "time": .time, "sent": .time,
        "verified": .truth,
      ],
      "delivered": [
        "id": .text, "to": .text, "seq": .number, "logged": .number, "tag": .text, "ms": .number,
      ],
      "closed": [
        "session": .text, "peer": .text, "reason": .text, "sent": .number, "received": .number,
        "truncated": .truth,
      ],
      "refused": ["address": .text, "code": .text, "reason": .text],
      "repair_wanted": ["name": .text, "address": .text],
      "error": ["code": .text, "exit": .number, "message": .text],
      "warning": ["code": .text, "message": .text],
    ]

    private func has(_ line: JSONLine, _ field: String, _ kind: Kind) -> Bool {
      switch kind {
      case .text: line.text(field)?.isEmpty == false
      case .time:
        line.text(field)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil
      case .number: line.number(field).map { $0 >= 0 } == true
      case .truth: line.truth(field) != nil
      }
    }

    @Test func everyEventHasEveryFieldOfTheManual() async throws {
      let scene = try Scene(
        users: """
          [ {"username": "user1", "password": "p1", "ip": "127.0.0.1", "port": \(FreePort.next())},
            {"username": "user2", "password": "p2", "ip": "127.0.0.1", "port": \(FreePort.next())},
            {"username": "user3", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
          """)
      let (listener, port) = try await scene.listener(as: "user2", home: "two", "-v")
      let sender = try await scene.send("hello", port: port, home: "one", "-v")
      try scene.expect(try await sender.ending() == .exited(0), "send", sender, listener)
      _ = try await listener.event("closed")
      // A guess that fails, then somebody who lost the keys that the listener knows.
      try scene.folder.write("wrong\n", to: "wrong")
      let guess = try await scene.send(
        "x", from: "user3", port: port, home: "three", "--password-file", "wrong")
      try scene.expect(try await guess.ending() == .exited(5), "a wrong password", guess, listener)
      let refused = try await listener.event("refused")
      #expect(refused.text("name") == "user3" && refused.number("tries_left") == 4)
      let newcomer = try await scene.send("x", port: port, home: "new")
      _ = try await listener.event("repair_wanted")
      // A listener without a password.
      let (closed, _) = try await scene.listener(as: "user3", home: "four")
      _ = try await closed.event("warning")
      try await scene.stop(closed)
      try await scene.stop(listener)

      let events = try [sender, listener, guess, newcomer, closed].flatMap { try $0.events }
      for event in events {
        #expect(event.line.hasPrefix(#"{"v":1,"event":""#), "\(event.line)")
        let fields = try #require(Self.fields[event.event ?? ""], "\(event.line)")
        for (field, kind) in fields { #expect(has(event, field, kind), "\(field) of \(event.line)") }
      }
      #expect(Set(events.compactMap(\.event)) == Set(Self.fields.keys))
      // At first contact the words are there to compare.
      let connected = events.filter { $0.event == "connected" }
      #expect(connected.count == 2)
      for event in connected {
        #expect(event.truth("known") == false)
        #expect(event.text("words")?.split(separator: " ").count == 6)
      }
      // Both sides name the same session, and the same message.
      #expect(Set(connected.compactMap { $0.text("session") }).count == 1)
      let named = events.filter { ["message", "delivered"].contains($0.event) }
      #expect(named.count == 2 && Set(named.compactMap { $0.text("id") }).count == 1)
      #expect(named.allSatisfy { $0.number("seq") == 1 })
    }
  }
}

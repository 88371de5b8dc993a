import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Groups, ciphers and floors of the built programs.
  @Suite struct Negotiation {
    // [N-03] [N-06]
    @Test("attack 19: a weaker key agreement than before is exit 4, until both sides allow it")
    func aWeakerKeyAgreementNeedsTheWordOfBothSides() async throws {
      let scene = try Scene()
      var (listener, port) = try await scene.listener(as: "user2", home: "two")
      let first = try await scene.send("one", port: port, home: "one")
      try scene.expect(try await first.ending() == .exited(0), "the first contact")
      let strong = try await listener.event("connected")
      #expect(strong.text("group") == "x25519-mlkem768")
      #expect(strong.text("cipher") == "aes256-cbc-hmac-crc32")

      // The dialler's own floor, at RESP.
      let weak = try await scene.send("two", port: port, home: "one", "--groups", "x25519")
      let ending = try await weak.ending()
      try scene.expect(ending == .exited(4), "a weaker group: \(ending)")
      let error = try await weak.event("error")
      #expect(error.text("code") == "E_DOWNGRADE")
      #expect(weak.output.text.contains("--allow-downgrade user2"))

      // With the dialler's word alone the listener refuses, after AUTH.
      let willing = try await scene.send(
        "three", port: port, home: "one", "--groups", "x25519", "--allow-downgrade", "user2")
      let refusal = try await willing.ending()
      try scene.expect(refusal == .exited(5), "allowed by the dialler alone: \(refusal)")
      // The first refusal is the end that the dialler made at RESP.
      #expect(try await listener.event("refused").text("code") == "E_CLOSED")
      #expect(try await listener.event("refused", 1).text("code") == "E_DOWNGRADE")
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.map { $0.text("text") } == ["one"])

      // With both, the conversation has what was asked for, and that is the floor from there.
      (listener, port) = try await scene.listener(
        as: "user2", home: "two", "--allow-downgrade", "user1", "--ciphers",
        "aes256-cbc-hmac-crc32,aes256-gcm")
      let both = try await scene.send(
        "four", port: port, home: "one", "--groups", "x25519", "--ciphers",
        "xchacha20-poly1305,aes256-gcm")
      try scene.expect(try await both.ending() == .exited(0), "allowed by both")
      let connected = try await listener.event("connected")
      #expect(connected.text("group") == "x25519" && connected.text("cipher") == "aes256-gcm")
      let field = try await scene.send("five", port: port, home: "one", "--groups", "x25519,x25519-ffdhe3072")
      try scene.expect(try await field.ending() == .exited(0), "a stronger one again")
      #expect(try await listener.event("connected", 1).text("group") == "x25519-ffdhe3072")
      try await scene.stop(listener)
      #expect(try await scene.verdicts(home: "two").allSatisfy { $0.text("verdict") == "verified" })
    }

    // [N-06]
    @Test func listsThatNameNothingOrOneThingTwiceAreExplained() async throws {
      let scene = try Scene()
      for (option, list, words) in [
        ("--groups", "x25519,p256", "x25519-mlkem768 x25519 x25519-ffdhe3072"),
        ("--groups", "x25519,x25519", "twice"), ("--groups", "", "does not know"),
        ("--ciphers", "aes256-gcm,rot13", "aes256-cbc-hmac-crc32 aes256-gcm xchacha20-poly1305"),
        ("--ciphers", "aes256-gcm, aes256-gcm", "twice"),
        ("--allow-downgrade", "user2", "do not know user2"),
      ] {
        let run = try await scene.run(
          "send", "user2", "--users", "users.json", "--as", "user1", option, list, input: "text")
        try scene.expect(run.exit == .exited(2), "\(option) \(list): \(run.exit)")
        #expect(run.errors.contains(words), "\(option) \(list): \(run.errors)")
      }
    }
  }
}

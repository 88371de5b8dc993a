import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// A profile under a passphrase, as scripts and people open it.
  @Suite struct Passphrases {
    private func scene() throws -> (scene: Scene, right: String, wrong: String) {
      let scene = try Scene()
      return (
        scene, try scene.folder.write("open sesame\n", to: "right"),
        try scene.folder.write("open sesam", to: "wrong")
      )
    }

    @Test func withoutATerminalALockedProfileNamesTheOptionAndAWrongPassphraseIsExit5() async throws {
      let (scene, right, wrong) = try scene()
      // Nothing is made where no passphrase was given.
      let none = try await scene.run("init", "--as", "user1", "--passphrase")
      try scene.expect(none.exit == .exited(2), "init: \(none)")
      #expect(none.errors.contains("--passphrase-file"))
      #expect(!FileManager.default.fileExists(atPath: scene.folder.file("home/profiles/user1/identity")))

      let made = try await scene.run("init", "--as", "user1", "--passphrase", "--passphrase-file", right)
      try scene.expect(made.exit == .exited(0), "init: \(made)")
      let locked = try await scene.run("id", "--as", "user1")
      try scene.expect(locked.exit == .exited(2), "id: \(locked)")
      #expect(locked.errors.contains("--passphrase-file") && locked.output.isEmpty)
      let refused = try await scene.run("id", "--as", "user1", "--passphrase-file", wrong)
      try scene.expect(refused.exit == .exited(5), "id: \(refused)")
      let found = try await scene.run("id", "--as", "user1", "--passphrase-file", right)
      try scene.expect(found.exit == .exited(0), "id: \(found)")
      #expect(found.output == made.output)

      // A profile that is locked takes another passphrase only from the option of the new one.
      let again = try await scene.run("init", "--as", "user1", "--passphrase", "--passphrase-file", right)
      try scene.expect(again.exit == .exited(2), "init: \(again)")
      #expect(again.errors.contains("--new-passphrase-file"))
      let next = try scene.folder.write("another", to: "next")
      let changed = try await scene.run(
        "init", "--as", "user1", "--passphrase", "--passphrase-file", right, "--new-passphrase-file", next)
      try scene.expect(changed.exit == .exited(0), "init: \(changed)")
      let old = try await scene.run("id", "--as", "user1", "--passphrase-file", right)
      try scene.expect(old.exit == .exited(5), "id: \(old)")
    }

    @Test func aLockedProfileTalksAndItsLogOpensWithTheSamePassphrase() async throws {
      let (scene, right, wrong) = try scene()
      let (listener, port) = try await scene.listener(as: "user2")
      let sender = try await scene.send(
        "under lock", port: port, "--passphrase-file", right)
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(0), "send: \(ending)")
      #expect(try await listener.event("message").text("text") == "under lock")
      try await scene.stop(listener)
      let log = try #require(scene.logs(of: "user1").first)
      let none = try await scene.check("verify", log)
      try scene.expect(none.exit == .exited(2), "verify: \(none)")
      #expect(none.errors.contains("--passphrase-file"))
      let refused = try await scene.check("verify", log, "--passphrase-file", wrong)
      try scene.expect(refused.exit == .exited(4), "verify: \(refused)")
      let found = try await scene.check("verify", log, "--passphrase-file", right)
      try scene.expect(found.exit == .exited(0), "verify: \(found)")
      #expect(!found.errors.contains("no passphrase"))
    }

    @Test func aPersonIsAskedThreeTimesAndWhatIsTypedIsNotShown() async throws {
      let (scene, right, _) = try scene()
      let made = try await scene.run("init", "--as", "user1", "--passphrase", "--passphrase-file", right)
      try scene.expect(made.exit == .exited(0), "init: \(made)")
      let person = try scene.person("id", "--as", "user1", name: "user1")
      var seen = try await person.shows("Passphrase for user1: ")
      person.write("mistyped\r")
      seen = try await person.shows("Try again", after: seen)
      seen = try await person.shows("Passphrase for user1: ", after: seen)
      person.write("open sesame\r")
      let ending = try await person.ending()
      try scene.expect(ending == .exited(0), "id: \(ending)", person)
      #expect(!person.output.text.contains("mistyped") && !person.output.text.contains("sesame"))

      let guesser = try scene.person("id", "--as", "user1", name: "guesser")
      seen = 0
      for _ in 0..<3 {
        seen = try await guesser.shows("Passphrase for user1: ", after: seen)
        guesser.write("wrong\r")
      }
      let end = try await guesser.ending()
      try scene.expect(end == .exited(5), "id: \(end)", guesser)
    }
  }
}

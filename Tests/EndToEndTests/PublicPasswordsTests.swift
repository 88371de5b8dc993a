import TestSupport
import Testing

extension EndToEnd {
  /// The example's passwords are everybody's: said where others can use them, and only there.
  @Suite struct PublicPasswords {
    @Test func aListenerThatOthersReachSaysThatItsPasswordsArePublic() async throws {
      let scene = try Scene()
      let (listener, _) = try await scene.listener(as: "user2", "--bind", "0.0.0.0")
      let warning = try await listener.event("warning")
      #expect(warning.text("code") == "W_PUBLIC_PASSWORDS")
      #expect(
        warning.text("message")
          == "These passwords are public: anyone can be user1; put your own into users.json.")
      try await listener.complains("Others dial")
      #expect(!listener.errors.text.contains("0.0.0.0"), "nobody can dial that: \(listener.errors.text)")
      try await scene.stop(listener)
    }

    @Test func aListenerOnLoopbackAndOnesOwnPasswordsAreNotWarnedAbout() async throws {
      let scene = try Scene()
      let (loopback, _) = try await scene.listener(as: "user2")
      try await scene.stop(loopback)
      #expect(!loopback.output.text.contains("W_PUBLIC_PASSWORDS"))
      try scene.folder.write(
        Scene.twoUsers().replacing("password1", with: "one of ours").replacing("password2", with: "another"),
        to: "users.json")
      let (own, _) = try await scene.listener(as: "user2", "--bind", "0.0.0.0")
      try await scene.stop(own)
      #expect(!own.output.text.contains("W_PUBLIC_PASSWORDS"))
    }
  }
}

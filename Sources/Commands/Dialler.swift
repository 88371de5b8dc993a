import Messenger
import Wire

/// Dials one target again and again by a policy, announcing each further try.
struct Dialler: Sendable {
  let messenger: Messenger
  let target: DialTarget
  let output: Output

  /// Returns a live session, or throws what made trying again pointless.
  func dial(
    password: PasswordChoice, by policy: inout RetryPolicy
  ) async throws(Failure) -> SessionID {
    while true {
      if output.isJSON { try await output.payload(bytes: JSONEvents.connecting(target)) }
      do throws(MessengerFailure) {
        return try await messenger.dial(target, password: password)
      } catch {
        let failure = Sentences.failure(error, me: messenger.identity.name)
        guard let seconds = policy.wait(after: error) else { throw failure }
        await announce(failure, seconds)
        try await Pause.seconds(seconds)
      }
    }
  }

  func announce(_ failure: Failure, _ seconds: Int) async {
    let text = Sentences.tryingAgain(failure, seconds: seconds)
    if output.isJSON {
      try? await output.payload(bytes: JSONEvents.warning(code: "W_RETRY", message: text))
    }
    await output.notice(text)
  }
}

/// A wait that a cancelled task leaves at once.
enum Pause {
  static func seconds(_ seconds: Int) async throws(Failure) {
    do {
      try await Task.sleep(for: .seconds(seconds))
    } catch {
      throw Sentences.interrupted
    }
  }
}

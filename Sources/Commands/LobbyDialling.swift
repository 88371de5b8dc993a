import Messenger
import Wire

// Dialling from the lobby: in the background, until it works, ENTER stops it, or trying again is pointless.
extension Lobby {
  /// Wrong passwords that a person may type in a row.
  static let passwordTries = 3

  /// Asks for the password if one is needed, and starts. Called by the loop that reads the keyboard.
  func startDialling(_ target: DialTarget) async throws(Failure) {
    let (password, wasAsked) = try await passwords.toDial(target.name, messenger)
    if let warning = await PublicPasswords(party: party).dialling(target, messenger) {
      await screen.say(warning)
    }
    dial(target, password: password, tries: 1, wasAsked: wasAsked, afterLoss: false)
    await showPrompt()
  }

  func dial(
    _ target: DialTarget, password: PasswordChoice, tries: Int, wasAsked: Bool, afterLoss: Bool
  ) {
    targets[target.name] = target
    let task = Task { [messenger] in
      var policy = RetryPolicy.untilStopped
      var isFirst = true
      while !Task.isCancelled {
        if isFirst, afterLoss { _ = try? await Pause.seconds(1) }
        do throws(MessengerFailure) {
          _ = try await messenger.dial(target, password: password)
          return
        } catch {
          guard let seconds = policy.wait(after: error) else {
            return await self.dialFailed(target, error, tries: tries, wasAsked: wasAsked)
          }
          if isFirst { await self.sayTryingAgain(target, error) }
          isFirst = false
          guard (try? await Pause.seconds(seconds)) != nil else { return }
        }
      }
    }
    dials.append((target, task))
  }

  private func sayTryingAgain(_ target: DialTarget, _ failure: MessengerFailure) async {
    guard dials.contains(where: { $0.target == target }) else { return }
    await screen.say(Sentences.notListening(target, failure, users: party.users))
  }

  /// ENTER on an empty line while somebody is dialled.
  func stopDialling() async {
    let stopped = dials
    dials = []
    for dial in stopped { dial.task.cancel() }
    if !isListener, hub.count == 0, let first = stopped.first {
      return await end(.failure(Sentences.stoppedTrying(first.target)))
    }
    for dial in stopped { await screen.say(Sentences.explained(Sentences.stoppedTrying(dial.target))) }
    await showPrompt()
  }

  private func dialFailed(
    _ target: DialTarget, _ failure: MessengerFailure, tries: Int, wasAsked: Bool
  ) async {
    guard dials.contains(where: { $0.target == target }), outcome == nil else { return }
    dials.removeAll { $0.target == target }
    let sentence = Sentences.failure(failure, me: party.me)
    if case .firstContactFailed = failure, wasAsked, tries < Self.passwordTries {
      return await wantAsked(.passwordAgain(target, sentence, tries: tries))
    }
    if case .notProven(let facts) = failure, facts.isOfThisHome {
      return await wantAsked(.verifyNow(target, sentence))
    }
    await giveUp(sentence)
  }

  /// A dialler with nobody to talk to ends with the failure; a listener goes on.
  private func giveUp(_ failure: Failure) async {
    if !isListener, hub.count == 0 { return await end(.failure(failure)) }
    await screen.say(Sentences.explained(failure))
    await showPrompt()
  }

  // MARK: Questions that a dial leads to

  func wantAsked(_ question: Question) async {
    questions.append(question)
    await screen.stopWaiting()
  }

  /// Called by the loop that reads the keyboard, so that nothing else reads it meanwhile.
  func askWhatWaits() async {
    while outcome == nil, !questions.isEmpty {
      do throws(Failure) {
        switch questions.removeFirst() {
        case .passwordAgain(let target, let failure, let tries):
          await screen.say(Sentences.explained(failure))
          let password = try await passwords.ask(of: target.name)
          dial(target, password: .entered(password), tries: tries + 1, wasAsked: true, afterLoss: false)
        case .verifyNow(let target, let failure):
          try await offerVerification(target, failure)
        case .newKey(let proposal): await decide(proposal)
        }
      } catch {
        await giveUp(error)
      }
    }
    await showPrompt()
  }

  private func offerVerification(_ target: DialTarget, _ failure: Failure) async throws(Failure) {
    await screen.say(Sentences.explained(failure))
    let verification = Verification(
      messenger: messenger, name: target.name, console: screen, passwords: passwords)
    guard try await verification.confirm(Sentences.askVerifyNow(target.name)) else { throw failure }
    guard try await verification.pairAnew(target) == .accepted else { throw failure }
    try await startDialling(target)
  }
}

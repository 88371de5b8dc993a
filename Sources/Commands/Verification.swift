import Messenger
import Wire

/// The only way in which a known key is replaced or called right: words, shown side by side, and an answer.
struct Verification {
  enum Choice: Equatable, Sendable { case same, anew, no }
  enum Result: Equatable, Sendable { case accepted, declined }

  let messenger: Messenger
  let name: PeerName
  let console: any Console
  let passwords: Passwords

  /// Shows what is known of NAME and asks what to do about it.
  ///
  /// `canReach`: an address of NAME is at hand. Who was never met can be paired with then too: its first contacts
  /// may have failed too often.
  func choose(canReach: Bool) async throws(Failure) -> Choice {
    let contact: ContactSummary?
    do throws(MessengerFailure) {
      contact = try await messenger.contact(named: name)
    } catch {
      throw Sentences.failure(error)
    }
    if let contact { return try await choose(contact) }
    guard canReach else { throw Sentences.failure(.usage(.notKnown(name))) }
    return try await chooseUnknown()
  }

  /// The person says that the words are the same as theirs.
  func markVerified() async throws(Failure) {
    do throws(MessengerFailure) {
      try await messenger.markVerified(name)
    } catch {
      throw Sentences.failure(error)
    }
    await console.say(Sentences.marked(name))
  }

  /// Shows the words that are pinned and asks what to do about them.
  private func choose(_ contact: ContactSummary) async throws(Failure) -> Choice {
    await console.say(Sentences.pinnedWords(contact))
    while true {
      switch try await YesOrNo.answer(Sentences.askSameWords, on: console).lowercased() {
      case "s", "same", "same words": return .same
      case "p", "pair", "pair anew", "anew": return .anew
      case "n", "no": return .no
      case let answer: await console.say(Sentences.notAWordsAnswer(answer))
      }
    }
  }

  /// Asks about somebody of whom no key is known: there are no words to call the same.
  private func chooseUnknown() async throws(Failure) -> Choice {
    await console.say(Sentences.noPinnedWords(name))
    while true {
      switch try await YesOrNo.answer(Sentences.askPairOrNo, on: console).lowercased() {
      case "p", "pair", "pair anew", "anew": return .anew
      case "n", "no": return .no
      case let answer: await console.say(Sentences.notAPairAnswer(answer))
      }
    }
  }

  /// Dials NAME with a first contact, and puts the new key to the question.
  func pairAnew(_ target: DialTarget) async throws(Failure) -> Result {
    await console.say(Sentences.pairingAnew(target))
    return try await decide(try await proposal(target))
  }

  private func proposal(_ target: DialTarget) async throws(Failure) -> VerifyProposal {
    var password = PasswordChoice.fromUsersFile
    if let given = try passwords.given() { password = .entered(given) }
    var policy = RetryPolicy.threeTries
    while true {
      do throws(MessengerFailure) {
        return try await messenger.verify(target, password: password)
      } catch {
        if case .usage(.passwordNeeded(let name)) = error {
          password = .entered(try await passwords.ask(of: name))
          continue
        }
        let failure = Sentences.failure(error, me: messenger.identity.name)
        guard let seconds = policy.wait(after: error) else { throw failure }
        await console.say(Sentences.tryingAgain(failure, seconds: seconds))
        try await Pause.seconds(seconds)
      }
    }
  }

  /// Shows old and new words; only a yes replaces anything.
  func decide(_ proposal: VerifyProposal) async throws(Failure) -> Result {
    await console.say(Sentences.oldAndNewWords(proposal))
    let isAccepted: Bool
    do throws(Failure) {
      isAccepted = try await confirm(Sentences.askNewWords(proposal.name))
    } catch {
      try? await messenger.verifyAnswer(proposal.session, accept: false)
      throw error
    }
    do throws(MessengerFailure) {
      try await messenger.verifyAnswer(proposal.session, accept: isAccepted)
    } catch {
      throw Sentences.failure(error)
    }
    await console.say(
      isAccepted ? Sentences.newKeyKept(proposal.name) : Sentences.oldKeyKept(proposal.name))
    return isAccepted ? .accepted : .declined
  }

  func confirm(_ question: String) async throws(Failure) -> Bool {
    try await YesOrNo.ask(question, on: console)
  }
}

/// A question that only `yes` or `no` answers.
enum YesOrNo {
  static func ask(_ question: String, on console: any Console) async throws(Failure) -> Bool {
    while true {
      switch try await answer(question, on: console).lowercased() {
      case "y", "yes": return true
      case "n", "no": return false
      case let answer: await console.say(Sentences.notYesOrNo(answer))
      }
    }
  }

  /// One answer, without the spaces around it.
  static func answer(_ question: String, on console: any Console) async throws(Failure) -> String {
    do throws(QuestionEnd) {
      return try await console.ask(question).trimmingSpaces
    } catch {
      throw Sentences.ended(.end(error))
    }
  }
}

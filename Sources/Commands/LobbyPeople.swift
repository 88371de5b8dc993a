import Messenger
import Wire

// /verify and /block.
extension Lobby {
  /// `/verify NAME`: compares words; in a listener's lobby it can also wait for NAME's new key.
  ///
  /// Called by the loop that reads the keyboard, so that it may ask.
  func verify(_ argument: String) async {
    guard let name = person(argument) else { return await screen.say(Sentences.verifyUsage) }
    do throws(Failure) {
      try await verify(name)
    } catch {
      await screen.say(Sentences.explained(error))
    }
    await showPrompt()
  }

  private func verify(_ name: PeerName) async throws(Failure) {
    let verification = verification(of: name)
    switch try await verification.choose(canReach: party.users?.entry(named: name) != nil) {
    case .no:
      await messenger.stopVerifying(name)
      await screen.say(Sentences.nothingChanged)
    case .same:
      try await verification.markVerified()
    case .anew:
      guard isListener else { return await screen.say(Sentences.verifyElsewhere(name)) }
      let password = try await passwords.toListen(messenger)
      do throws(MessengerFailure) {
        try await messenger.awaitVerification(of: name, password: password)
      } catch {
        throw Sentences.failure(error, me: party.me)
      }
      await screen.say(Sentences.waitingInLobby(name, me: party.me))
    }
  }

  /// A new key came for `/verify NAME`.
  func decide(_ proposal: VerifyProposal) async {
    do throws(Failure) {
      _ = try await verification(of: proposal.name).decide(proposal)
    } catch {
      await screen.say(Sentences.explained(error))
    }
  }

  private func verification(of name: PeerName) -> Verification {
    Verification(messenger: messenger, name: name, console: screen, passwords: passwords)
  }

  /// `/block NAME`: ends the conversations with NAME, and lets nobody of that name in again.
  func block(_ argument: String) async {
    guard let name = person(argument) else { return await screen.say(Sentences.blockUsage) }
    for session in hub.all where session.peer == name { hub.markLeaving(session.session) }
    do throws(MessengerFailure) {
      let isNew = try await messenger.block(name)
      await screen.say(isNew ? Sentences.blocked(name) : Sentences.blockedAlready(name))
    } catch {
      await screen.say(Sentences.explained(Sentences.failure(error, me: party.me)))
    }
  }

  /// Who is named; without a name the one in the prompt.
  private func person(_ argument: String) -> PeerName? {
    argument.isEmpty ? talking?.peer : try? PeerName(argument)
  }
}

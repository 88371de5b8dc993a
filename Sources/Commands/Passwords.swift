import Messenger
import Wire

/// Where the password of a first contact comes from: an option, the users file, or the person at the
/// terminal; for a contact that is known nobody is asked.
struct Passwords {
  private let file: String?
  private let descriptor: Int32?
  let screen: Screen?

  init(_ options: PasswordOptions?, screen: Screen?) {
    file = options?.passwordFile
    descriptor = options?.passwordDescriptor
    self.screen = screen
  }

  /// The password that an option names; nil without one.
  func given() throws(Failure) -> EnteredPassword? {
    do throws(PasswordSourceError) {
      if let file { return try EnteredPassword.read(file: file) }
      if let descriptor {
        return try EnteredPassword.read(descriptor: descriptor)
      }
      return nil
    } catch {
      throw Sentences.passwordSource(error)
    }
  }

  /// What to dial NAME with.
  func toDial(_ name: PeerName, _ messenger: Messenger) async throws(Failure) -> (PasswordChoice, asked: Bool)
  {
    if let given = try given() { return (.entered(given), false) }
    let need: PasswordNeed
    do throws(MessengerFailure) {
      need = try await messenger.passwordNeed(toDial: name)
    } catch {
      throw Sentences.failure(error)
    }
    switch need {
    case .known, .inUsersFile: return (.fromUsersFile, false)
    case .mustAsk: return (.entered(try await ask(of: name)), true)
    }
  }

  /// Asks the person at the terminal; without one the option is named.
  func ask(of name: PeerName) async throws(Failure) -> EnteredPassword {
    guard let screen else { throw Sentences.passwordNeeded(name) }
    return try await ask(Sentences.askPassword(of: name), screen, mayBeEmpty: false)
  }

  /// The password that others use to reach a listener; nil: known people only.
  func toListen(_ messenger: Messenger) async throws(Failure) -> EnteredPassword? {
    if let given = try given() { return given }
    guard let screen, await messenger.listenerLacksPassword() else { return nil }
    let password = try await ask(Sentences.askOwnPassword, screen, mayBeEmpty: true)
    return password.withBytes { $0.isEmpty } ? nil : password
  }

  /// Asks until the answer can be a password.
  private func ask(
    _ question: String, _ screen: Screen, mayBeEmpty: Bool
  ) async throws(Failure) -> EnteredPassword {
    while true {
      let password: EnteredPassword
      do throws(QuestionEnd) {
        password = try await screen.askHidden(question)
      } catch {
        throw Sentences.ended(.end(error))
      }
      if mayBeEmpty, password.withBytes({ $0.isEmpty }) { return password }
      do throws(PasswordProblem) {
        return try password.normalised()
      } catch {
        await screen.say(Sentences.explained(Sentences.password(error, of: nil)))
      }
    }
  }
}

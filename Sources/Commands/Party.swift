import Messenger
import Wire

/// Who talks here, and where that person's things are: what a command knows before it opens a messenger.
struct Party {
  let folders: HomeFolders
  let users: UsersFile?
  let me: PeerName
  /// Opens the profile, where it is locked.
  var unlocking = Unlocking.none

  /// From the options alone, asking only a person at a terminal for what they lack.
  static func find(
    _ shared: SharedOptions, screen: Screen?, in surroundings: Surroundings
  ) async throws(Failure) -> Party {
    let folders = try folders(shared)
    var users: UsersFile?
    if let path = shared.users {
      users = try read(path)
      await warn(about: users, in: surroundings)
    }
    return Party(
      folders: folders, users: users,
      me: try await me(shared, users: users, folders: folders, screen: screen),
      unlocking: Unlocking(shared, screen: screen))
  }

  static func folders(_ shared: SharedOptions) throws(Failure) -> HomeFolders {
    do throws(HomeFailure) {
      return try HomeFolders.choose(home: shared.home, logs: shared.logs)
    } catch {
      throw Sentences.home(error)
    }
  }

  static func read(_ path: String) throws(Failure) -> UsersFile {
    do throws(UsersFileError) {
      return try UsersFile.read(path)
    } catch {
      throw Sentences.usersFile(error)
    }
  }

  static func warn(about users: UsersFile?, in surroundings: Surroundings) async {
    for warning in users?.warnings ?? [] {
      let text = Sentences.usersFileWarning(warning)
      if surroundings.output.isJSON {
        try? await surroundings.output.payload(
          bytes: JSONEvents.warning(code: Sentences.code(of: warning), message: text))
      } else {
        await surroundings.output.notice(text)
      }
    }
  }

  /// The line that offers `users harden`, the one time that it is due.
  func hardeningOffer() -> String? {
    guard let users, HardeningOffer.take(users, me: me, in: folders) else { return nil }
    return Sentences.hardeningOffer(users.path)
  }

  /// `--as`; else the one user that this home has; else a question.
  private static func me(
    _ shared: SharedOptions, users: UsersFile?, folders: HomeFolders, screen: Screen?
  ) async throws(Failure) -> PeerName {
    if let answer = shared.asName {
      if let users {
        do throws(WhoAmI.Refusal) {
          return try WhoAmI.resolve(answer, in: users).name
        } catch {
          throw Sentences.who(error, in: users)
        }
      }
      do throws(NameError) {
        return try PeerName(answer)
      } catch {
        throw Sentences.badName(answer, error)
      }
    }
    if users == nil, let only = try soleUser(of: folders) { return only }
    guard let screen else { throw Sentences.asNeeded(users?.entries.map(\.name) ?? []) }
    let questions = Questions(console: screen)
    do throws(Questions.Ending) {
      if let users { return try await questions.who(in: users).name }
      return try await questions.ownName()
    } catch {
      throw Sentences.ended(error)
    }
  }

  private static func soleUser(of folders: HomeFolders) throws(Failure) -> PeerName? {
    do throws(HomeFailure) {
      let names = try folders.profileNames()
      return names.count == 1 ? names[0] : nil
    } catch {
      throw Sentences.home(error)
    }
  }

  /// Opens the messenger of this party.
  func openMessenger(
    connection: ConnectionOptions?, log: LogOptions?, verbose: Bool, requiresVerified: Bool = false
  ) async throws(Failure) -> Messenger {
    var options = MessengerOptions(home: folders.homePath, logs: folders.logsPath, me: me, users: users)
    if let connection {
      options.connectTimeoutSeconds = connection.timeout
      options.groups = try connection.chosenGroups()
      options.ciphers = try connection.chosenCiphers()
    }
    if let log {
      options.logText = log.logText == .plain ? .plain : .sealed
      options.logSync = LogSyncMode(rawValue: log.logSync.rawValue) ?? .group
    }
    options.requiresVerified = requiresVerified
    options.verboseSteps = verbose
    let weakened = try connection?.mayWeaken() ?? []
    return try await unlocking.run(me) { (passphrase) async throws(MessengerFailure) -> Messenger in
      var options = options
      options.passphrase = passphrase
      let messenger = try await Messenger.open(options)
      for name in weakened { try await messenger.allowDowngrade(with: name) }
      return messenger
    }
  }

  /// Opens the messenger to say who its owner is, with a passphrase that is known by now.
  func openMessenger(with passphrase: OwnPassphrase) async throws(Failure) -> Messenger {
    var options = MessengerOptions(home: folders.homePath, logs: folders.logsPath, me: me, users: users)
    options.passphrase = passphrase
    do throws(MessengerFailure) {
      return try await Messenger.open(options)
    } catch {
      throw Sentences.failure(error)
    }
  }
}

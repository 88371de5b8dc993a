package import Places
package import Wire

/// Where one person's profiles and session logs are (PRODUCT "Places").
package struct HomeFolders: Hashable, Sendable {
  package let home: HomePath
  package let logs: LogsPath

  package init(home: HomePath, logs: LogsPath) {
    self.home = home
    self.logs = logs
  }

  /// The folders that `--home` and `--logs` name, or the environment and the current folder give.
  ///
  /// Throws `.noHome` where nothing says what the home is.
  package static func choose(home: String?, logs: String?) throws(HomeFailure) -> HomeFolders {
    do throws(PlaceError) {
      let home = try HomePath.choose(named: home)
      return HomeFolders(home: home, logs: LogsPath.choose(named: logs, home: home))
    } catch {
      throw HomeFailure(error)
    }
  }

  /// The home as a path, for messages.
  package var homePath: String { home.root }
  /// The folder of all logs as a path, for messages.
  package var logsPath: String { logs.root }

  /// One user's own folder; nothing is made.
  package func profile(_ name: PeerName) -> ProfilePath { home.profile(name.text) }

  /// The users who have an identity in this home, in the order of their paths.
  package func profileNames() throws(HomeFailure) -> [PeerName] {
    let entries: [Folder.Entry]
    do throws(PlaceError) {
      entries = try Folder.entries(home.profiles)
    } catch {
      if error.fault == .notFound { return [] }
      throw HomeFailure(error)
    }
    return entries.compactMap { entry in
      guard entry.kind == .folder, let text = PathName.decoded(entry.name), let name = try? PeerName(text),
        FileStatus.exists(profile(name).identity)
      else { return nil }
      return name
    }
  }

  /// The user of this home, other than `me`, whose own profile this is.
  ///
  /// So a pin can be told to come from trying two users on one computer. Another user's damaged or
  /// unreadable identity is no answer and no error: it is that user's own matter.
  package func user(whoseProfileIs profile: Profile, otherThan me: PeerName) -> PeerName? {
    guard let names = try? profileNames() else { return nil }
    return names.first { name in
      guard name != me, let own = try? IdentityFile.publicProfile(of: name, in: self) else { return false }
      return own.signedBytes == profile.signedBytes
    }
  }
}

/// The lock of a profile: held for the moment in which identity, contacts or guesses change.
///
/// It works between processes and between objects of one process, and ends with its holder.
enum ProfileLock {
  /// Long enough for every honest holder, short enough that a stopped process hangs nobody for good.
  private static let patience = FileLock.Patience.milliseconds(20_000)

  /// Runs the body under the lock; throws `.inUse` where another holds it too long. It blocks the thread.
  static func hold<R: ~Copyable>(
    _ profile: ProfilePath, _ body: () throws(HomeFailure) -> R
  ) throws(HomeFailure) -> R {
    let lock = try take(profile)
    defer { withExtendedLifetime(lock) {} }
    return try body()
  }

  /// The lock, held until it is let go of.
  static func take(_ profile: ProfilePath) throws(HomeFailure) -> FileLock {
    try HomeFailure.ofPlace { () throws(PlaceError) in
      try FileLock(file: profile.lock, patience: patience)
    }
  }

  /// Removes what a crash between writing and renaming left: `.NAME.<hex>.tmp` beside the named files, or
  /// beside every file of the folder. Only under the lock, so that no living writer's file is taken.
  static func sweep(_ folder: String, only names: [String]? = nil) {
    guard let entries = try? Folder.entries(folder) else { return }
    for entry in entries where entry.kind == .regular && entry.name.hasPrefix(".") {
      guard entry.name.hasSuffix(".tmp"), names?.contains(where: { entry.name.hasPrefix(".\($0).") }) ?? true
      else { continue }
      _ = try? Folder.removeFile(folder + "/" + entry.name)
    }
  }
}

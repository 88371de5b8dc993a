import Places

/// One file or folder of a home, as `doctor` found it.
package struct PlaceReport: Sendable {
  package enum Kind: Sendable { case folder, secretFile }
  package enum State: Sendable {
    /// It is made at first use; false where that will fail.
    case missing(canBeMade: Bool)
    case there(mode: UInt32, isMine: Bool, mayBeWritten: Bool)
    /// Something else stands in its place.
    case wrongKind
  }

  package let path: String
  package let kind: Kind
  package let state: State

  /// Users other than the owner can read or write it.
  package var isLoose: Bool {
    guard case .there(let mode, _, _) = state else { return false }
    return mode & 0o077 != 0
  }

  init(_ path: String, _ kind: Kind) {
    self.path = path
    self.kind = kind
    guard let status = try? FileStatus(path: path) else {
      state = .missing(
        canBeMade: PathAccess.mayWrite(PathAccess.nearestFolder(above: path)) && !FileStatus.exists(path))
      return
    }
    guard status.kind == (kind == .folder ? .folder : .regular) else {
      state = .wrongKind
      return
    }
    state = .there(
      mode: status.mode, isMine: status.belongsToThisUser, mayBeWritten: PathAccess.mayWrite(path))
  }

  /// The home, the folder of profiles and the folder of logs, each with what is in it and needs a look.
  package static func all(in folders: HomeFolders) -> (home: Self, profiles: [Self], logs: Self) {
    let profiles = PlaceReport(folders.home.profiles, .folder)
    var reports = [profiles]
    if case .there = profiles.state {
      for name in (try? folders.profileNames()) ?? [] {
        let profile = folders.profile(name)
        reports.append(PlaceReport(profile.folder, .folder))
        var secrets = [profile.identity, profile.guesses, profile.logPrivateKey]
        if FileStatus.exists(profile.contacts) {
          reports.append(PlaceReport(profile.contacts, .folder))
          secrets += ((try? Folder.entries(profile.contacts)) ?? []).map { profile.contacts + "/" + $0.name }
        }
        reports += secrets.filter { FileStatus.exists($0) }.map { PlaceReport($0, .secretFile) }
      }
    }
    return (PlaceReport(folders.homePath, .folder), reports, PlaceReport(folders.logsPath, .folder))
  }
}

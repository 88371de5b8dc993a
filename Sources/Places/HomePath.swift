/// The folder that holds a person's profiles, and the paths inside it (PRODUCT "Places").
package struct HomePath: Hashable, Sendable {
  /// The folder itself, as it was named.
  package let root: String
  /// True where `--home` or `SECURE_CHAT_HOME` named it; the logs then stay inside (LOG 2).
  package let wasNamed: Bool

  package init(_ root: String, wasNamed: Bool = true) {
    self.root = HomePath.trimmed(root)
    self.wasNamed = wasNamed
  }

  /// The home that holds here: the one named, else `SECURE_CHAT_HOME`, else
  /// `$XDG_DATA_HOME/secure_chat`, else `~/.local/share/secure_chat`.
  ///
  /// `XDG_DATA_HOME` counts only as an absolute path, as its specification says.
  package static func choose(
    named: String?, environment: some ProcessEnvironment = SystemEnvironment()
  ) throws(PlaceError) -> HomePath {
    if let named, !named.isEmpty { return HomePath(named) }
    if let named = environment.value(of: "SECURE_CHAT_HOME"), !named.isEmpty { return HomePath(named) }
    if let folder = environment.value(of: "XDG_DATA_HOME"), folder.hasPrefix("/") {
      return HomePath(trimmed(folder) + "/secure_chat", wasNamed: false)
    }
    if let folder = environment.value(of: "HOME") ?? environment.homeOfTheUser, folder.hasPrefix("/") {
      return HomePath(trimmed(folder) + "/.local/share/secure_chat", wasNamed: false)
    }
    throw PlaceError(.nowhere, path: "~/.local/share/secure_chat")
  }

  /// The folder of all profiles.
  package var profiles: String { root + "/profiles" }

  /// One user's own folder.
  package func profile(_ name: String) -> ProfilePath {
    ProfilePath(folder: profiles + "/" + PathName.encoded(name))
  }

  /// A folder's path without the slashes at its end.
  static func trimmed(_ path: String) -> String {
    var path = path[...]
    while path.utf8.count > 1, path.last == "/" { path.removeLast() }
    return String(path)
  }
}

/// The files of one user's profile.
package struct ProfilePath: Hashable, Sendable {
  package let folder: String

  package var identity: String { folder + "/identity" }
  /// The folder of the pins, one file a peer.
  package var contacts: String { folder + "/contacts" }
  /// The pin of one peer.
  package func contact(_ peer: String) -> String { contacts + "/" + PathName.encoded(peer) }
  /// The count of guesses at first contact, beside the contacts.
  package var guesses: String { folder + "/guesses" }
  package var logPublicKey: String { folder + "/log-verify.pub" }
  package var logPrivateKey: String { folder + "/log-verify.key" }
  package var lock: String { folder + "/lock" }
  /// There once `users harden` was offered.
  package var hardeningOffered: String { folder + "/hardening-offered" }
}

/// The folder of the session logs, and one conversation's folder in it (LOG 2).
package struct LogsPath: Hashable, Sendable {
  /// The file that marks `./logs` of a checkout as the place of its session logs.
  package static let marker = ".secure_chat-logs"

  package let root: String

  package init(_ root: String) {
    self.root = HomePath.trimmed(root)
  }

  /// The logs that hold here: those named, else `./logs` if it holds the marker and no home was
  /// named, else `<home>/logs`.
  package static func choose(
    named: String?, home: HomePath, currentFolder: String = "."
  ) -> LogsPath {
    if let named, !named.isEmpty { return LogsPath(named) }
    if !home.wasNamed {
      let here = currentFolder == "." ? "logs" : currentFolder + "/logs"
      if FileStatus.exists(here + "/" + marker) { return LogsPath(here) }
    }
    return LogsPath(home.root + "/logs")
  }

  /// The folder of one user's logs.
  package func folder(of me: String) -> String {
    root + "/" + PathName.encoded(me)
  }

  /// The folder of the segments of one conversation: `<logs>/<me>/<peer>-<first 8 hex of the peer's
  /// profile id>`.
  package func conversation(of me: String, with peer: String, profileIDHex: String) -> String {
    folder(of: me) + "/" + PathName.encoded(peer) + "-" + profileIDHex.prefix(8)
  }
}

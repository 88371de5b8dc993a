/// The words a command line may hold: commands and options, those of later versions too, so that what
/// is not built is refused by name instead of being accepted and ignored.
enum Vocabulary {
  /// Commands of this version, `listen` under both of its names.
  static let commands = [
    "chat", "listen", "receive", "send", "id", "init", "verify", "contacts", "block", "unblock", "users",
    "group", "join", "relay", "doctor", "explain", "demo", "completion", "version", "help",
  ]

  /// Commands whose names are kept for later versions.
  static let laterCommands: Set<String> = [
    "invite", "accept", "file", "daemon", "status", "rpc", "key",
  ]

  enum Shape { case flag, value }

  static let options: [String: Shape] = [
    "--json": .flag, "--quiet": .flag, "-v": .flag, "--yes": .flag, "--once": .flag, "--lines": .flag,
    "--draft": .flag, "--require-verified": .flag, "--help": .flag, "-h": .flag, "--version": .flag,
    "--users": .value, "--as": .value, "--home": .value, "--logs": .value, "--color": .value,
    "--passphrase": .flag, "--passphrase-file": .value, "--passphrase-fd": .value,
    "--new-passphrase-file": .value, "--new-passphrase-fd": .value, "--password-file": .value,
    "--password-fd": .value, "--groups": .value, "--ciphers": .value,
    "--allow-downgrade": .value,
    "--timeout": .value, "--port": .value, "--bind": .value, "--to": .value, "--peer": .value,
    "--relay": .value, "--listen": .value, "--keep": .value, "--quota": .value, "--log-text": .value,
    "--log-sync": .value, "--write": .value, "--exec": .value,
    "--notify-cmd": .value,
  ]

  /// Later for `send`; `verify` has it.
  static let wait = "--wait"

  /// Options whose names are kept for later versions.
  static let laterOptions: Set<String> = [
    "--wait", "--record", "--heads", "--sign", "--manual-key", "--room-password-file",
  ]
}

import ArgumentParser

/// Options that every command takes, before or behind its word.
struct SharedOptions: ParsableArguments {
  @Option(
    name: .customLong("users"), help: ArgumentHelp("The users file.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var users: String?
  @Option(
    name: .customLong("as"), help: ArgumentHelp("Who you are: a user name, or your port.", valueName: "name"),
    completion: .userName)
  var asName: String?
  @Option(
    name: .customLong("home"),
    help: ArgumentHelp(
      "Where identities and contacts live (default: $SECURE_CHAT_HOME, else $XDG_DATA_HOME/secure_chat).",
      valueName: "dir"), completion: .directory)
  var home: String?
  @Option(
    name: .customLong("logs"),
    help: ArgumentHelp(
      "Where session logs go (default: ./logs in a checkout, else logs in the home).", valueName: "dir"),
    completion: .directory)
  var logs: String?
  @Flag(
    name: .customLong("json"),
    help: "Events as JSON on standard output, one object a line, and nothing else there.")
  var json = false
  @Flag(name: .customLong("quiet"), help: "Say only what failed.")
  var quiet = false
  @Flag(name: .customShort("v"), help: "Name each step of the handshake, and the cipher.")
  var verbose = false
  @Option(name: .customLong("color"), help: ArgumentHelp("auto, always or never.", valueName: "when"))
  var color: ColorChoice = .auto
  @Flag(
    name: .customLong("yes"),
    help: "Answer yes where a command asks before it goes on; never to the question whether a key is right.")
  var yes = false
  @OptionGroup var passphrase: PassphraseOptions
}

/// When to use colour; nothing is ever said by colour alone.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
  case auto, always, never
}

/// The password of a first contact, for those who cannot or do not want to be asked.
struct PasswordOptions: ParsableArguments {
  @Option(
    name: .customLong("password-file"),
    help: ArgumentHelp("First contact: the password, in a file that only you can read.", valueName: "file"),
    completion: .file())
  var passwordFile: String?
  @Option(
    name: .customLong("password-fd"),
    help: ArgumentHelp("First contact: the password, read from this descriptor.", valueName: "n"))
  var passwordDescriptor: Int32?

  func validate() throws {
    if passwordFile != nil, passwordDescriptor != nil {
      throw ValidationError("Give --password-file or --password-fd, not both.")
    }
    if let passwordDescriptor, passwordDescriptor < 0 {
      throw ValidationError("--password-fd wants the number of an open descriptor.")
    }
  }
}

/// How the session's log is written.
struct LogOptions: ParsableArguments {
  @Option(
    name: .customLong("log-text"),
    help: ArgumentHelp("sealed: texts in the log are encrypted; plain: readable.", valueName: "how"))
  var logText: LogTextChoice = .sealed
  @Option(
    name: .customLong("log-sync"),
    help: ArgumentHelp(
      "group: one sync for what came meanwhile; always: one a record; interval: one a second, and nothing "
        + "waits for it.", valueName: "how"))
  var logSync: LogSyncChoice = .group
}

enum LogTextChoice: String, ExpressibleByArgument, CaseIterable, Sendable { case sealed, plain }
enum LogSyncChoice: String, ExpressibleByArgument, CaseIterable, Sendable { case group, always, interval }

/// Where a dialler connects to.
struct TargetOptions: ParsableArguments {
  @Option(
    name: .customLong("to"),
    help: ArgumentHelp("Dial this address instead of the users file's.", valueName: "host:port"))
  var to: String?
  @Option(
    name: .customLong("peer"),
    help: ArgumentHelp("Who answers at an address that the users file does not hold.", valueName: "name"),
    completion: .userName)
  var peer: String?
}

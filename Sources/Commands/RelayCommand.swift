import ArgumentParser
import Messenger
import Terminal
import Wire

/// `secure_chat relay`: keeps and orders what groups write, and can read none of it.
struct RelayCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Keep and order the messages of groups, without being able to read them.",
    discussion: """
      Any member of a group can run one, or a spare machine. It keeps ciphertext until everybody has it, and \
      says how much of it on SIGUSR1 and once a minute. SIGTERM ends it cleanly, with exit code 0. \
      Its profile is made at the first start, under the name relay unless --as gives another.
      """)

  @Option(
    name: .customLong("listen"),
    help: ArgumentHelp("Where to listen; port 0 takes any free one, and says which.", valueName: "addr:port"))
  var listen: String
  @Option(
    name: .customLong("keep"),
    help: ArgumentHelp("How long an entry is kept: 30d, 12h, 90m, 600s.", valueName: "time"))
  var keep: String = "30d"
  @Option(
    name: .customLong("quota"),
    help: ArgumentHelp("How much of one group is kept: 256M, 4G, 512K, or bytes.", valueName: "size"))
  var quota: String = "256M"
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    let (keepSeconds, quota) = (try Amount.seconds(keep), try Amount.bytes(quota))
    guard let (host, port) = Self.place(listen) else { throw Sentences.badListenAddress(listen) }
    let name = try Target.peerName(shared.asName ?? "relay")
    let server: RelayServer
    do throws(Failure) {
      server = try await start(name, host, port, keepSeconds, quota, in: surroundings)
    } catch {
      throw Sentences.relayNotStarted(error)
    }
    return try await RelayService(server: server, surroundings: surroundings).run()
  }

  /// What `--listen` names. Port 0, any free one, stands in no address that is dialled.
  private static func place(_ text: String) -> (host: String, port: UInt16)? {
    let takesAny = text.hasSuffix(":0")
    guard case .hostAndPort(let host, let port) = AddressText.parse(takesAny ? text.dropLast() + "1" : text)
    else { return nil }
    return (host, takesAny ? 0 : port)
  }

  private func start(
    _ name: PeerName, _ host: String, _ port: UInt16, _ keepSeconds: Int64, _ quota: Int,
    in surroundings: Surroundings
  ) async throws(Failure) -> RelayServer {
    let folders = try Party.folders(shared)
    return try await surroundings.withScreen { (screen) throws(Failure) in
      try await Unlocking(shared, screen: screen).run(name) {
        (passphrase) async throws(MessengerFailure) -> RelayServer in
        try await RelayServer.start(
          RelayServerOptions(
            home: folders.homePath, name: name, passphrase: passphrase, host: host, port: port,
            keepSeconds: keepSeconds, quota: quota))
      }
    }
  }

  /// An amount as people write it on a command line.
  enum Amount {
    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    private static let sizes: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]

    /// From one minute to ten years.
    static func seconds(_ text: String) throws(Failure) -> Int64 {
      guard let unit = text.last.flatMap({ units[$0] }), let number = number(text.dropLast()),
        case (let seconds, let overflow) = Int64(number).multipliedReportingOverflow(by: unit), !overflow,
        (60...3650 * 86_400).contains(seconds)
      else { throw Sentences.badKeepTime(text) }
      return seconds
    }

    /// From 1 MiB to 1 TiB.
    static func bytes(_ text: String) throws(Failure) -> Int {
      let unit = text.last.flatMap { sizes[$0] }
      guard let number = number(unit == nil ? text[...] : text.dropLast()),
        case (let bytes, let overflow) = number.multipliedReportingOverflow(by: unit ?? 1), !overflow,
        (1 << 20...1 << 40).contains(bytes)
      else { throw Sentences.badQuota(text) }
      return bytes
    }

    /// Digits alone, no sign.
    private static func number(_ text: Substring) -> Int? {
      guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
      return Int(text)
    }
  }
}

import ArgumentParser
import Wire

/// What a connection may be made of, and how long to wait for one.
struct ConnectionOptions: ParsableArguments {
  @Option(
    name: .customLong("groups"),
    help: ArgumentHelp(
      "Key agreements to offer and accept, with commas between: \(ConnectionOptions.all(KeyAgreementGroup.self)).",
      valueName: "list"))
  var groups: String?
  @Option(
    name: .customLong("ciphers"),
    help: ArgumentHelp(
      "Ciphers to offer, the preferred one first, and to accept: \(ConnectionOptions.all(CipherSuite.self)).",
      valueName: "list"))
  var ciphers: String?
  @Option(
    name: .customLong("allow-downgrade"),
    help: ArgumentHelp(
      "Take a weaker key agreement with this contact than before; what is used then counts from there.",
      valueName: "name"))
  var allowDowngrade: [String] = []
  @Option(
    name: .customLong("timeout"), help: ArgumentHelp("Seconds to wait for a connection.", valueName: "s"))
  var timeout: Int = 10

  func validate() throws {
    guard (1...3600).contains(timeout) else {
      throw ValidationError("--timeout wants a number of seconds from 1 to 3600.")
    }
  }

  /// What `--groups` names; nil without it.
  func chosenGroups() throws(Failure) -> [KeyAgreementGroup]? {
    try Self.chosen(groups, option: "--groups")
  }

  /// What `--ciphers` names, in its order; nil without it.
  func chosenCiphers() throws(Failure) -> [CipherSuite]? {
    try Self.chosen(ciphers, option: "--ciphers")
  }

  /// Whom `--allow-downgrade` names.
  func mayWeaken() throws(Failure) -> [PeerName] {
    var names: [PeerName] = []
    for name in allowDowngrade { names.append(try Target.peerName(name)) }
    return names
  }

  private static func chosen<Choice: NegotiatedChoice>(
    _ text: String?, option: String
  ) throws(Failure) -> [Choice]? {
    guard let text else { return nil }
    var choices: [Choice] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let name = String(part).trimmingSpaces
      guard let choice = Choice(name: name) else {
        throw Sentences.unknownChoice(name, option: option, all(Choice.self))
      }
      guard !choices.contains(choice) else { throw Sentences.doubledChoice(name, option: option) }
      choices.append(choice)
    }
    return choices
  }

  private static func all<Choice: NegotiatedChoice>(_: Choice.Type) -> String {
    Choice.allCases.map(\.name).joined(separator: " ")
  }
}

/// What a LIST on the command line is made of.
private protocol NegotiatedChoice: Equatable, CaseIterable {
  var name: String { get }
  init?(name: String)
}

extension KeyAgreementGroup: NegotiatedChoice {}
extension CipherSuite: NegotiatedChoice {}

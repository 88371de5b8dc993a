import ArgumentParser
import Messenger
import Wire

/// `secure_chat join [GROUP]`: into a group, and there until one leaves.
struct JoinCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join",
    abstract: "Take up an invitation, or go into a group that you are in, and stay there.",
    discussion: """
      At a terminal: what you type goes to everybody in the group; /help lists what can be typed. Without one \
      messages go to standard output, each line with its author before it; with --lines each line of standard \
      input is a message, and its end ends the program once the relay has them all. SIGTERM ends it with 0. You \
      stay a member either way: group leave GROUP leaves for good.
      """)

  @Argument(
    help: ArgumentHelp("The group; without one, that of the only invitation.", valueName: "group"),
    completion: .groupName)
  var group: String?
  @Flag(name: .customLong("lines"), help: "Each line of standard input is a message; empty ones are skipped.")
  var lines = false
  @OptionGroup var relay: RelayOptions
  @OptionGroup var typing: TypingOptions
  @OptionGroup var talk: TalkOptions

  var shared: SharedOptions { talk.shared }

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await talk.open(at: try surroundings.screen(), in: surroundings) { (opening) throws(Failure) in
      var name: GroupName?
      if let group { name = try GroupAccess.name(group) }
      let address = try relay.address()
      let commands = try ArrivalCommands(
        exec: nil, notify: typing.notifyCommand, screen: opening.screen, output: surroundings.output)
      let messenger = try await opening.messenger()
      if let screen = opening.screen {
        return try await opening.lobby(messenger, on: screen, typing, commands, relay: address).run(
          .room(name), in: surroundings)
      }
      return try await PipedRoom(
        messenger: messenger, party: opening.party, surroundings: surroundings, commands: commands,
        timeout: talk.connection.timeout, readsLines: lines
      ).run(name, relay: address)
    }
  }
}

import ArgumentParser
import Messenger
import Wire

/// `secure_chat group create|invite|kick|leave|list|show`: one step, and the end when the relay has it.
struct GroupCommand: RunnableCommand {
  enum Action: String, ExpressibleByArgument, CaseIterable, Sendable {
    case create, invite, kick, leave, list, show

    var usage: String {
      switch self {
      case .create: "create NAME [USER...] --relay HOST:PORT"
      case .invite: "invite GROUP USER..."
      case .kick: "kick GROUP USER"
      case .leave: "leave GROUP"
      case .list: "list"
      case .show: "show GROUP"
      }
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "group",
    abstract: "Make groups, invite, remove, leave, and look.",
    discussion: """
      create NAME USER... makes a group at the relay and invites; invite GROUP USER... adds people; kick \
      GROUP USER removes one (admins only); leave GROUP; list; show GROUP names each member with the words of \
      its key. Each ends when the relay has stored it; nobody stays online for that: secure_chat join GROUP does. \
      Who is not online is named, and gets the invitation when they come while you are.
      """)

  @Argument(
    help: ArgumentHelp("create, invite, kick, leave, list or show.", valueName: "action"))
  var action: Action
  @Argument(
    help: ArgumentHelp("The group, then the users.", valueName: "name"), completion: .userOrGroup)
  var words: [String] = []
  @OptionGroup var relay: RelayOptions
  @OptionGroup var talk: TalkOptions

  var shared: SharedOptions { talk.shared }

  func validate() throws {
    let isRight: Bool
    switch action {
    case .create: isRight = !words.isEmpty
    case .invite: isRight = words.count >= 2
    case .kick: isRight = words.count == 2
    case .leave, .show: isRight = words.count == 1
    case .list: isRight = words.isEmpty
    }
    guard isRight else { throw ValidationError("This is how it is used:  secure_chat group \(action.usage)") }
  }

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await talk.open(at: try surroundings.screen(), in: surroundings) { (opening) throws(Failure) in
      let names = try Self.names(words)
      let address = try relay.address()
      let messenger = try await opening.messenger()
      await opening.screen?.finish()
      let output = surroundings.output
      let teller = EventTeller(output: output, me: opening.party.me)
      let follower = GroupFollower(messenger, teller, .surprises)
      await surroundings.signals.handle { signal in
        guard signal.endsProgram else { return }
        await messenger.shutDown()
        signal.endProgram()
      }
      return try await follower.carryOut { () async throws(Failure) in
        switch action {
        case .list: try await list(messenger, output)
        case .show:
          if let group = names.group {
            try await show(try await GroupAccess.summary(of: group, messenger), output)
          }
        case .create, .invite, .kick, .leave:
          try await messenger.doing { (messenger) async throws(MessengerFailure) in
            try await messenger.openGroups(relay: address)
          }
          return try await change(names, follower, output)
        }
        return .ok
      }
    }
  }

  private typealias Names = (group: GroupName?, users: [PeerName])

  private static func names(_ words: [String]) throws(Failure) -> Names {
    guard let first = words.first else { return (nil, []) }
    var users: [PeerName] = []
    for word in words.dropFirst() { users.append(try Target.peerName(word)) }
    return (try GroupAccess.name(first), users)
  }

  // MARK: Changes

  private func change(
    _ names: Names, _ follower: GroupFollower, _ output: Output
  ) async throws(Failure) -> ExitCode {
    guard let group = names.group else { return .usage }
    let messenger = follower.messenger
    if action != .create { try await GroupAccess.connect(group, follower, within: talk.connection.timeout) }
    switch action {
    case .create:
      let made = try await messenger.doing { (messenger) async throws(MessengerFailure) in
        try await messenger.createGroup(group, inviting: names.users)
      }
      if output.isJSON { try await output.payload(bytes: JSONEvents.group(made.summary)) }
      await output.notice(Sentences.created(made.summary))
      return try await tell(made, messenger, output)
    case .invite:
      let result = try await messenger.doing { (messenger) async throws(MessengerFailure) in
        try await messenger.invite(names.users, to: group)
      }
      return try await tell(result, messenger, output)
    case .kick:
      for name in names.users {
        try await messenger.doing { (messenger) async throws(MessengerFailure) in
          try await messenger.kick(name, from: group)
        }
        try await tell(
          JSONEvents.member(group, name, .removed, by: messenger.identity.name),
          Sentences.kicked(name, from: group), output)
      }
    case .leave:
      try await messenger.doing { (messenger) async throws(MessengerFailure) in
        try await messenger.leave(group)
      }
      try await tell(JSONEvents.ended(group, .left), Sentences.ended(group, .left), output)
    case .list, .show: break
    }
    return .ok
  }

  /// Who is invited, who was not reached, and who cannot be; the first of the last gives the exit code.
  private func tell(
    _ result: GroupInvited, _ messenger: Messenger, _ output: Output
  ) async throws(Failure) -> ExitCode {
    let (group, me) = (result.summary.name, messenger.identity.name)
    if output.isJSON {
      for (names, waits) in [(result.invited, false), (result.offline, true)] {
        for name in names {
          try await output.payload(
            bytes: JSONEvents.member(group, name, .invited, by: me, waits: waits))
        }
      }
    }
    for line in Sentences.invited(result) { await output.notice(line) }
    if let failed = result.failed.first {
      throw Sentences.notInvited(failed.name, Sentences.failure(failed.failure, me: me))
    }
    return .ok
  }

  private func tell(_ event: [UInt8], _ words: String, _ output: Output) async throws(Failure) {
    if output.isJSON { try await output.payload(bytes: event) }
    await output.notice(words)
  }

  // MARK: Looking

  private func list(_ messenger: Messenger, _ output: Output) async throws(Failure) {
    let groups = try await messenger.doing { (messenger) async throws(MessengerFailure) in
      try await messenger.groups()
    }
    if groups.isEmpty { await output.notice(Sentences.noGroups) }
    for summary in groups {
      if output.isJSON {
        try await output.payload(bytes: JSONEvents.group(summary))
      } else {
        try await output.payload(Sentences.group(summary))
      }
    }
  }

  private func show(_ summary: GroupSummary, _ output: Output) async throws(Failure) {
    guard output.isJSON else { return try await output.payload(Sentences.groupDetails(summary)) }
    try await output.payload(bytes: JSONEvents.group(summary))
    for member in summary.members {
      try await output.payload(bytes: JSONEvents.groupMember(member, of: summary.name))
    }
  }
}

import Messenger
import Terminal
import Wire

// The slash commands.
extension Lobby {
  func carryOut(_ command: SlashCommand, _ argument: String) async {
    switch command {
    case .help: await screen.show(Sentences.chatHelp(inLobby: isInLobby))
    case .quit: await leaveProgram()
    case .who: await showWho()
    case .id: await screen.show(Sentences.identity(messenger.identity))
    case .sessions: await screen.show(Sentences.sessions(await messenger.sessions()))
    case .details: await showDetails(argument)
    case .draft: await setDrafts(argument)
    case .chat: await chat(argument)
    case .verify: await verify(argument)
    case .block: await block(argument)
    case .status: await showStatus(argument)
    case .all: await showAll()
    case .join: await join(argument)
    case .leave: await leave(argument)
    case .invite: await invite(argument)
    case .kick: await kick(argument)
    }
  }

  private func showStatus(_ argument: String) async {
    guard let name = try? PeerName(argument) else { return await screen.say(Sentences.statusUsage) }
    await screen.say(await standings(of: [name], await contacts())[0])
  }

  /// Everybody of the users file, of the contacts and of the groups, and who of them is online.
  private func showAll() async {
    let contacts = await contacts()
    let names = everybody(contacts, await groups())
    guard !names.isEmpty else { return await screen.say(Sentences.nobodyKnown) }
    await screen.show(await standings(of: names, contacts).joined(separator: "\n"))
    var online: [PeerName] = []
    for name in names where await isOnline(name) { online.append(name) }
    await screen.say(Sentences.onlineUsers(online))
  }

  private func isOnline(_ name: PeerName) async -> Bool {
    if hub.newest(with: name) != nil { return true }
    return await messenger.presence(of: name) == true
  }

  /// Whom one knows; contacts that cannot be read are left out, and that is said.
  func contacts() async -> [ContactSummary] {
    do throws(MessengerFailure) {
      return try await messenger.contacts()
    } catch {
      await screen.say(Sentences.explained(Sentences.failure(error, me: party.me)))
      return []
    }
  }

  private func standings(of names: [PeerName], _ contacts: [ContactSummary]) async -> [String] {
    let sessions = await messenger.sessions()
    var standings: [String] = []
    for name in names {
      standings.append(
        Sentences.standing(
          name, live: sessions.last { $0.peer == name }, contact: contacts.first { $0.name == name },
          entry: party.users?.entry(named: name), online: await messenger.presence(of: name)))
    }
    return standings
  }

  private func setDrafts(_ argument: String) async {
    switch argument {
    case "on": draftMode = .on
    case "off": draftMode = .off
    case "replace": draftMode = .replace
    case _: return await screen.say(Sentences.draftUsage(draftMode))
    }
    await screen.setDraftMode(draftMode)
    await screen.say(Sentences.draftSet(draftMode))
  }

  private func showDetails(_ argument: String) async {
    if argument.isEmpty, let room = rooms.current {
      guard let summary = await groups().first(where: { $0.name == room }) else { return }
      return await screen.show(Sentences.groupDetails(summary))
    }
    let conversation: Conversations.Conversation?
    if argument.isEmpty {
      conversation = talking
    } else {
      conversation = (try? PeerName(argument)).flatMap { hub.newest(with: $0) }
    }
    if conversation == nil, let current = talking, let number = Self.messageNumber(argument) {
      guard let message = current.remembered.last(where: { $0.seq == number }) else {
        return await screen.say(Sentences.noMessage(number, latest: current.received))
      }
      return await screen.show(Sentences.details(message, in: current.connected))
    }
    guard let conversation else {
      return await screen.say(Sentences.noConversation(argument, peers: hub.peers))
    }
    let session = await messenger.sessions().first { $0.session == conversation.session }
    await screen.show(
      Sentences.details(
        conversation.connected, me: messenger.identity, epoch: session?.epoch ?? 0,
        sent: conversation.sent, received: conversation.received))
  }

  /// "3" or "#3".
  private static func messageNumber(_ text: String) -> UInt64? {
    UInt64(text.hasPrefix("#") ? String(text.dropFirst()) : text)
  }

  /// `/chat NAME`: switches to a conversation that is up or to a group, or dials; with several names it makes
  /// a group.
  ///
  /// What is a user's name and a group's at once is the user.
  private func chat(_ argument: String) async {
    guard !argument.isEmpty else { return await screen.say(Sentences.chatUsage(peers: hub.peers)) }
    let contacts = await contacts()
    let groups = await groups()
    if let name = try? PeerName(argument), hub.select(name) {
      rooms.goOut()
      await screen.say(Sentences.nowTalking(to: name))
      return await showPrompt()
    }
    let people = everybody(contacts, groups).map(\.text)
    let isPerson =
      party.users?.others(than: party.me).contains { $0.name.text == argument } == true
      || contacts.contains { $0.name.text == argument }
    if !isPerson, let room = try? GroupAccess.name(argument), groups.contains(where: { $0.name == room }) {
      return await join(argument)
    }
    let named = NamedPeople(argument, known: people)
    if named.group != nil || (named.names.count > 1 && AddressText.parse(argument).isIncomplete) {
      return await createRoom(named)
    }
    if let dial = dials.first { return await screen.say(Sentences.alreadyDialling(dial.target)) }
    do throws(Failure) {
      let target = try await Target.find(
        argument, to: nil, peer: nil, party: party, screen: screen)
      rooms.goOut()
      try await startDialling(target)
      await screen.say(Sentences.dialling(target))
    } catch {
      await screen.say(Sentences.explained(error))
    }
    await showPrompt()
  }
}

extension AddressText {
  /// Not an address with its port.
  fileprivate var isIncomplete: Bool {
    switch self {
    case .hostAndPort: false
    case .host, .badPort: true
    }
  }
}

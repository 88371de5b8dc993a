import Messenger
import Wire

// What happens in groups, as the person at the terminal sees it.
extension Lobby {
  func happened(_ happening: GroupHappening) async {
    switch happening {
    case .message(let message): await show(message)
    case .accepted(let event): if let text = rooms.confirmed(event) { await showTick(text, event) }
    case .invited(let group, _, _, _):
      await say(happening)
      await ring()
      guard rooms.awaited?.isMet(by: group) == true else { return }
      rooms.awaited = nil
      await takeUp(group)
    case .ended(let group, let standing): await over(group, standing)
    case .reconnecting(let group, _, _): if rooms.lost(group) { await say(happening) }
    case .connected(let group, _, _): if rooms.cameBack(group) { await say(happening) }
    case .refused(_, let id, _):
      await say(happening)
      if let text = rooms.refused(id) { await screen.show(Sentences.refusedText(text)) }
    case .misdeed, .invitationDropped, .storageFailed:
      await say(happening)
      await ring()
    // Who invited was told by the answer to it.
    case .offline(_, _, let by): if by != party.me { await say(happening) }
    case .memberInvited, .joined, .left, .removed, .presence, .logged: await say(happening)
    }
  }

  private func say(_ happening: GroupHappening) async {
    let typing: Sentences.Typing = isInLobby ? .lobby : .conversation
    guard let words = Sentences.told(happening, me: party.me, typing: typing) else { return }
    await screen.say(words.hasPrefix("!") ? screen.paint.alarm("!") + words.dropFirst() : words)
  }

  private func show(_ message: GroupMessageEvent) async {
    for line in Sentences.message(message, paint: screen.paint) { await screen.show(line) }
    await screen.payload(EventTeller.payload(of: message))
    await ring()
    await commands.arrived(ArrivedMessage(message))
  }

  // MARK: Who is there

  /// Everybody of the users file, the contacts and the groups, each once; oneself is nobody.
  func everybody(_ contacts: [ContactSummary], _ groups: [GroupSummary]) -> [PeerName] {
    let known =
      (party.users?.others(than: party.me) ?? []).map(\.name) + contacts.map(\.name)
      + groups.flatMap { $0.members.map(\.name) }
    return known.reduce(into: []) { names, name in
      if name != party.me, !names.contains(name) { names.append(name) }
    }
  }

  func showWho() async {
    let groups = await groups()
    if let room = rooms.current, let summary = groups.first(where: { $0.name == room }) {
      await screen.say(Sentences.whoIsIn(summary))
    }
    await screen.say(Sentences.who(me: party.me, peers: hub.peers, current: talking?.peer))
    let others = groups.filter { $0.name != rooms.current }
    if !others.isEmpty { await screen.say(Sentences.otherRooms(others)) }
  }
}

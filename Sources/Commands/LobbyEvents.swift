import Messenger
import Wire

// What happens on the links, as the person at the terminal sees it.
extension Lobby {
  func followEvents() async {
    while let event = await messenger.events.next() { await happened(event) }
  }

  private func happened(_ event: MessengerEvent) async {
    switch event {
    case .connected(let connected): await arrived(connected)
    case .message(let message): await show(message)
    case .delivered(let delivered):
      if let text = hub.confirmed(delivered) { await showTick(text, delivered) }
    case .closed(let closed): await ended(closed)
    case .step(let step): if isVerbose { await screen.say(Sentences.step(step)) }
    case .refused(let refused): await screen.say(Sentences.refused(refused))
    case .repairWanted(let wanted): await screen.say(Sentences.repairWanted(wanted))
    case .warning(let warning): await screen.say(Sentences.warning(warning).text)
    case .group(let happening): await happened(happening)
    case .verifyProposed(let proposal): await wantAsked(.newKey(proposal))
    }
  }

  private func arrived(_ connected: ConnectedEvent) async {
    // Nobody here dialled: an invitation to a group needed a word with them, and that is over in a moment.
    if connected.dialled, targets[connected.peer] == nil {
      if !connected.known { await screen.say(Sentences.metForAGroup(connected)) }
      return
    }
    let isFirst = hub.count == 0
    hub.add(connected)
    if connected.dialled { dials.removeAll { $0.target.name == connected.peer } }
    for line in Sentences.connected(connected, isFirst: isFirst) { await screen.say(line) }
    await screen.show(Sentences.log(connected))
    if isVerbose { await screen.say(Sentences.suite(connected)) }
    if rooms.current != nil || hub.current?.peer != connected.peer {
      await screen.say(Sentences.alsoHere(connected.peer))
      await ring()
    }
    await showPrompt()
    sendAgain(to: connected.peer)
  }

  private func show(_ message: MessageEvent) async {
    hub.received(message)
    for line in Sentences.message(message, paint: screen.paint) { await screen.show(line) }
    await screen.payload(EventTeller.payload(of: message.text))
    await ring()
    await commands.arrived(ArrivedMessage(message))
  }

  private func showTick(_ text: String, _ delivered: DeliveredEvent) async {
    await screen.show(
      Sentences.tick(text, delivered, columns: await screen.columns, paint: screen.paint))
  }

  private func ended(_ closed: ClosedEvent) async {
    guard let conversation = hub.remove(closed.session) else { return }
    let isStillHere = hub.newest(with: closed.peer) != nil
    let unconfirmed = hub.unconfirmed(by: closed.peer).count
    // Of two links with one person one is enough: nobody needs to hear that the other one went.
    if !(isStillHere && closed.endedCleanly) {
      await screen.say(
        Sentences.ended(
          closed, wasLeft: conversation.isLeaving, unconfirmed: unconfirmed, paint: screen.paint))
    }
    if isStillHere {
      sendAgain(to: closed.peer)
    } else if !conversation.isLeaving, outcome == nil, closed.mayDialAgain, let target = targets[closed.peer]
    {
      await screen.say(Sentences.diallingAgain(target.name))
      dial(target, password: .fromUsersFile, tries: 0, wasAsked: false, afterLoss: true)
    } else if isInLobby, isListener {
      await screen.say(Sentences.backInLobby)
    } else if hub.current == nil, rooms.visited.isEmpty, dials.isEmpty, outcome == nil {
      await end(
        closed.endedCleanly ? .exit(.ok) : .failure(Sentences.ended(closed, unconfirmed: unconfirmed)))
    }
    if let current = talking, current.peer != closed.peer {
      await screen.say(Sentences.nowTalking(to: current.peer))
    }
    await showPrompt()
  }

  // MARK: Sending

  /// Sends in the order of calls, without making the keyboard wait for a peer that does not read.
  func send(_ text: String, to peer: PeerName, as id: OutgoingID?) {
    let former = hub.lastSend(to: peer)
    hub.sending(
      Task {
        await former?.value
        await self.sendNow(text, to: peer, as: id)
      }, to: peer)
  }

  private func sendNow(_ text: String, to peer: PeerName, as id: OutgoingID?) async {
    var former: SessionID?
    while let session = hub.newest(with: peer)?.session, session != former {
      do throws(MessengerFailure) {
        let taken = try await messenger.send(Array(text.utf8), on: session, as: id)
        if let event = hub.taken(text, as: taken, on: session, by: peer), let text = hub.confirmed(event) {
          await showTick(text, event)
        }
        return
      } catch {
        guard case .sessionEnded = error else {
          return await screen.say(Sentences.explained(Sentences.failure(error)))
        }
        // It ended just now: another link with the same person takes the text.
        former = session
      }
    }
    // What is known by an id waits where it is; the rest goes again when the link stands again.
    if former != nil || dials.contains(where: { $0.target.name == peer }) {
      if id == nil { hub.keep(text, for: peer) }
    } else {
      await screen.say(Sentences.notSent(text, to: peer))
    }
  }

  /// What a lost link left unacknowledged goes again, under its own id: the peer shows it once.
  private func sendAgain(to peer: PeerName) {
    for entry in hub.takeLost(by: peer) { send(entry.text, to: peer, as: entry.id) }
  }
}

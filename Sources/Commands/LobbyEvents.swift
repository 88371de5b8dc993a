import Messenger
import Terminal
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
    case .verifyProposed: break
    }
  }

  private func arrived(_ connected: ConnectedEvent) async {
    let isFirst = hub.count == 0
    hub.add(connected)
    if connected.dialled { dialling = nil }
    for line in Sentences.connected(connected, isFirst: isFirst) { await screen.say(line) }
    await screen.show(Sentences.log(connected))
    if isVerbose { await screen.say(Sentences.suite(connected)) }
    if let current = hub.current, current.peer != connected.peer {
      await screen.say(Sentences.alsoHere(connected.peer))
      await screen.ringBell()
    }
    await showPrompt()
    sendAgain(to: connected.peer)
  }

  private func show(_ message: MessageEvent) async {
    hub.received(message)
    for line in Sentences.message(message, paint: screen.paint) { await screen.show(line) }
    await screen.payload(EventTeller.payload(of: message.text))
  }

  private func showTick(_ text: String, _ delivered: DeliveredEvent) async {
    await screen.show(
      Sentences.tick(text, delivered, columns: await screen.columns, paint: screen.paint))
  }

  private func ended(_ closed: ClosedEvent) async {
    guard let conversation = hub.remove(closed.session) else { return }
    let unconfirmed = hub.unconfirmed(by: closed.peer).count
    await screen.say(
      Sentences.ended(closed, wasLeft: conversation.isLeaving, unconfirmed: unconfirmed, paint: screen.paint))
    if let current = hub.current {
      if current.peer != closed.peer { await screen.say(Sentences.nowTalking(to: current.peer)) }
    } else if isListener {
      await screen.say(Sentences.backInLobby)
    } else if outcome == nil {
      await lastOneEnded(closed, conversation, unconfirmed)
    }
    await showPrompt()
  }

  /// A dialler without a conversation: it dials again after a lost link, else it is done.
  private func lastOneEnded(
    _ closed: ClosedEvent, _ conversation: Conversations.Conversation, _ unconfirmed: Int
  ) async {
    if closed.endedCleanly { return await end(.exit(.ok)) }
    var policy = RetryPolicy.untilStopped
    if !conversation.isLeaving, let target = lastTarget, target.name == closed.peer,
      policy.wait(after: closed) != nil
    {
      await screen.say(Sentences.diallingAgain(target.name))
      return dial(target, password: .fromUsersFile, tries: 0, wasAsked: false, afterLoss: true)
    }
    await end(.failure(Sentences.ended(closed, unconfirmed: unconfirmed)))
  }

  // MARK: Sending

  /// Sends in the order of calls, without making the keyboard wait for a peer that does not read.
  func send(_ text: String, to peer: PeerName, as id: OutgoingID?) {
    let former = hub.willSend(text, to: peer)
    hub.sending(
      Task {
        await former?.value
        await self.sendNow(text, to: peer, as: id)
      }, to: peer)
  }

  private func sendNow(_ text: String, to peer: PeerName, as id: OutgoingID?) async {
    guard let conversation = hub.newest(with: peer) else {
      await screen.say(Sentences.notSent(text, to: peer))
      return
    }
    do throws(MessengerFailure) {
      let taken = try await messenger.send(Array(text.utf8), on: conversation.session, as: id)
      if let event = hub.taken(text, as: taken, on: conversation.session, by: peer),
        let text = hub.confirmed(event)
      {
        await showTick(text, event)
      }
    } catch {
      if case .sessionEnded = error {
        await screen.say(Sentences.notSent(text, to: peer))
      } else {
        await screen.say(Sentences.explained(Sentences.failure(error)))
      }
    }
  }

  /// What a lost link left unacknowledged goes again, under its own id: the peer shows it once.
  private func sendAgain(to peer: PeerName) {
    for entry in hub.unconfirmed(by: peer) { send(entry.text, to: peer, as: entry.id) }
  }
}

import Messenger
import Terminal
import Wire

/// Somebody at a terminal: the conversations that are up, the one that typed lines go to, and what is
/// dialled meanwhile.
///
/// The listener's lobby and the dialler's conversation are one thing; only what happens at the end of
/// the last conversation differs.
actor Lobby {
  enum Role: Sendable {
    case listen(ListenOptions)
    case talk(DialTarget)
    /// Nil: that of the only invitation, else the only one.
    case room(GroupName?)
  }

  let messenger: Messenger
  let party: Party
  let screen: Screen
  let passwords: Passwords
  let commands: ArrivalCommands
  let isVerbose: Bool
  let rings: Bool
  /// What `--relay` named.
  let relay: RelayAddress?
  var draftMode: LineEditor.DraftMode
  /// Set by the command that runs: whether the program goes on without a conversation.
  var isListener = false
  var hub = Conversations()
  var rooms = Rooms()
  /// What is being dialled now, and the tasks that do it.
  var dials: [(target: DialTarget, task: Task<Void, Never>)] = []
  /// Questions that a task wants asked; only the loop that reads the keyboard asks.
  var questions: [Question] = []
  /// Where everybody was dialled last: where to dial again after a lost link.
  var targets: [PeerName: DialTarget] = [:]
  var outcome: Outcome?
  private var interrupts = 0
  private var lastBell: ContinuousClock.Instant?

  enum Outcome: Sendable {
    case exit(ExitCode)
    case failure(Failure)
  }

  enum Question: Sendable {
    case passwordAgain(DialTarget, Failure, tries: Int)
    case verifyNow(DialTarget, Failure)
    case newKey(VerifyProposal)
  }

  init(
    messenger: Messenger, party: Party, screen: Screen, passwords: Passwords, commands: ArrivalCommands,
    isVerbose: Bool, rings: Bool, drafts: LineEditor.DraftMode, relay: RelayAddress?
  ) {
    self.messenger = messenger
    self.party = party
    self.screen = screen
    self.passwords = passwords
    self.commands = commands
    self.isVerbose = isVerbose
    self.rings = rings
    self.relay = relay
    draftMode = drafts
  }

  /// Runs until the person leaves, or a dialler's last conversation is over.
  func run(_ role: Role, in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    await screen.setDraftMode(draftMode)
    await surroundings.signals.handle { [weak self] signal in await self?.signalled(signal) }
    let pump = Task { await self.followEvents() }
    switch role {
    case .listen(let options):
      isListener = true
      try await listen(options)
      await openGroups()
    case .talk(let target):
      try await startDialling(target)
      await openGroups()
    case .room(let group):
      try await enterFirst(group)
    }
    await showPrompt()
    while outcome == nil {
      // What came while another question was open woke nobody.
      if !questions.isEmpty { await askWhatWaits() }
      guard outcome == nil else { break }
      switch await screen.next() {
      case .stopped: await askWhatWaits()
      case .action(let action): await typed(action)
      }
    }
    for dial in dials { dial.task.cancel() }
    await messenger.shutDown()
    await commands.end(after: pump)
    await screen.finish()
    switch outcome {
    case .exit(let code): return code
    case .failure(let failure): throw failure
    case nil: return .ok
    }
  }

  private func listen(_ options: ListenOptions) async throws(Failure) {
    do throws(MessengerFailure) {
      let summary = try await messenger.listen(options)
      for line in Sentences.listening(as: party.me, summary, interactive: true) { await screen.say(line) }
      if let warning = PublicPasswords(party: party).listening(summary) { await screen.say(warning) }
    } catch {
      await messenger.shutDown()
      throw Sentences.failure(error)
    }
  }

  func end(_ outcome: Outcome) async {
    self.outcome = self.outcome ?? outcome
    await screen.stopWaiting()
  }

  /// The conversation in the prompt.
  var talking: Conversations.Conversation? { rooms.current == nil ? hub.current : nil }
  /// Neither in a conversation nor in a room.
  var isInLobby: Bool { rooms.current == nil && hub.current == nil }

  func showPrompt() async {
    if let room = rooms.current {
      await screen.setPrompt(Sentences.prompt(me: party.me, room: room))
    } else if let current = hub.current {
      await screen.setPrompt(Sentences.prompt(me: party.me, peer: current.peer))
    } else if let dial = dials.first {
      await screen.setPrompt(Sentences.prompt(me: party.me, dialling: dial.target.name))
    } else {
      await screen.setPrompt(Sentences.prompt(me: party.me))
    }
  }

  /// Rings for somebody or something that arrived; a row of messages rings once a second.
  func ring() async {
    guard rings, lastBell.map({ $0.advanced(by: .seconds(1)) < .now }) ?? true else { return }
    lastBell = .now
    await screen.ringBell()
  }

  // MARK: Signals

  private func signalled(_ signal: SignalWatch.Signal) async {
    switch signal {
    case .windowChanged: await screen.windowChanged()
    case .resumed: await screen.resumed()
    case .report: break
    case .interrupt: await end(.exit(.interrupted))
    case .terminate, .hangUp: await end(.exit(.ok))
    }
  }

  // MARK: Typing

  private func typed(_ action: LineEditor.Action) async {
    if action != .interrupt { interrupts = 0 }
    switch action {
    case .line(let line): await entered(line)
    case .draft(let text): await say(text)
    case .interrupt:
      interrupts += 1
      if interrupts > 1 { return await end(.exit(.interrupted)) }
      await screen.say(Sentences.interruptAgain(inConversation: !isInLobby))
    case .endOfInput: await leaveConversation()
    case .pasteTooLong(_, let count):
      await screen.say(Sentences.pasteTooLong(count, limit: MessageParts.limit, peer: talking?.peer))
    case .limitReached(let limit): await screen.say(Sentences.limitReached(limit))
    case .suspend: break
    }
  }

  private func entered(_ line: String) async {
    switch TypedLine(line, inLobby: isInLobby) {
    case .nothing: if !dials.isEmpty { await stopDialling() }
    case .text(let text): await say(text)
    case .exit: await leaveConversation()
    case .later(let word): await screen.say(Sentences.laterInChat(word))
    case .unknown(let word, let meant): await screen.say(Sentences.unknownInChat(word, meant: meant))
    case .command(let command, let argument): await carryOut(command, argument)
    }
  }

  /// Sends a text to the peer or the room in the prompt.
  func say(_ text: String) async {
    if let room = rooms.current {
      if !text.isEmpty { send(text, to: room) }
      return
    }
    guard let current = hub.current else {
      await screen.say(
        dials.first.map { Sentences.notConnectedYet($0.target.name) } ?? Sentences.nobodyToSendTo)
      return
    }
    guard !text.isEmpty else { return }
    send(text, to: current.peer, as: nil)
  }

  /// `exit` and Control-D: out of the conversation, or out of the program where there is none.
  private func leaveConversation() async {
    if let room = rooms.current { return await goOut(of: room) }
    guard let current = hub.current else { return await end(.exit(.ok)) }
    if !isListener, hub.peers.count == 1, rooms.visited.isEmpty { return await leaveProgram() }
    let sessions = hub.all.filter { $0.peer == current.peer }.map(\.session)
    for session in sessions { hub.markLeaving(session) }
    Task { [messenger] in
      for session in sessions { await messenger.close(session, reason: .bye) }
    }
  }

  /// `/quit`: every conversation is ended cleanly, and the program with them.
  func leaveProgram() async {
    let sessions = hub.sessions
    for session in sessions { hub.markLeaving(session) }
    await hub.flush()
    await rooms.flush()
    for session in sessions { await messenger.close(session, reason: .bye) }
    await end(.exit(.ok))
  }
}

import ChatProtocol
import Cryptography
import GroupKeys
import LogFiles
import SessionLog
import Transport
import Wire

// The life of a group's link, from `start` to `stop`.
extension GroupKeeper {
  /// Bytes of entries that may be under way.
  private static let creditWindow: UInt32 = 1 << 20
  /// No credit is given back while more bytes of texts than this wait for the user.
  private static let untakenLimit = 1 << 20

  /// Opens the group's log, shows again what may not have been seen, and holds the link from now on.
  func start(_ room: GroupRoom) {
    guard room.linkTask == nil, room.member != nil, !isShuttingDown else { return }
    room.isStopping = false
    if room.facts.isLive { openLog(of: room) }
    let (stream, shows) = AsyncStream.makeStream(of: GroupShow.self)
    room.shows = shows
    room.showTask = Task { await self.show(stream, in: room) }
    for text in room.kept { show(.text(text), in: room) }
    room.kept = []
    room.linkTask = Task { await self.holdLink(of: room) }
  }

  /// Ends link and log, and waits for the log's disk.
  func stop(_ room: GroupRoom, why: LogCloseReason) async {
    room.isStopping = true
    room.alarm?.cancel()
    if let connection = room.connection, let task = room.linkTask {
      await connection.close()
      let patience = loopExecutor.schedule(afterMilliseconds: 2000) { task.cancel() }
      await task.value
      patience.cancel()
    }
    // A dial that is under way goes nowhere.
    room.linkTask?.cancel()
    room.linkTask = nil
    // A store that is under way still comes first.
    while room.storesDone < room.storesBegun { await room.change() }
    room.shows?.finish()
    await room.showTask?.value
    room.showTask = nil
    if let log = room.log {
      room.log = nil
      await withCheckedContinuation { continuation in log.close(why) { continuation.resume() } }
    }
    while room.isForgetting { await room.change() }
    room.changed()
  }

  private func openLog(of room: GroupRoom) {
    guard room.log == nil, let member = room.member, let peer = try? PeerName(room.name.text),
      let witness = try? member.logSecret()
    else { return }
    let facts = SegmentFacts(
      me: options.me, myIdentifier: identity.profile.groupID, peer: peer, peerIdentifier: room.id.bytes,
      session: network.handshake.entropy.publicBytes(count: 32),
      text: options.logText == .sealed ? .sealed : .plain)
    let log = GroupLog(executor: loopExecutor, threads: logThreads, mode: options.logSync) { told in
      switch told {
      case .opened(let path, let warnings):
        self.tell(.logged(group: room.name, path: path))
        for warning in warnings { self.events.put(.warning(Warning(warning, in: path))) }
      case .failed(let problem):
        self.tell(.storageFailed(group: room.name, problem))
        room.linkTask?.cancel()
        room.changed()
      }
    }
    room.log = log
    log.open(facts, in: LogDirectory(folders.logs, facts: facts), witness: witness, logKey: logKey)
  }

  private func holdLink(of room: GroupRoom) async {
    var wait = LinkBackOff()
    while !room.isStopping, let member = room.member, !member.hasEnded, room.log?.problem == nil {
      do throws(MessengerFailure) {
        let connection = try await RelayConnection.open(
          place: room.facts.relay, hello: HelloKey(member.hello), through: network)
        if await follow(connection, in: room) { wait.reset() }
        turn(.down, in: room)
      } catch {
        room.failure = error
      }
      room.isAnnounced = false
      room.changed()
      guard !room.isStopping, !Task.isCancelled, !member.hasEnded, room.log?.problem == nil else { break }
      let (seconds, milliseconds) = wait.next(from: network.handshake.entropy)
      tell(
        .reconnecting(group: room.name, address: room.facts.relay.address.text, seconds: seconds))
      guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { break }
    }
  }

  /// Follows one link to its end; whether it ever was up.
  private func follow(_ connection: RelayConnection, in room: GroupRoom) async -> Bool {
    let (requests, outgoing) = AsyncStream.makeStream(of: RelayRequest.self)
    room.connection = connection
    room.outgoing = outgoing
    room.owedCredit = 0
    let sender = Task { for await request in requests { await connection.send(request) } }
    defer {
      outgoing.finish()
      sender.cancel()
      room.connection = nil
      room.outgoing = nil
    }
    if room.isStopping { await connection.close() }
    var wasUp = false
    for await event in connection.events {
      switch event {
      case .up(let welcome):
        wasUp = true
        room.failure = nil
        turn(.up(welcome), in: room)
      case .frame(let answer):
        turn(.answer(answer), in: room)
        if case .entry(let entry) = answer { owe(entry.frameByteCount, in: room) }
      case .down:
        room.failure = .group(.notConnected(room.name, address: connection.place.address.text))
      }
    }
    return wasUp
  }

  /// An entry was read: its bytes may be given back as credit.
  private func owe(_ byteCount: Int, in room: GroupRoom) {
    room.owedCredit = room.owedCredit.addingReportingOverflow(UInt32(clamping: byteCount)).partialValue
    giveCredit(in: room)
  }

  /// Gives credit back, where much is owed and neither the store nor the user is behind.
  func giveCredit(in room: GroupRoom) {
    guard room.owedCredit >= Self.creditWindow / 4, room.untakenBytes < Self.untakenLimit,
      room.member?.isBusy == false
    else { return }
    room.outgoing?.yield(.credit(room.owedCredit))
    room.owedCredit = 0
  }

  func subscribe(from sequence: UInt64, in room: GroupRoom) {
    room.owedCredit = 0
    room.outgoing?.yield(.subscribe(RelaySubscribe(from: sequence, credit: Self.creditWindow)))
  }

  /// Calls the machine when it wants to be called.
  func setAlarm(of room: GroupRoom) {
    room.alarm?.cancel()
    guard let deadline = room.member?.deadline else {
      room.alarm = nil
      return
    }
    let id = room.id
    room.alarm = loopExecutor.schedule(
      afterMilliseconds: max(0, deadline.milliseconds(since: .current) + 1)
    ) { [weak self] in
      self?.assumeIsolated { $0.ring(id) }
    }
  }

  private func ring(_ id: GroupID) {
    guard let room = rooms[id], let member = room.member else { return }
    room.alarm = nil
    member.alarm(at: .current, time: .now)
    drain(room)
  }
}

extension HelloKey {
  /// What a group's member shows the relay.
  init(_ hello: GroupHello) {
    self.init(pseudonym: hello.pseudonym, publicKey: hello.key) { try hello.sign($0) }
  }
}

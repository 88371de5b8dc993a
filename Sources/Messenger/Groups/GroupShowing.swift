import ChatProtocol
import GroupKeys
import Stores
import Transport
import Wire

// From the machine to the log, from the synced log to the user.
extension GroupKeeper {
  func show(_ show: GroupShow, in room: GroupRoom) {
    // Who left reads nothing more, also while it is still in the tree.
    guard room.facts.isLive else { return }
    if case .text(let text) = show { room.untakenBytes += text.text.count }
    room.shows?.yield(show)
  }

  /// Shows one after the other: each is in the log before the next is written, and told when it is synced.
  func show(_ shows: AsyncStream<GroupShow>, in room: GroupRoom) async {
    for await show in shows {
      guard let log = room.log else { continue }
      switch show {
      case .text(let text):
        let isVerified = await isVerified(text.profile)
        log.write(.received, text.author, text.text, id: text.id, f: text.f) { isLogged in
          if isLogged { self.tell(text, isVerified, in: room) }
        }
      case .invited(let profile, let by):
        let words = await words(of: profile)
        write(
          "\(by.name.text) has added \(profile.name.text) (\(words))", log,
          .memberInvited(group: room.name, name: profile.name, words: words, by: by.name))
      case .joined(let profile):
        let words = await words(of: profile)
        write(
          "\(profile.name.text) has joined (\(words))", log,
          .joined(group: room.name, name: profile.name, words: words))
      case .left(let profile):
        write("\(profile.name.text) has left", log, .left(group: room.name, name: profile.name))
      case .removed(let profile, let by):
        write(
          "\(by.name.text) has removed \(profile.name.text)", log,
          .removed(group: room.name, name: profile.name, by: by.name))
      case .offline(let names, let by):
        let list = names.map(\.text).joined(separator: ", ")
        write(
          "\(by.name.text) could not reach \(list): offline; invited, will join when back", log,
          .offline(group: room.name, names: names, by: by.name))
      }
    }
  }

  private func write(_ notice: String, _ log: GroupLog, _ happening: GroupHappening) {
    log.write(notice: notice) { isLogged in if isLogged { self.tell(happening) } }
  }

  private func tell(_ text: GroupText, _ isVerified: Bool, in room: GroupRoom) {
    let event = GroupMessageEvent(
      group: room.name, groupID: room.id, id: text.id, from: text.author, seq: text.senderSequence,
      text: text.text, time: .now, sent: text.sentAt, verified: isVerified, again: text.again)
    let (executor, group, id, count) = (loopExecutor, room.id, text.id, text.text.count)
    events.put(.group(.message(event))) { [weak self] in
      executor.execute { self?.assumeIsolated { $0.taken(id, count, of: group) } }
    }
  }

  /// The user has a text: it need not come again.
  private func taken(_ id: MessageID, _ byteCount: Int, of group: GroupID) {
    guard let room = rooms[group] else { return }
    room.untakenBytes -= byteCount
    room.takenIDs.append(id)
    giveCredit(in: room)
    forgetTaken(in: room)
  }

  /// One transaction at a time; the next takes all that were taken meanwhile.
  private func forgetTaken(in room: GroupRoom) {
    guard !room.isForgetting, !room.takenIDs.isEmpty, let store else { return }
    room.isForgetting = true
    let (ids, group) = (room.takenIDs.map(\.bytes), room.id.bytes)
    room.takenIDs = []
    Task {
      // Where it fails they come again, and say so.
      try? await store.run { database, _ in try database.taken(ids, of: group) }
      room.isForgetting = false
      self.forgetTaken(in: room)
      room.changed()
    }
  }

  // MARK: What is known of a member

  /// The six words of a profile's key; they take a moment to compute, so elsewhere, and once.
  func words(of profile: Profile) async -> String {
    if let words = wordsOfProfiles[profile] { return words }
    let keyWords = options.keyWords
    let words = await logThreads.run { keyWords(profile) } ?? ""
    wordsOfProfiles[profile] = words
    return words
  }

  /// Whether the user compared the words of just this profile.
  func isVerified(_ profile: Profile) async -> Bool {
    let contacts = contacts
    let found = await disk.run { try? contacts.contact(named: profile.name) }
    guard let pin = found.flatMap({ $0 })?.pin else { return false }
    return pin.isVerified && pin.profile.profile.signedBytes == profile.signedBytes
  }
}

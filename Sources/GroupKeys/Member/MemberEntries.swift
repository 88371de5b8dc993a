internal import Cryptography
internal import Wire

// The relay's log, entry by entry.

extension GroupMember {
  /// Takes the next entry; one that does not follow from those before it ends the link.
  func received(_ entry: RelayEntry) {
    guard let link, !link.standsStill else { return }
    let read = state.position
    guard entry.sequence > read.sequence else { return name(.doubled(sequence: entry.sequence)) }
    let bodyHash = SHA256Hash.hash(entry.body.span)
    let chain = SHA256Hash.hash(
      RelaySignedBytes.chain(after: read.chain, sequence: entry.sequence, bodyHash: bodyHash).span)
    guard entry.sequence == read.sequence + 1, chain == entry.chain else {
      name(.chainBroken(sequence: entry.sequence))
      return standStill()
    }
    state.position = GroupPosition(term: read.term, sequence: entry.sequence, chain: chain)
    chains.remember(state.position)
    output.needsRecent = true
    self.link?.quietSince = now
    checkReceipt(at: entry, bodyHash)
    switch entry.content {
    case .application: application(entry, bodyHash)
    case .proposal: proposal(entry, bodyHash)
    case .commit(let commit): received(commit, in: entry, bodyHash)
    }
    noteReplay()
  }

  /// The entry where a receipt says that an own one stands must be that one.
  private func checkReceipt(at entry: RelayEntry, _ bodyHash: [UInt8]) {
    guard let inFlight = link?.inFlight, let receipt = inFlight.receipt,
      receipt.sequence == entry.sequence
    else { return }
    let isOwn =
      switch inFlight.matter {
      case .message(let id): outbox.sealed(into: bodyHash)?.row.id == id
      case .proposal: state.ownProposal?.bodyHash == bodyHash
      case .commit: state.ownCommit?.bodyHash == bodyHash
      }
    if !isOwn || receipt.chain != entry.chain { name(.badReceipt(sequence: entry.sequence)) }
  }

  /// An own append stands in the log.
  func finish(_ matter: InFlight.Matter, at sequence: UInt64) {
    guard let inFlight = link?.inFlight, inFlight.matter == matter else { return }
    link?.inFlight = nil
    guard inFlight.receipt == nil, let count = link?.receiptsToCome.count,
      count < GroupMemberLimits.receiptsAhead
    else { return }
    link?.receiptsToCome[inFlight.request] = sequence
  }

  /// The MLS message of an entry, and the epoch whose outer seal it has.
  func opened(_ entry: RelayEntry) throws(GroupError) -> (message: [UInt8], key: EntryKey) {
    guard let hint = EntryKey.hint(of: entry.body),
      let key = ([keys.entry] + pastKeys).first(where: { $0.hint == hint })
    else { throw .member(.entryUnknownHint) }
    return (try key.open(entry.body), key)
  }

  private func application(_ entry: RelayEntry, _ bodyHash: [UInt8]) {
    if let (row, attempt) = outbox.sealed(into: bodyHash) { return ownMessage(row, attempt, entry) }
    do throws(GroupError) {
      let (message, key) = try opened(entry)
      switch try group.process(message, now: nil) {
      case .application(let message): try received(message, key, entry)
      case .proposal(let sent):
        forget(sent)
        throw .member(.entryKindDiffers)
      case .commit(let staged), .ownCommit(let staged):
        if staged.hash != state.ownCommit?.hash { group.discard(staged.hash) }
        throw .member(.entryKindDiffers)
      }
    } catch {
      nameUnreadable(error, entry)
    }
  }

  private func nameUnreadable(_ error: GroupError, _ entry: RelayEntry) {
    switch error {
    case .refused(.generationUsed): name(.replay(nil, sequence: entry.sequence))
    case .notAuthentic: name(.badSignature(nil, sequence: entry.sequence))
    case .malformed, .refused, .member, .placeFailed, .misuse:
      name(.garbage(nil, sequence: entry.sequence))
    }
  }

  private func ownMessage(_ row: GroupOutboxRow, _ attempt: GroupAttempt, _ entry: RelayEntry) {
    outbox.remove(row.id)
    output.forget(row.id)
    state.ownPrevious = attempt.envelope
    state.ids.remember(row.id)
    finish(.message(row.id), at: entry.sequence)
    switch row.type {
    case GroupContent.text([]).type: output.afterStore(.accepted(row.id, state.position))
    case GroupContent.offline([]).type:
      if case .offline(let names)? = try? GroupContent(type: row.type, body: row.body) {
        output.afterStore(.notice(.offline(names, by: identity.profile)))
      }
    default: break
    }
  }

  func person(leafKey key: [UInt8]) -> GroupPerson? {
    if let former = state.former[key] { return former.person }
    return roster.person(leafKey: key)
  }

  private func received(
    _ message: ApplicationMessage, _ key: EntryKey, _ entry: RelayEntry
  ) throws(GroupError) {
    guard let person = person(leafKey: message.signatureKey) else { throw .member(.envelopeSender) }
    let signed: SignedEnvelope
    do throws(GroupError) {
      signed = try SignedEnvelope(parsing: message.content)
    } catch {
      return name(.garbage(person.name, sequence: entry.sequence))
    }
    let envelope: GroupEnvelope
    do throws(GroupError) {
      guard key.epoch == message.epoch else { throw .member(.envelopeEpoch) }
      envelope = try signed.verified(
        author: person.profile, groupID: groupID, epoch: key, sender: message.sender)
    } catch {
      return name(.badSignature(person.name, sequence: entry.sequence))
    }
    compare(envelope.seen, of: person, at: entry.sequence)
    state.lamport = max(state.lamport, envelope.lamport)
    guard isNew(envelope, signed.hash, of: person, at: entry.sequence) else { return }
    switch envelope.content {
    case .text(let text):
      output.deliver(
        GroupText(
          id: envelope.id, profile: person.profile, text: text, f: envelope.f, sentAt: envelope.sentAt,
          senderSequence: envelope.senderSequence, sequence: entry.sequence))
    case .joined: output.afterStore(.notice(.joined(person.profile)))
    case .offline(let names): output.afterStore(.notice(.offline(names, by: person.profile)))
    case .leaving: break
    case .badCommit(let slot, _, _):
      output.afterStore(.notice(.badCommitReported(slot: slot, by: person.profile)))
    }
  }

  /// Holds what the sender had read against what this member has: two pasts are a fork.
  private func compare(_ seen: GroupEnvelope.Seen, of person: GroupPerson, at sequence: UInt64) {
    guard seen.relay == description.relays[0].profile.groupID, seen.position.term == state.position.term
    else { return }
    let isKnown = chains[seen.position.sequence].map { $0 == seen.position.chain } ?? true
    // Nobody can have seen what comes after its own message.
    if isKnown, seen.position.sequence < sequence { return }
    name(.fork(with: person.name, sequence: sequence))
    state.isForked = true
  }

  /// Whether the message was not shown before; names what is wrong with its number.
  private func isNew(
    _ envelope: GroupEnvelope, _ hash: [UInt8], of person: GroupPerson, at sequence: UInt64
  ) -> Bool {
    let number = envelope.senderSequence
    var track = state.senders[person.leafKey] ?? SenderTrack(isKnown: true)
    defer {
      state.senders[person.leafKey] = track
      state.changedSenders.insert(person.leafKey)
    }
    guard !state.ids.contains(envelope.id) else {
      name(.replay(person.name, sequence: sequence))
      return false
    }
    if track.isKnown, number <= track.last {
      guard let index = track.missing.firstIndex(of: number) else {
        name(.replay(person.name, sequence: sequence))
        return false
      }
      // Late, and told to be missing before: the relay held it back.
      track.missing.remove(at: index)
      state.ids.remember(envelope.id)
      return true
    }
    if track.isKnown, number - track.last > 1 {
      let count = number - track.last - 1
      name(.missing(from: person.name, first: track.last + 1, count: count))
      let kept = min(count, UInt64(GroupMemberLimits.missingNumbers))
      track.missing += (number - kept)..<number
      track.missing.removeFirst(max(0, track.missing.count - GroupMemberLimits.missingNumbers))
    } else if track.isKnown, envelope.previous != track.hash {
      name(.senderChainBroken(person.name, senderSequence: number))
    }
    (track.isKnown, track.last, track.hash) = (true, number, hash)
    state.ids.remember(envelope.id)
    return true
  }

  // MARK: Proposals

  private func proposal(_ entry: RelayEntry, _ bodyHash: [UInt8]) {
    if let own = state.ownProposal, own.bodyHash == bodyHash {
      state.ownProposal?.isInLog = true
      output.needsState = true
      return finish(.proposal, at: entry.sequence)
    }
    do throws(GroupError) {
      let message = try opened(entry).message
      switch try group.process(message, now: nil) {
      case .application:
        throw .member(.entryKindDiffers)
      case .proposal(let sent):
        output.needsState = true
        guard case .member(let sender) = sent.sender, case .remove(sender) = sent.proposal else {
          forget(sent)
          let author: PeerName? =
            if case .member(let leaf) = sent.sender { roster[leaf]?.name } else { nil }
          return name(.badProposal(author, sequence: entry.sequence))
        }
        scheduleCommit()
      case .commit(let staged), .ownCommit(let staged):
        if staged.hash != state.ownCommit?.hash { group.discard(staged.hash) }
        throw .member(.entryKindDiffers)
      }
    } catch {
      nameUnreadable(error, entry)
    }
  }

  /// Drops a proposal that is never to be committed.
  private func forget(_ sent: SentProposal) {
    group.pending.removeAll { $0.sent.reference == sent.reference }
    output.needsState = true
  }
}

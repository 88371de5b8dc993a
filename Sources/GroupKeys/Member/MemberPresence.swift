internal import Cryptography
internal import Wire

/// Who is online, as far as beacons on the live link tell; never stored.
struct MemberPresence {
  private struct Sighting {
    var link: UInt32
    var heard: Moment
    var counter: UInt64
  }

  /// By leaf key.
  private var seen: [[UInt8]: Sighting] = [:]
  /// The highest counter of each, also of those who went: a beacon is not to be heard twice.
  private var counters: [[UInt8]: UInt64] = [:]
  private var links: [UInt32: [UInt8]] = [:]
  private(set) var due: Moment?
  /// Not after the first silence that would be too long; looked at again then.
  private(set) var nextSilence: Moment?

  func isOnline(_ leafKey: [UInt8]) -> Bool { seen[leafKey] != nil }

  mutating func linkIsUp(others: [UInt32]) { due = nil }

  /// Those who are not known to be online any more.
  mutating func linkIsDown() -> [[UInt8]] {
    let keys = Array(seen.keys)
    (seen, links, due, nextSilence) = ([:], [:], nil, nil)
    return keys
  }

  mutating func announceSoon(_ moment: Moment) { due = min(due ?? moment, moment) }
  mutating func announced(next: Moment) { due = next }

  /// Takes a beacon whose signature holds; nil for one that was heard before, else whether its sender was offline.
  mutating func heard(_ leafKey: [UInt8], link: UInt32, counter: UInt64, at now: Moment) -> Bool? {
    guard counter > counters[leafKey] ?? 0 else { return nil }
    counters[leafKey] = counter
    let wasOffline = seen[leafKey] == nil
    if let old = seen[leafKey], old.link != link { links[old.link] = nil }
    seen[leafKey] = Sighting(link: link, heard: now, counter: counter)
    links[link] = leafKey
    let silence = now + GroupMemberLimits.silence
    nextSilence = min(nextSilence ?? silence, silence)
    return wasOffline
  }

  /// The member who was online by this link.
  mutating func linkDisappeared(_ link: UInt32) -> [UInt8]? {
    guard let key = links.removeValue(forKey: link) else { return nil }
    seen[key] = nil
    return key
  }

  /// Whether it was online.
  mutating func forget(_ leafKey: [UInt8]) -> Bool {
    counters[leafKey] = nil
    guard let sighting = seen.removeValue(forKey: leafKey) else { return false }
    links[sighting.link] = nil
    return true
  }

  /// Those who were silent for too long.
  mutating func silent(at now: Moment) -> [[UInt8]] {
    guard let nextSilence, nextSilence <= now else { return [] }
    let gone = seen.filter { $0.value.heard + GroupMemberLimits.silence <= now }.map(\.key)
    for key in gone {
      if let link = seen.removeValue(forKey: key)?.link { links[link] = nil }
    }
    self.nextSilence = seen.values.map { $0.heard + GroupMemberLimits.silence }.min()
    return gone
  }
}

/// A beacon: leaf u32 | counter u64 | state u8 | signature 64 by the leaf's key.
struct PresenceBeacon: Hashable {
  static let byteCount = 77
  static let online: UInt8 = 1

  let leaf: LeafIndex
  /// Rises with each beacon of a leaf: the sender's clock in milliseconds.
  let counter: UInt64
  let state: UInt8

  static func signedBytes(groupID: [UInt8], epoch: UInt64, _ content: [UInt8]) -> [UInt8] {
    var bytes = Array("secure_chat/1 group presence".utf8) + groupID
    bytes.append(bigEndian: epoch)
    return bytes + content
  }

  var content: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: leaf.rawValue)
    bytes.append(bigEndian: counter)
    bytes.append(state)
    return bytes
  }

  init(leaf: LeafIndex, counter: UInt64, state: UInt8) {
    self.leaf = leaf
    self.counter = counter
    self.state = state
  }

  /// The content and the signature.
  static func parse(_ bytes: [UInt8]) throws(GroupError) -> (beacon: PresenceBeacon, signature: [UInt8]) {
    guard bytes.count == byteCount else { throw .member(.presenceForm) }
    var reader = TLSReader(bytes)
    let beacon = PresenceBeacon(
      leaf: LeafIndex(rawValue: try reader.uint32()), counter: try reader.uint64(), state: try reader.uint8())
    guard beacon.state <= online else { throw .member(.presenceForm) }
    return (beacon, reader.rest())
  }
}

extension EpochKeys {
  /// nonce 24 | ciphertext and tag.
  func sealPresence(_ bytes: [UInt8], from entropy: any EntropySource) throws(GroupError) -> [UInt8] {
    let nonce = entropy.publicBytes(count: XChaCha20Sealing.nonceByteCount)
    return nonce
      + (try cryptography { () throws(CryptographyError) in
        try presence.withBytes { (key) throws(CryptographyError) in
          try XChaCha20Sealing.seal(bytes.span, key: key, nonce: nonce.span, authenticating: Span())
        }
      })
  }

  func openPresence(_ sealed: [UInt8]) throws(GroupError) -> [UInt8] {
    let head = XChaCha20Sealing.nonceByteCount
    guard sealed.count >= head else { throw .malformed(.truncated) }
    return try cryptography { () throws(CryptographyError) in
      try presence.withBytes { (key) throws(CryptographyError) in
        let bytes = sealed.span
        return try XChaCha20Sealing.open(
          bytes.extracting(head..<bytes.count), key: key, nonce: bytes.extracting(0..<head),
          authenticating: Span())
      }
    }
  }
}

extension GroupMember {
  /// Tells the live links that this member is here, and when the next time is.
  func sendPresence() {
    presence.announced(next: now + GroupMemberLimits.presenceEvery)
    guard let link, !link.standsStill, group.epochNumber > 0, !state.isForked else { return }
    beaconCounter = max(beaconCounter + 1, time.milliseconds)
    let beacon = PresenceBeacon(leaf: group.own, counter: beaconCounter, state: PresenceBeacon.online)
    let content = beacon.content
    do throws(GroupError) {
      let signature = try cryptography { () throws(CryptographyError) in
        try group.suite.sign(
          PresenceBeacon.signedBytes(groupID: groupID, epoch: group.epochNumber, content),
          privateKey: group.epoch.signatureKey)
      }
      output.perform(.ephemeral(try keys.sealPresence(content + signature, from: entropy)))
    } catch {
      // The next beacon may find what this one lacked.
    }
  }

  /// Somebody came: it learns soon who is here, and not from a thousand at once.
  func linkAppeared(_: UInt32) {
    guard let link, link.isSettled else { return }
    let longest = Duration.milliseconds(20 + roster.count * roster.count / 4)
    presence.announceSoon(now + randomDuration(upTo: min(longest, GroupMemberLimits.presenceEvery)))
  }

  /// Takes a beacon; what does not hold is dropped: it is no part of the log, and anybody at the relay can make it.
  func receivedPresence(_ body: [UInt8], link number: UInt32) {
    guard let link, !link.standsStill else { return }
    do throws(GroupError) {
      let (beacon, signature) = try PresenceBeacon.parse(try keys.openPresence(body))
      guard beacon.leaf != group.own, let person = roster[beacon.leaf] else {
        throw .member(.presenceSender)
      }
      let signed = PresenceBeacon.signedBytes(
        groupID: groupID, epoch: group.epochNumber, beacon.content)
      try cryptography { () throws(CryptographyError) in
        try group.suite.verify(signature: signature, of: signed, publicKey: person.leafKey)
      }
      if beacon.state == PresenceBeacon.online {
        if presence.heard(person.leafKey, link: number, counter: beacon.counter, at: now) == true {
          output.afterStore(.notice(.online(person.name, true)))
        }
      } else if presence.forget(person.leafKey) {
        output.afterStore(.notice(.online(person.name, false)))
      }
    } catch {
      return
    }
  }
}

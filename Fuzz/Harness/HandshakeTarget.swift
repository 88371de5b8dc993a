import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Wire

/// Handshakes: the parsers of their messages; both machines fed any bytes; and both machines facing a peer
/// that holds every key and seals whatever the input says in the place of one part.
enum HandshakeTarget {
  private static let cast = made { try Cast() }

  static func run(_ input: inout FuzzInput) {
    switch input.byte() % 8 {
    case 0: parse(input.everything())
    case 1: feed(made { try cast.accepting(cast.context(of: cast.bob, seed: 11)) }, &input)
    case 2:
      feed(made { try cast.dialling(cast.alice, to: nil, cast.context(of: cast.alice, seed: 12)) }, &input)
    case 3:
      let context = cast.context(of: cast.alice, seed: 13)
      feed(made { try cast.diallingFirst(cast.alice, context) }, &input)
    case 4: faceDialler(.known, &input)
    case 5: faceDialler(.pair, &input)
    case 6: faceListener(.known, &input)
    default: faceListener(.pair, &input)
    }
  }

  // MARK: Parsers

  private static func parse(_ bytes: [UInt8]) {
    if let initiation = try? Initiation(parsing: bytes.span) {
      demand(
        initiation.clearBytes == Array(bytes.prefix(initiation.clearByteCount)), "INIT has one spelling")
    }
    for groups in [[KeyAgreementGroup.x25519MLKEM768], [.x25519], [.x25519FFDHE3072]] {
      guard let offer = try? offer(groups),
        let response = try? Response(parsing: bytes.span, answering: offer)
      else { continue }
      demand(response.clearBytes == Array(bytes.prefix(response.clearByteCount)), "RESP has one spelling")
    }
    if let profile = try? Profile(parsing: bytes.span) {
      demand(profile.bytes == bytes, "a profile has one spelling")
      _ = try? ProvenProfile(verifying: profile)
    }
    if let name = try? PeerName(field: bytes.span) {
      demand(name.field == bytes, "a name's field has one spelling")
      demand((try? PeerName(name.text)) == name, "a name that was read is a name")
    }
    if let name = try? PeerName(utf8: bytes.span) { demand(name.utf8 == bytes, "a name is taken as it is") }
  }

  private static func offer(_ groups: [KeyAgreementGroup]) throws -> Initiation {
    var body = Array("SECCHAT".utf8) + [1, HandshakeMode.known.rawValue]
    body += groups.map(\.rawValue) + [UInt8](repeating: 0, count: Initiation.listCount - groups.count)
    body += [1, 2, 3, 0]
    body += [UInt8](repeating: 7, count: 64)
    body += [UInt8](repeating: 0, count: HandshakeSize.initiation(groups, mode: .known) - body.count)
    return try Initiation(parsing: body.span)
  }

  // MARK: Any bytes

  private static func feed(_ peer: TestPeer, _ input: inout FuzzInput) {
    for piece in input.pieces(input.byte()) { peer.receive(piece) }
    end(peer)
  }

  /// However it went, it comes to one end, and the link with it.
  private static func end(_ peer: TestPeer) {
    peer.tell(.linkClosed)
    peer.pass(seconds: 60)
    demand((peer.refusal == nil) != (peer.end == nil), "a connection ends once, refused or after a session")
    demand(peer.closesLink != nil, "a connection that is over closes its link")
    demand(peer.machine.nextAction() == nil, "nothing is said after the end")
    demand(peer.shown.isEmpty, "no text is shown that nobody sent")
  }

  // MARK: A peer that holds the keys

  private static let parts: [Handmade.Part] = [
    .challenge, .share, .groupShare, .proof, .claim, .passwordShare, .profile, .firstResponse,
    .initiatorResponse, .secondResponse,
  ]

  /// Puts the input in the place of one part, and remembers whether that changed anything.
  private final class Change {
    let part: Handmade.Part
    let isWhole: Bool
    let bytes: [UInt8]
    var wasMade = false

    init(_ input: inout FuzzInput) {
      let choice = input.byte()
      part = parts[Int(choice & 0x7f) % parts.count]
      isWhole = choice & 0x80 != 0
      bytes = input.everything()
    }

    func apply(_ part: Handmade.Part, _ honest: [UInt8]) -> [UInt8] {
      guard part == self.part else { return honest }
      var changed = honest
      if isWhole {
        changed = bytes
      } else {
        for (index, byte) in zip(changed.indices, bytes) { changed[index] ^= byte }
      }
      if changed != honest { wasMade = true }
      return changed
    }
  }

  private static func judge(_ peer: TestPeer, _ change: Change, isUp: Bool) {
    // A challenge is any 32 bytes: whoever sends it may choose it.
    demand(
      !isUp || !change.wasMade || change.part == .challenge,
      "a handshake with a changed \(change.part) does not come to its end")
    end(peer)
  }

  /// The real side listens.
  private static func faceDialler(_ mode: HandshakeMode, _ input: inout FuzzInput) {
    let change = Change(&input)
    let bob = made { try cast.accepting(cast.context(of: cast.bob, seed: 14)) }
    var isUp = false
    do {
      let evil = try Handmade(cast.alice, .initiator, mode)
      evil.alter = change.apply
      bob.receive(try evil.initiation(to: mode == .known ? cast.bob.profile : nil))
      guard let response = bob.sent().first else { return judge(bob, change, isUp: false) }
      try evil.takeResponse(response)
      if mode == .pair {
        bob.receive(try evil.pairingRequest(cast.password, responder: cast.bob.profile.name))
        guard let reply = bob.sent().first else { return judge(bob, change, isUp: false) }
        try evil.takePairingReply(reply)
      }
      bob.receive(try evil.authentication(pairSecret: mode == .known ? cast.pairSecret : nil))
      isUp = !bob.sent().isEmpty
    } catch {
      // The peer's own library refuses what it was told to do.
    }
    judge(bob, change, isUp: isUp)
  }

  /// The real side dials.
  private static func faceListener(_ mode: HandshakeMode, _ input: inout FuzzInput) {
    let change = Change(&input)
    let context = cast.context(of: cast.alice, seed: 15)
    let alice = made {
      try mode == .known
        ? cast.dialling(cast.alice, to: nil, context) : cast.diallingFirst(cast.alice, context)
    }
    do {
      let evil = try Handmade(cast.bob, .responder, mode)
      evil.alter = change.apply
      guard let initiation = alice.sent().first else { return judge(alice, change, isUp: false) }
      try evil.takeInitiation(initiation)
      alice.receive(try evil.response())
      if mode == .pair {
        guard let request = alice.sent().first else { return judge(alice, change, isUp: false) }
        try evil.takePairingRequest(request, cast.password)
        alice.receive(try evil.pairingReply())
      }
      guard let authentication = alice.sent().first else { return judge(alice, change, isUp: false) }
      try evil.takeAuthentication(authentication, pairSecret: mode == .known ? cast.pairSecret : nil)
      alice.receive(try evil.confirmation())
    } catch {
      // The peer's own library refuses what it was told to do.
    }
    judge(alice, change, isUp: alice.isUp)
  }
}

/// What a handshake is for: the mode byte of INIT (PROTOCOL 1.3, 1.4).
package enum HandshakeMode: UInt8, Hashable, Sendable, CaseIterable {
  /// "K": both sides know each other's keys.
  case known = 0x4b
  /// "P": first contact, by password.
  case pair = 0x50
  /// "R": a relay link; the dialling side has no identity (GROUPS 3.5).
  case relay = 0x52

  /// The modes in which two users meet.
  package static let betweenUsers: [HandshakeMode] = [.known, .pair]

  /// Whether the dialling side knows the profile of the other before, so that INIT and RESP prove it.
  package var knowsResponder: Bool {
    switch self {
    case .known, .relay: true
    case .pair: false
    }
  }
}

/// Sizes in bytes of what handshake messages are made of (PROTOCOL 1.3, 1.4).
package enum HandshakeSize {
  package static let challenge = 32
  /// An X25519 public key.
  package static let ephemeral = 32
  package static let encapsulationKey = 1184
  package static let ciphertext = 1088
  package static let finiteFieldShare = 384

  /// `|Enc(p)|`: CBC with its padding, and a tag of 32.
  package static func sealed(_ plaintext: Int) -> Int {
    16 * (plaintext / 16 + 1) + 32
  }

  /// Enc(empty), the proof that ends a K INIT.
  package static let sealedNothing = 48
  /// Enc of a response of 32 bytes.
  package static let sealedResponse = 80
  /// Enc of a profile of 193 bytes.
  package static let sealedProfile = 240
  /// Enc(name field 64 | Ya 32).
  package static let sealedClaim = 144
  /// Enc(Yb 32).
  package static let sealedShare = 80

  package static let pair1 = sealedClaim
  package static let pair2 = sealedShare + sealedProfile + sealedResponse
  package static let authentication = sealedProfile + sealedResponse
  package static let finish = sealedResponse

  /// Bytes of RESP's body for the group that it picks.
  package static func response(_ group: KeyAgreementGroup, mode: HandshakeMode) -> Int {
    let share =
      switch group {
      case .x25519MLKEM768: ciphertext
      case .x25519: 0
      case .x25519FFDHE3072: finiteFieldShare
      }
    let proof = mode.knowsResponder ? sealedResponse : 0
    return 2 + challenge + ephemeral + share + proof
  }

  /// Bytes of INIT's body for what it offers.
  package static func initiation(_ groups: [KeyAgreementGroup], mode: HandshakeMode) -> Int {
    let proof = mode.knowsResponder ? sealedNothing : 0
    return Initiation.fixedByteCount
      + (groups.contains(.x25519MLKEM768) ? encapsulationKey : 0)
      + (groups.contains(.x25519FFDHE3072) ? finiteFieldShare : 0) + proof
  }
}

extension FrameGate {
  /// The first frame of a connection: INIT, of a length that some mode and offer has.
  package static let initiation = FrameGate(
    type: .initiation, bodyCounts: [81, 129, 465, 513, 1265, 1313, 1649, 1697])

  /// The first frame of a relay link: INIT, or the question for the relay's profile.
  package static let relayOpening = FrameGate(
    type: .initiation, bodyCounts: initiation.bodyCounts, orEmpty: .ask)

  /// The relay's profile, the answer to that question.
  package static let relayProfile = FrameGate(type: .profile, bodyCounts: [Profile.byteCount])

  /// RESP to an offer of these groups.
  package static func response(to groups: [KeyAgreementGroup], mode: HandshakeMode) -> FrameGate {
    FrameGate(type: .response, bodyCounts: groups.map { HandshakeSize.response($0, mode: mode) })
  }

  package static let pair1 = FrameGate(type: .pair1, bodyCounts: [HandshakeSize.pair1])
  package static let pair2 = FrameGate(type: .pair2, bodyCounts: [HandshakeSize.pair2])
  package static let authentication = FrameGate(
    type: .authentication, bodyCounts: [HandshakeSize.authentication])
  package static let finish = FrameGate(type: .finish, bodyCounts: [HandshakeSize.finish])
}

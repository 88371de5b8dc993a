import ChatProtocol
import Cryptography
import ProtocolTestSupport
import TestSupport
import Testing
import Wire

/// What somebody on the path, or a weak or hostile peer, does to the choice of groups and ciphers.
@Suite("Attacks on the negotiation")
struct NegotiationAttackTests {
  private let cast: Cast

  init() throws { cast = try Cast() }

  private func context(
    _ identity: IdentityKeys, _ groups: [KeyAgreementGroup]?, _ ciphers: [CipherSuite]? = nil
  ) -> ConnectionContext {
    var context = cast.context(of: identity)
    context.policy = NegotiationPolicy(groups: groups, ciphers: ciphers)
    return context
  }

  /// Alice, who dials Bob and once completed `floor` with him.
  private func dialler(
    _ mode: HandshakeMode, _ groups: [KeyAgreementGroup]?, _ ciphers: [CipherSuite]? = nil,
    floor: KeyAgreementGroup = .x25519
  ) throws -> TestPeer {
    let target: DialSetup.Target
    if mode == .known {
      var pin = try cast.pin(of: cast.bob)
      pin.floor = floor
      target = .known(pin)
    } else {
      target = .firstContact(
        name: cast.bob.profile.name, password: try makePasswordSecret(cast.password), floor: floor,
        purpose: .conversation)
    }
    let setup = DialSetup(context: context(cast.alice, groups, ciphers), target: target)
    return TestPeer(ConnectionMachine(dialling: setup), cast.alice)
  }

  private func listener(
    _ groups: [KeyAgreementGroup]? = nil, _ ciphers: [CipherSuite]? = nil,
    floor: KeyAgreementGroup = .x25519
  ) throws -> TestPeer {
    let bob = try cast.accepting(context(cast.bob, groups, ciphers))
    bob.contact?.floor = floor
    bob.floor = floor
    return bob
  }

  /// Carries frames to and fro, the first of a side through `edit`, and the end of a link, too.
  private func carry(
    _ alice: TestPeer, _ bob: TestPeer, initiation: ([UInt8]) -> [UInt8] = { $0 },
    response: ([UInt8]) -> [UInt8] = { $0 }
  ) {
    var counts = (alice: 0, bob: 0)
    var isSilent = false
    while !isSilent {
      isSilent = true
      for frame in alice.sent() {
        isSilent = false
        bob.receive(counts.alice == 0 ? initiation(frame) : frame)
        counts.alice += 1
      }
      if bob.closesLink != nil { alice.tell(.linkClosed) }
      for frame in bob.sent() {
        isSilent = false
        alice.receive(counts.bob == 0 ? response(frame) : frame)
        counts.bob += 1
      }
      if alice.closesLink != nil { bob.tell(.linkClosed) }
    }
  }

  private func expectNoSession(_ alice: TestPeer, _ bob: TestPeer, _ what: String = "") {
    #expect(alice.summary == nil && bob.summary == nil, "\(what)")
    #expect(alice.shown.isEmpty && bob.shown.isEmpty && alice.stored.isEmpty && bob.stored.isEmpty, "\(what)")
  }

  // [N-02] [N-03] [N-04] [N-05]
  @Test(arguments: HandshakeMode.betweenUsers)
  func everyGroupMakesASessionWithEveryCipherAndRaisesBothFloors(mode: HandshakeMode) throws {
    for group in KeyAgreementGroup.allCases {
      for cipher in CipherSuite.allCases {
        let (alice, bob) = (try dialler(mode, [group], [cipher]), try listener())
        carry(alice, bob)
        for peer in [alice, bob] {
          #expect(peer.isUp && peer.summary?.group == group && peer.summary?.cipher == cipher)
        }
        let stream = MessageStream(entropy: SystemEntropy.shared)
        alice.say("over \(cipher.name)", stream)
        carry(alice, bob)
        #expect(bob.shown.map { String(decoding: $0.text, as: UTF8.self) } == ["over \(cipher.name)"])
        #expect(alice.receipts.count == 1)
        let raised = bob.said.compactMap { action -> KeyAgreementGroup? in
          if case .confirmPin(_, let floor) = action { floor } else { nil }
        }
        #expect(raised == [group])
        if mode == .known {
          let floors = alice.said.compactMap { action -> KeyAgreementGroup? in
            if case .raiseFloor(_, let floor) = action { floor } else { nil }
          }
          #expect(floors == (group == .x25519 ? [] : [group]))
        } else {
          #expect(alice.stored.map(\.floor) == [group] && bob.stored.map(\.floor) == [group])
        }
      }
    }
  }

  // [N-03] [N-04]
  @Test func whatIsOfferedAndAcceptedWithoutAWordOfTheUser() throws {
    let defaults = NegotiationPolicy()
    #expect(defaults.offeredGroups == [.x25519MLKEM768])
    #expect(defaults.offeredCiphers.map(\.rawValue) == [1, 3, 2])
    #expect(Set(defaults.acceptedGroups) == Set(KeyAgreementGroup.allCases))
    #expect(Set(defaults.acceptedCiphers) == Set(CipherSuite.allCases))
    // The strongest group in common, whatever its place; the first cipher in common in the dialler's order.
    for (offered, accepted, picked) in [
      ([2, 3, 1], nil, 1), ([2, 3], nil, 3), ([3, 2, 1], [2, 3], 3), ([1, 2], [3, 2], 2),
    ] as [([UInt8], [UInt8]?, UInt8)] {
      let groups = { (numbers: [UInt8]) in numbers.compactMap(KeyAgreementGroup.init(rawValue:)) }
      let (alice, bob) = (
        try dialler(.known, groups(offered), [.aes256GCM, .aes256CBCHMACCRC32]),
        try listener(accepted.map(groups), [.aes256CBCHMACCRC32, .aes256GCM])
      )
      carry(alice, bob)
      #expect(alice.summary?.group.rawValue == picked && alice.summary?.cipher == .aes256GCM)
      #expect(bob.isUp)
    }
  }

  // MARK: 15

  //
  @Test("attack 15: no key and nonce of aes256-gcm come twice, in either direction, also after a reconnect")
  func noKeyAndNonceComeTwice() throws {
    // Records of one plaintext: where their first bytes are the same, key and nonce were.
    var starts: Set<[UInt8]> = []
    var sealed = 0
    for _ in 0..<3 {
      let bob = try cast.accepting()
      let alice = try Handmade(cast.alice, .initiator, .known)
      bob.receive(try alice.initiation(to: cast.bob.profile))
      try alice.takeResponse(bob.sent()[0])
      bob.receive(try alice.authentication(pairSecret: cast.pairSecret))
      try alice.takeConfirmation(bob.sent()[0])
      for (role, key) in [(Role.initiator, alice.sendingKey), (.responder, alice.receivingKey)] {
        let region = try GuardedRegion(byteCount: 4064)
        var writer = try RecordWriter(
          chainKey: Secret(copying: key.span, in: region), suite: .aes256GCM, sender: role, in: region)
        for _ in 0..<1_000 {
          var frame: [UInt8] = []
          try writer.seal(.pong(7), appendingTo: &frame)
          starts.insert(Array(frame[3..<19]))
          sealed += 1
        }
      }
    }
    #expect(sealed == 6_000 && starts.count == sealed)
  }

  // MARK: 17

  // [N-07] [M-19]
  @Test(
    "attack 17: an offer that somebody stripped on the way never makes a session",
    arguments: HandshakeMode.betweenUsers)
  func aStrippedOfferNeverMakesASession(mode: HandshakeMode) throws {
    let key = HandshakeSize.encapsulationKey
    let edits: [(name: String, code: ChatErrorCode, edit: ([UInt8]) -> [UInt8])] = [
      ("group 1 out of the list, its share kept", .proto, { $0.replacing(12, [3, 2, 0, 0]) }),
      ("a gap where group 1 stood", .proto, { $0.replacing(12, [0, 3, 2, 0]) }),
      (
        "group 1 and its share out", .auth,
        {
          let body = $0.replacing(12, [3, 2, 0, 0])[3...]
          return framed(1, Array(body.prefix(81) + body.dropFirst(81 + key)))
        }
      ),
      ("the groups in another order", .auth, { $0.replacing(12, [2, 3, 1, 0]) }),
      ("a cipher out", .auth, { $0.replacing(16, [3, 0, 0, 0]) }),
      ("the ciphers in another order", .auth, { $0.replacing(16, [3, 1, 0, 0]) }),
    ]
    for (name, code, edit) in edits {
      let alice = try dialler(
        mode, [.x25519MLKEM768, .x25519FFDHE3072, .x25519], [.aes256CBCHMACCRC32, .xchacha20Poly1305])
      let bob = try listener()
      carry(alice, bob, initiation: edit)
      expectNoSession(alice, bob, name)
      #expect(bob.code == code, "\(name)")
      #expect(alice.code == .closed, "\(name)")
      // Mode K: at the tag of INIT; mode P: at PAIR1, before any guess.
      #expect(bob.refusal?.guessSpent == false, "\(name)")
    }
  }

  // MARK: 18

  // [M-06] [N-07]
  @Test(
    "attack 18: a choice that was not offered, or another that was, never makes a session",
    arguments: HandshakeMode.betweenUsers)
  func anotherChoiceNeverMakesASession(mode: HandshakeMode) throws {
    let groups: [KeyAgreementGroup] = [.x25519MLKEM768, .x25519]
    let ciphers: [CipherSuite] = [.aes256CBCHMACCRC32, .xchacha20Poly1305]
    let ciphertext = HandshakeSize.ciphertext
    let edits: [(name: String, atAlice: Bool, edit: ([UInt8]) -> [UInt8])] = [
      ("a group that was not offered", true, { $0.replacing(3, [3]) }),
      ("a group that does not exist", true, { $0.replacing(3, [9]) }),
      ("another group that was offered, of another length", true, { $0.replacing(3, [2]) }),
      ("a cipher that was not offered", true, { $0.replacing(4, [2]) }),
      ("a cipher that does not exist", true, { $0.replacing(4, [0]) }),
      ("another cipher that was offered", false, { $0.replacing(4, [3]) }),
      (
        "another group that was offered, its length mended", false,
        {
          let body = $0.replacing(3, [2])[3...]
          return framed(2, Array(body.prefix(66) + body.dropFirst(66 + ciphertext)))
        }
      ),
    ]
    for (name, isForm, edit) in edits {
      let (alice, bob) = (try dialler(mode, groups, ciphers), try listener())
      carry(alice, bob, response: edit)
      expectNoSession(alice, bob, name)
      switch (isForm, mode == .known) {
      case (true, _): #expect(alice.code == .proto, "\(name)")
      case (false, true): #expect(alice.code == .auth && bob.code == .closed, "\(name)")
      case (false, false): #expect(bob.code == .auth && alice.code == .closed, "\(name)")
      }
      #expect(bob.refusal?.guessSpent != true, "\(name)")
    }
  }

  // MARK: 19

  // [N-05] [M-15]
  @Test(
    "attack 19: an honest peer that is weaker than before is refused", arguments: HandshakeMode.betweenUsers)
  func aWeakPeerAfterAStrongPinIsRefused(mode: HandshakeMode) throws {
    // The listener's floor: after the whole of AUTH, by which the peer is proven.
    for (group, floor) in [
      (KeyAgreementGroup.x25519, KeyAgreementGroup.x25519MLKEM768), (.x25519, .x25519FFDHE3072),
      (.x25519FFDHE3072, .x25519MLKEM768),
    ] {
      let (alice, bob) = (try dialler(mode, [group]), try listener(floor: floor))
      carry(alice, bob)
      expectNoSession(alice, bob)
      #expect(bob.code == .downgrade && bob.refusal?.stage == .authentication)
      #expect(alice.code == .closed && alice.refusal?.stage == .confirmation)
    }
    // The same peer is taken where the floor is its own group.
    for floor in [KeyAgreementGroup.x25519FFDHE3072, .x25519] {
      let (alice, bob) = (try dialler(mode, [.x25519FFDHE3072]), try listener(floor: floor))
      carry(alice, bob)
      #expect(alice.isUp && bob.isUp)
    }
  }

  // [M-04] [N-06]
  @Test(
    "attack 19: a listener that accepts only the strongest group refuses at INIT, in silence",
    arguments: HandshakeMode.betweenUsers)
  func nothingInCommonIsRefusedInSilence(mode: HandshakeMode) throws {
    for (groups, ciphers) in [
      ([KeyAgreementGroup.x25519, .x25519FFDHE3072], nil), ([.x25519MLKEM768], [CipherSuite.aes256GCM]),
    ] {
      let alice = try dialler(mode, groups, ciphers)
      let bob = try listener([.x25519MLKEM768], [.aes256CBCHMACCRC32])
      bob.receive(alice.sent()[0])
      #expect(bob.code == .policy && bob.sent().isEmpty && bob.closesLink == false)
    }
  }

  // [M-07] [N-05]
  @Test(
    "attack 19: a weaker choice than the dialler's floor is refused at RESP, and nothing follows it",
    arguments: HandshakeMode.betweenUsers)
  func aWeakChoiceBelowTheDiallersFloorIsRefused(mode: HandshakeMode) throws {
    let alice = try dialler(mode, [.x25519MLKEM768, .x25519], floor: .x25519MLKEM768)
    let bob = try listener([.x25519])
    bob.receive(alice.sent()[0])
    alice.receive(bob.sent()[0])
    #expect(alice.code == .downgrade && alice.refusal?.stage == .response)
    #expect(alice.sent().isEmpty && alice.summary == nil)
  }

  // MARK: 20

  // [N-08] [G-12]
  @Test("attack 20: no version or mode is rolled back, and no dial offers less than the one before")
  func nothingIsRolledBack() throws {
    for mode in HandshakeMode.betweenUsers {
      for version in [UInt8(0), 2, 255] {
        let bob = try listener()
        bob.receive(try dialler(mode, nil).sent()[0].replacing(10, [version]))
        #expect(bob.code == .proto && bob.sent().isEmpty)
      }
    }
    // K made to look like P, with its length and with one that fits.
    let (alice, strict) = (try dialler(.known, nil), try listener())
    let initiation = alice.sent()[0]
    strict.receive(initiation.replacing(11, [0x50]))
    #expect(strict.code == .proto)
    let bob = try listener()
    bob.receive(framed(1, Array(initiation.replacing(11, [0x50])[3...].dropLast(48))))
    alice.receive(bob.sent()[0])
    #expect(alice.code == .proto && alice.summary == nil)
    // Ten dials that somebody ends: each says the same version, mode, groups and ciphers.
    var heads: Set<[UInt8]> = []
    for _ in 0..<10 {
      let alice = try dialler(.known, nil)
      heads.insert(Array(alice.sent()[0][3..<20]))
      alice.tell(.linkClosed)
      #expect(alice.code == .closed && alice.sent().isEmpty)
    }
    #expect(heads == [Array("SECCHAT".utf8) + [1, 0x4b, 1, 0, 0, 0, 1, 3, 2, 0]])
  }

  // MARK: 21

  // [F-04] [N-02]
  @Test(
    "attack 21: parameters where y belongs are refused by their length, and never read",
    arguments: HandshakeMode.betweenUsers)
  func parametersAreNeverTaken(mode: HandshakeMode) throws {
    let parameters =
      Array("-----BEGIN DH PARAMETERS-----\nMIIBiAKCAYEA".utf8) + [UInt8](repeating: 0x41, count: 600)
    for count in [256, 383, 385, 600] {
      // In place of R's y.
      let alice = try dialler(mode, [.x25519FFDHE3072])
      let honest = try listener()
      honest.receive(alice.sent()[0])
      let response = honest.sent()[0][3...]
      alice.receive(framed(2, response.prefix(66) + parameters.prefix(count) + response.dropFirst(66 + 384)))
      #expect(alice.code == .proto && alice.sent().isEmpty, "\(count)")
      // In place of I's.
      let other = try dialler(mode, [.x25519FFDHE3072]).sent()[0][3...]
      let bob = try listener()
      bob.receive(framed(1, other.prefix(81) + parameters.prefix(count) + other.dropFirst(81 + 384)))
      #expect(bob.code == .proto && bob.sent().isEmpty, "\(count)")
    }
  }

  // MARK: 24

  private struct BadValues: Decodable {
    struct Value: Decodable { let `public`: HexBytes }
    let refused: [Value]
  }

  // [N-02] [M-08]
  @Test("attack 24: a bad finite-field value is E_DH on both sides", arguments: HandshakeMode.betweenUsers)
  func aBadFiniteFieldValueIsRefused(mode: HandshakeMode) throws {
    let file: BadValues = try VectorFiles.decode(from: "ffdhe3072.json", in: VectorFiles.vectors)
    #expect(file.refused.count == 8)
    for bad in file.refused.map(\.public.bytes) {
      let evil = try Handmade(cast.alice, .initiator, mode)
      evil.alter = { $0 == .groupShare ? bad : $1 }
      let bob = try listener()
      bob.receive(
        try evil.initiation(to: mode == .known ? cast.bob.profile : nil, groups: [3, 0, 0, 0]))
      #expect(bob.code == .dh && bob.sent().isEmpty)

      let alice = try dialler(mode, [.x25519FFDHE3072])
      let honest = try listener()
      honest.receive(alice.sent()[0])
      alice.receive(honest.sent()[0].replacing(3 + 66, bad))
      #expect(alice.code == .dh && alice.sent().isEmpty)
    }
  }
}

extension [UInt8] {
  /// The same with `bytes` at `offset`.
  fileprivate func replacing(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
    var copy = self
    copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    return copy
  }
}

private func framed(_ type: UInt8, _ body: some Collection<UInt8>) -> [UInt8] {
  let length = UInt16(body.count + 1)
  return [UInt8(length >> 8), UInt8(length & 0xff), type] + body
}

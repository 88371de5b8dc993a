import ChatProtocol
import Cryptography
import ProtocolTestSupport
import TestSupport
import Testing
import Wire

@Suite("Attacks on the handshake")
struct HandshakeAttackTests {
  private let cast: Cast

  init() throws { cast = try Cast() }

  private func flipped(_ part: Handmade.Part) -> (Handmade.Part, [UInt8]) -> [UInt8] {
    { at, bytes in
      guard at == part else { return bytes }
      var bytes = bytes
      bytes[0] ^= 1
      return bytes
    }
  }

  // MARK: 5, fail-open

  // [M-07]
  @Test("attack 5: a wrong resp R1 ends a known dial at the dialler")
  func aWrongFirstResponseEndsKnownAtTheDialler() throws {
    let alice = try cast.dialling()
    let evil = try Handmade(cast.bob, .responder, .known)
    evil.alter = flipped(.firstResponse)
    try evil.takeInitiation(alice.sent()[0])
    alice.receive(try evil.response())
    #expect(alice.code == .auth)
    #expect(alice.refusal?.stage == .response)
    #expect(alice.refusal?.peerIsProven == false)
    #expect(alice.sent().isEmpty)
  }

  // [M-13]
  @Test("attack 5: a wrong resp R1 ends a first contact at the dialler")
  func aWrongFirstResponseEndsAFirstContactAtTheDialler() throws {
    let alice = try cast.diallingFirst()
    let evil = try Handmade(cast.bob, .responder, .pair)
    evil.alter = flipped(.firstResponse)
    try evil.takeInitiation(alice.sent()[0])
    alice.receive(try evil.response())
    try evil.takePairingRequest(alice.sent()[0], cast.password)
    alice.receive(try evil.pairingReply())
    #expect(alice.code == .auth)
    #expect(alice.sent().isEmpty)
    #expect(!alice.said.contains { if case .dialGuessFailed = $0 { true } else { false } })
  }

  // [M-15]
  @Test(
    "attack 5: a wrong resp I ends it at the listener",
    arguments: [HandshakeMode.known, .pair])
  func aWrongResponseOfTheDiallerEndsItAtTheListener(mode: HandshakeMode) throws {
    let bob = try cast.accepting()
    let evil = try Handmade(cast.alice, .initiator, mode)
    evil.alter = flipped(.initiatorResponse)
    try reachAuthentication(evil, bob)
    bob.receive(try evil.authentication(pairSecret: mode == .known ? cast.pairSecret : nil))
    #expect(bob.code == .auth)
    #expect(bob.refusal?.stage == .authentication)
    #expect(bob.sent().isEmpty)
    #expect(bob.stored.isEmpty)
  }

  // [M-16]
  @Test(
    "attack 5: a wrong resp R2 ends it at the dialler",
    arguments: [HandshakeMode.known, .pair])
  func aWrongSecondResponseEndsItAtTheDialler(mode: HandshakeMode) throws {
    let alice = try mode == .known ? cast.dialling() : cast.diallingFirst()
    let evil = try Handmade(cast.bob, .responder, mode)
    evil.alter = flipped(.secondResponse)
    try reachConfirmation(evil, alice)
    alice.receive(try evil.confirmation())
    #expect(alice.code == .auth)
    #expect(alice.refusal?.stage == .confirmation)
    #expect(alice.stored.isEmpty)
  }

  @Test(arguments: [HandshakeMode.known, .pair])
  func theHandmadePeerIsTakenWhereItKeepsToTheProtocol(mode: HandshakeMode) throws {
    let alice = try mode == .known ? cast.dialling() : cast.diallingFirst()
    let bob = try Handmade(cast.bob, .responder, mode)
    try reachConfirmation(bob, alice)
    alice.receive(try bob.confirmation())
    #expect(alice.isUp)

    let listening = try cast.accepting()
    let dialling = try Handmade(cast.alice, .initiator, mode)
    try reachAuthentication(dialling, listening)
    listening.receive(
      try dialling.authentication(pairSecret: mode == .known ? cast.pairSecret : nil))
    #expect(listening.sent().count == 2)
    #expect(listening.code == nil)
  }

  // MARK: 6, a challenge relayed

  // [M-15]
  @Test("attack 6: an AUTH relayed from another session is refused")
  func anAuthenticationOfAnotherSessionIsRefused() throws {
    let (one, two) = (try cast.dialling(), try cast.dialling())
    let (bobOne, bobTwo) = (try cast.accepting(), try cast.accepting())
    bobOne.receive(one.sent()[0])
    bobTwo.receive(two.sent()[0])
    one.receive(bobOne.sent()[0])
    bobTwo.receive(one.sent()[0])
    #expect(bobTwo.code == .auth)
  }

  // MARK: 7, reflection

  // [M-04]
  @Test("attack 7: the own dial looped back in one process is a reflection")
  func theOwnDialLoopedBackInOneProcessIsAReflection() throws {
    let shares = OutstandingShares()
    let dialling = try cast.dialling(nil, to: cast.bob, cast.context(of: cast.alice, shares: shares))
    let listening = try cast.accepting(cast.context(of: cast.alice, shares: shares))
    listening.receive(dialling.sent()[0])
    #expect(listening.code == .reflect)
    #expect(listening.sent().isEmpty)
  }

  @Test func aShareIsNoReflectionOnceItsDialIsOver() throws {
    let shares = OutstandingShares()
    let context = cast.context(of: cast.alice, shares: shares)
    let initiation: [UInt8]
    do {
      let dialling = try cast.diallingFirst(nil, context)
      initiation = dialling.sent()[0]
      dialling.tell(.linkClosed)
      #expect(dialling.code == .closed)
    }
    let listening = try cast.accepting(context)
    listening.receive(initiation)
    #expect(listening.code == nil)
  }

  @Test("attack 7: a dial looped into another process of the same user fails")
  func aDialLoopedIntoAnotherProcessOfTheSameUserFails() throws {
    let known = try cast.dialling()
    let other = try cast.accepting(cast.context(of: cast.alice))
    other.receive(known.sent()[0])
    #expect(other.code == .auth)
    #expect(other.sent().isEmpty)

    // First contact: the listener meets its own name and goes on with a random PRS.
    let first = try cast.diallingFirst()
    let listener = try cast.accepting(cast.context(of: cast.alice))
    cast.talk(first, listener)
    #expect(first.code == .auth)
    #expect(first.said.contains { if case .dialGuessFailed = $0 { true } else { false } })
  }

  @Test(
    "attack 7: an echoed INIT is refused",
    arguments: [HandshakeMode.known, .pair])
  func anEchoedInitiationIsRefused(mode: HandshakeMode) throws {
    let alice = try mode == .known ? cast.dialling() : cast.diallingFirst()
    alice.receive(alice.sent()[0])
    #expect(alice.code == .proto)
  }

  // MARK: 8, the same values both ways

  // [M-07]
  @Test(
    "attack 8: the dialler's own challenge or share comes back",
    arguments: [Handmade.Part.challenge, .share])
  func theDiallersOwnValuesComeBack(part: Handmade.Part) throws {
    let alice = try cast.dialling()
    let initiation = alice.sent()[0]
    let evil = try Handmade(cast.bob, .responder, .known)
    evil.alter = { at, bytes in
      guard at == part else { return bytes }
      return Array(at == .challenge ? initiation[20..<52] : initiation[52..<84])
    }
    try evil.takeInitiation(initiation)
    alice.receive(try evil.response())
    #expect(alice.code == .reflect)
  }

  // MARK: 9, a replay

  @Test("attack 9: a replayed dial gets one RESP and fails at AUTH")
  func aReplayedDialGetsOneResponseAndFails() throws {
    let (alice, bob) = (try cast.dialling(), try cast.accepting())
    let initiation = alice.sent()[0]
    bob.receive(initiation)
    alice.receive(bob.sent()[0])
    let authentication = alice.sent()[0]
    let again = try cast.accepting()
    again.receive(initiation)
    #expect(again.sent().count == 1)
    again.receive(authentication)
    #expect(again.code == .auth)
    #expect(again.sent().isEmpty)
  }

  @Test("attack 9: a replayed first contact fails at PAIR1")
  func aReplayedFirstContactFailsAtItsRequest() throws {
    let (alice, bob) = (try cast.diallingFirst(), try cast.accepting())
    let initiation = alice.sent()[0]
    bob.receive(initiation)
    alice.receive(bob.sent()[0])
    let request = alice.sent()[0]
    let again = try cast.accepting()
    again.receive(initiation)
    _ = again.sent()
    again.receive(request)
    #expect(again.code == .auth)
    #expect(again.refusal?.stage == .pairingRequest)
    #expect(again.refusal?.claimed == nil)
  }

  // MARK: 17, 18, 20, negotiation

  // [G-12] [N-07]
  @Test func aStrippedOfferNeverMakesAWeakerSession() throws {
    let ciphers: [CipherSuite] = [.xchacha20Poly1305, .aes256CBCHMACCRC32]
    for mode in [HandshakeMode.known, .pair] {
      let context = cast.context(of: cast.alice, ciphers: ciphers)
      let alice = try mode == .known ? cast.dialling(nil, context) : cast.diallingFirst(nil, context)
      var initiation = alice.sent()[0]
      // Only the second cipher is left.
      initiation.replaceSubrange(16..<20, with: [1, 0, 0, 0])
      let bob = try cast.accepting()
      bob.receive(initiation)
      if mode == .known {
        #expect(bob.code == .auth)
        #expect(bob.sent().isEmpty)
      } else {
        alice.receive(bob.sent()[0])
        bob.receive(alice.sent()[0])
        #expect(bob.code == .auth)
        #expect(bob.refusal?.stage == .pairingRequest)
        #expect(bob.sent().isEmpty)
      }
      alice.tell(.linkClosed)
      #expect(alice.code == .closed)
    }
  }

  @Test(
    arguments: [
      [0, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [9, 0, 0, 0], [1, 9, 0, 0],
    ] as [[UInt8]])
  func aListThatNobodyMakesIsRefused(list: [UInt8]) throws {
    for offset in [12, 16] {
      var initiation = try cast.diallingFirst().sent()[0]
      initiation.replaceSubrange(offset..<offset + 4, with: list)
      let bob = try cast.accepting()
      bob.receive(initiation)
      #expect(bob.code == .proto)
    }
  }

  // [M-04] [N-04]
  @Test func nothingInCommonIsAMatterOfPolicy() throws {
    var initiation = try cast.diallingFirst().sent()[0]
    initiation.replaceSubrange(16..<20, with: [3, 2, 0, 0])
    let bob = try cast.accepting()
    bob.receive(initiation)
    #expect(bob.code == .policy)
    #expect(bob.sent().isEmpty)
  }

  // [M-07]
  @Test func aChoiceThatWasNotOfferedIsRefused() throws {
    for (offset, value) in [(3, UInt8(2)), (3, 3), (3, 0), (4, 2), (4, 0), (4, 77)] {
      let (alice, bob) = (try cast.dialling(), try cast.accepting())
      bob.receive(alice.sent()[0])
      var response = bob.sent()[0]
      response[offset] = value
      alice.receive(response)
      #expect(alice.code == .proto)
    }
  }

  // [N-07]
  @Test func anotherOfferedCipherInTheResponseIsRefused() throws {
    let ciphers: [CipherSuite] = [.aes256CBCHMACCRC32, .xchacha20Poly1305]
    let context = cast.context(of: cast.alice, ciphers: ciphers)
    let (alice, bob) = (try cast.dialling(nil, context), try cast.accepting())
    bob.receive(alice.sent()[0])
    var response = bob.sent()[0]
    response[4] = 3
    alice.receive(response)
    #expect(alice.code == .auth)

    let (first, listener) = (try cast.diallingFirst(nil, context), try cast.accepting())
    listener.receive(first.sent()[0])
    response = listener.sent()[0]
    response[4] = 3
    first.receive(response)
    listener.receive(first.sent()[0])
    #expect(listener.code == .auth)
    #expect(listener.refusal?.stage == .pairingRequest)
  }

  // [M-04] [N-08]
  @Test func anotherVersionModeOrMagicIsRefused() throws {
    for (offset, value) in [(10, UInt8(0)), (10, 2), (3, 0x73), (11, 0x50), (11, 0x52), (11, 0)] {
      var initiation = try cast.dialling().sent()[0]
      initiation[offset] = value
      let bob = try cast.accepting()
      bob.receive(initiation)
      // Mode R is one, at relays.
      #expect(bob.code == (offset == 11 && value == 0x52 ? .policy : .proto))
      #expect(bob.sent().isEmpty)
    }
  }

  // [L-03] [M-05]
  @Test func aFirstContactIsNotTakenWhileNobodyCouldPair() throws {
    let bob = try cast.accepting(takesFirstContact: false)
    bob.receive(try cast.diallingFirst().sent()[0])
    #expect(bob.code == .policy)
    #expect(bob.sent().isEmpty)
  }

  // MARK: 22, 23, 25, values that no honest side sends

  static let lowOrder: [[UInt8]] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ].flatMap { hex in
    let low = HexBytes.parse(hex) ?? []
    var high = low
    high[31] ^= 0x80
    return [low, high]
  }

  // [F-10]
  @Test(
    "attack 22: a low-order e is refused on both sides",
    arguments: lowOrder)
  func aLowOrderShareIsRefused(point: [UInt8]) throws {
    let replace: (Handmade.Part, [UInt8]) -> [UInt8] = { $0 == .share ? point : $1 }
    for mode in [HandshakeMode.known, .pair] {
      let bob = try cast.accepting()
      let dialling = try Handmade(cast.alice, .initiator, mode)
      dialling.alter = replace
      bob.receive(try dialling.initiation(to: mode == .known ? cast.bob.profile : nil))
      #expect(bob.code == .dh)
      #expect(bob.sent().isEmpty)

      let alice = try mode == .known ? cast.dialling() : cast.diallingFirst()
      let answering = try Handmade(cast.bob, .responder, mode)
      answering.alter = replace
      try answering.takeInitiation(alice.sent()[0])
      alice.receive(try answering.response())
      #expect(alice.code == .dh)
    }
  }

  // [F-10]
  @Test(
    "attack 22: a low-order ik_dh in a profile is refused on both sides",
    arguments: lowOrder)
  func aLowOrderIdentityKeyIsRefused(point: [UInt8]) throws {
    let bob = try cast.accepting()
    let dialling = try Handmade(cast.alice, .initiator, .pair)
    dialling.claimedProfile.replaceSubrange(1..<33, with: point)
    try reachAuthentication(dialling, bob)
    bob.receive(try dialling.authentication(pairSecret: nil))
    #expect(bob.code == .dh)
    #expect(bob.stored.isEmpty)

    let alice = try cast.diallingFirst()
    let answering = try Handmade(cast.bob, .responder, .pair)
    answering.claimedProfile.replaceSubrange(1..<33, with: point)
    try answering.takeInitiation(alice.sent()[0])
    alice.receive(try answering.response())
    try answering.takePairingRequest(alice.sent()[0], cast.password)
    alice.receive(try answering.pairingReply())
    #expect(alice.code == .dh)
    #expect(alice.stored.isEmpty)
  }

  // [M-10]
  @Test("attack 23: the identity and every invalid encoding of ristretto255 are refused on both sides")
  func aBadRistrettoShareIsRefused() throws {
    for share in try badRistrettoShares() {
      let bob = try cast.accepting()
      let dialling = try Handmade(cast.alice, .initiator, .pair)
      dialling.alter = { $0 == .passwordShare ? share : $1 }
      bob.receive(try dialling.initiation(to: nil))
      try dialling.takeResponse(bob.sent()[0])
      bob.receive(try dialling.pairingRequest(cast.password, responder: cast.bob.profile.name))
      #expect(bob.code == .pake)
      #expect(bob.sent().isEmpty)
      // Nothing was testable, so no guess is spent.
      #expect(!bob.said.contains { if case .spendGuess = $0 { true } else { false } })
      #expect(bob.said.contains { if case .releaseGuess = $0 { true } else { false } })

      let alice = try cast.diallingFirst()
      let answering = try Handmade(cast.bob, .responder, .pair)
      answering.alter = { $0 == .passwordShare ? share : $1 }
      try answering.takeInitiation(alice.sent()[0])
      alice.receive(try answering.response())
      try answering.takePairingRequest(alice.sent()[0], cast.password)
      alice.receive(try answering.pairingReply())
      #expect(alice.code == .pake)
    }
  }

  private func badRistrettoShares() throws -> [[UInt8]] {
    let file: VectorValue = try VectorFiles.decode(from: "ristretto255.json", in: VectorFiles.vectors)
    var shares = [[UInt8](repeating: 0, count: 32)]
    shares += try file["invalidEncodings"].list.map { try $0.bytes }
    #expect(shares.count == 30)
    return shares
  }

  // [M-18]
  @Test("attack 25: a bad ek is refused")
  func aBadEncapsulationKeyIsRefused() throws {
    let bob = try cast.accepting()
    let evil = try Handmade(cast.alice, .initiator, .known)
    evil.alter = { part, bytes in
      guard part == .groupShare else { return bytes }
      // A coefficient of 4,095 where 3,328 is the largest.
      return [0xff, 0xff] + bytes.dropFirst(2)
    }
    bob.receive(try evil.initiation(to: cast.bob.profile))
    #expect(bob.code == .dh)
    #expect(bob.sent().isEmpty)
  }

  // [M-18]
  @Test(
    "attack 25: a changed ct fails at the next tag",
    arguments: [HandshakeMode.known, .pair])
  func aChangedCiphertextFailsAtTheNextTag(mode: HandshakeMode) throws {
    let alice = try mode == .known ? cast.dialling() : cast.diallingFirst()
    let bob = try cast.accepting()
    bob.receive(alice.sent()[0])
    var response = bob.sent()[0]
    response[100] ^= 1
    alice.receive(response)
    if mode == .known {
      #expect(alice.code == .auth)
    } else {
      bob.receive(alice.sent()[0])
      #expect(bob.code == .auth)
    }
  }

  // MARK: 26, 27, 28, whose keys

  @Test("attack 26: whoever stole the dialler's keys and the pair's secret poses as nobody to it")
  func stolenKeysOfTheDiallerPoseAsNobodyToIt() throws {
    // The thief has alice's keys and the pair's secret, not bob's keys.
    let alice = try cast.dialling()
    let thief = try Handmade(cast.carol, .responder, .known)
    #expect(throws: (any Error).self) { try thief.takeInitiation(alice.sent()[0]) }
    alice.receive(try thief.response())
    #expect(alice.code == .auth)
  }

  @Test("attack 26: whoever stole the listener's keys and the pair's secret poses as nobody to it")
  func stolenKeysOfTheListenerPoseAsNobodyToIt() throws {
    // The thief has bob's keys and the pair's secret; he says he is alice without her key.
    let bob = try cast.accepting()
    let thief = try Handmade(cast.carol, .initiator, .known)
    thief.claimedProfile = cast.alice.profile.bytes
    try reachAuthentication(thief, bob)
    bob.receive(try thief.authentication(pairSecret: cast.pairSecret))
    #expect(bob.code == .auth)
    #expect(bob.summary == nil)
  }

  // [M-15]
  @Test("attack 27: another's ik_dh under one's own password fails at se, and nothing is pinned")
  func anothersAgreementKeyIsNotPinned() throws {
    // Carol knows the password and says her keys are alice's.
    let bob = try cast.accepting(knows: false)
    let carol = try Handmade(cast.carol, .initiator, .pair)
    carol.claimedProfile = cast.alice.profile.bytes
    try reachAuthentication(carol, bob)
    bob.receive(try carol.authentication(pairSecret: nil))
    #expect(bob.code == .auth)
    #expect(bob.stored.isEmpty)
  }

  // [M-15] [S-02]
  @Test(
    "attack 27: another's ik_sig beside one's own ik_dh, under any signature, is E_IDENT, and nothing is pinned"
  )
  func anothersSigningKeyIsNotPinned() throws {
    // Her own agreement key, alice's signing key, and whatever signature she can make.
    let stolen = Profile.signedBytes(
      ikDH: cast.carol.profile.ikDH, ikSig: cast.alice.profile.ikSig, name: cast.carol.profile.name)
    let message = Label.bytes("profile") + stolen
    let own = try Ed25519.sign(message.span, seed: cast.carol.signingSeed)
    for signature in [own, cast.alice.profile.signature] {
      let bob = try cast.accepting(knows: false)
      let carol = try Handmade(cast.carol, .initiator, .pair)
      carol.claimedProfile = stolen + signature
      try reachAuthentication(carol, bob)
      bob.receive(try carol.authentication(pairSecret: nil))
      #expect(bob.code == .ident)
      #expect(bob.stored.isEmpty)
      #expect(bob.sent().isEmpty)
    }
  }

  // [M-13] [M-15] [S-10]
  @Test func keysOfAnotherContactAreRefusedOnBothSides() throws {
    let (alice, bob) = (try cast.diallingFirst(), try cast.accepting())
    bob.keysBelongToAnother = true
    cast.talk(alice, bob)
    #expect(bob.code == .ident)
    #expect(bob.stored.isEmpty)

    let (other, listener) = (try cast.diallingFirst(), try cast.accepting())
    other.keysBelongToAnother = true
    cast.talk(other, listener)
    #expect(other.code == .ident)
    #expect(other.stored.isEmpty)
  }

  // [M-13] [M-15]
  @Test func ourOwnKeysAndAnotherNameAreRefused() throws {
    // Bob's own profile comes back under alice's name.
    let mine = try IdentityKeys(
      name: PeerName("alice"),
      agreementKey: Secret(copying: cast.bob.agreementKey, in: cast.bob.agreementKey.region),
      signingSeed: Secret(copying: cast.carol.signingSeed, in: cast.carol.signingSeed.region))
    let bob = try cast.accepting(knows: false)
    let evil = try Handmade(mine, .initiator, .pair)
    try reachAuthentication(evil, bob)
    bob.receive(try evil.authentication(pairSecret: nil))
    #expect(bob.code == .ident)

    // Carol, who knows bob's password, answers where bob was dialled.
    let alice = try cast.diallingFirst()
    let carol = try Handmade(cast.carol, .responder, .pair)
    carol.answersAs = cast.bob.profile.name
    try carol.takeInitiation(alice.sent()[0])
    alice.receive(try carol.response())
    try carol.takePairingRequest(alice.sent()[0], cast.password)
    alice.receive(try carol.pairingReply())
    #expect(alice.code == .ident)
    #expect(alice.stored.isEmpty)
    #expect(alice.sent().isEmpty)
  }

  @Test("attack 28: a dial forwarded to somebody else is closed in silence")
  func aDialForwardedToSomebodyElseIsSilentlyClosed() throws {
    let alice = try cast.dialling(nil, to: cast.carol)
    let bob = try cast.accepting()
    bob.receive(alice.sent()[0])
    #expect(bob.code == .auth)
    #expect(bob.sent().isEmpty)
    #expect(bob.closesLink == false)
  }

  private func reachAuthentication(_ evil: Handmade, _ bob: TestPeer) throws {
    bob.receive(try evil.initiation(to: evil.mode == .known ? cast.bob.profile : nil))
    try evil.takeResponse(try #require(bob.sent().first))
    guard evil.mode == .pair else { return }
    bob.receive(try evil.pairingRequest(cast.password, responder: cast.bob.profile.name))
    try evil.takePairingReply(try #require(bob.sent().first))
  }

  private func reachConfirmation(_ evil: Handmade, _ alice: TestPeer) throws {
    try evil.takeInitiation(try #require(alice.sent().first))
    alice.receive(try evil.response())
    if evil.mode == .pair {
      try evil.takePairingRequest(try #require(alice.sent().first), cast.password)
      alice.receive(try evil.pairingReply())
    }
    try evil.takeAuthentication(
      try #require(alice.sent().first), pairSecret: evil.mode == .known ? cast.pairSecret : nil)
  }
}

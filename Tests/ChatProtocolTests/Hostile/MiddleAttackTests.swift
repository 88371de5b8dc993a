import ChatProtocol
import Cryptography
import Foundation
import ProtocolTestSupport
import TestSupport
import Testing
import Wire

/// Somebody between the two who runs a handshake of his own with each.
@Suite("Attacks from the middle")
struct MiddleAttackTests {
  private let cast: Cast

  init() throws { cast = try Cast() }

  // MARK: 1

  @Test("attack 1: a known dial whose share is exchanged is closed in silence")
  func aKnownDialThroughAnotherExchangeIsClosedInSilence() throws {
    let (alice, bob) = (try cast.dialling(), try cast.accepting())
    let towardsBob = try Handmade(cast.carol, .initiator, .known)
    var initiation = alice.sent()[0]
    // His own e and ek, with and without a tag of his own making; he has no key of bob's.
    let own = try towardsBob.initiation(to: cast.carol.profile)
    initiation.replaceSubrange(52..<1268, with: own[52..<1268])
    for forged in [initiation, Array(initiation.prefix(1268)) + own.suffix(48)] {
      let bob = try cast.accepting()
      bob.receive(forged)
      bob.expectSilentRefusal(.auth)
    }
    // And towards alice: an answer of his own.
    let towardsAlice = try Handmade(cast.carol, .responder, .known)
    bob.receive(alice.sent().first ?? [])
    try? towardsAlice.takeInitiation(initiation)
    alice.receive(try towardsAlice.response())
    alice.expectSilentRefusal(.auth, at: .response)
    #expect(alice.refusal?.peerIsProven == false)
  }

  @Test(
    "attack 1: a first contact through two tunnels fails at the dialler, whatever he relays",
    arguments: [true, false])
  func aFirstContactThroughTwoTunnelsFailsAtTheDialler(relaysProofs: Bool) throws {
    let (alice, bob) = (try cast.diallingFirst(), try cast.accepting(knows: false))
    let towardsAlice = try Handmade(cast.carol, .responder, .pair)
    let towardsBob = try Handmade(cast.carol, .initiator, .pair)
    // Both exchanges stand, and he reads in both tunnels.
    try towardsAlice.takeInitiation(alice.sent()[0])
    alice.receive(try towardsAlice.response())
    bob.receive(try towardsBob.initiation(to: nil))
    try towardsBob.takeResponse(bob.sent()[0])
    towardsAlice.answersAs = cast.bob.profile.name
    let guess = [UInt8](repeating: 0x77, count: 32)
    try towardsAlice.takePairingRequest(alice.sent()[0], guess)
    // Alice's name and half of CPace go on to bob, bob's half back to alice.
    let name = cast.alice.profile.name.field
    let half = towardsAlice.passwordShareOfPeer
    towardsBob.alter = { part, bytes in
      switch part {
      case .claim: name
      case .passwordShare: half
      default: bytes
      }
    }
    bob.receive(try towardsBob.pairingRequest(guess, responder: cast.bob.profile.name))
    let reply = try #require(bob.sent().first)
    #expect(reply.count == 403)
    #expect(throws: (any Error).self) { try towardsBob.takePairingReply(reply) }
    let other = towardsBob.passwordShareOfPeer
    #expect(other.count == 32)
    towardsAlice.alter = { $0 == .passwordShare ? other : $1 }
    let forged = try towardsAlice.pairingReply()
    alice.receive(relaysProofs ? Array(forged.prefix(83)) + reply.suffix(320) : forged)
    alice.expectSilentRefusal(.auth, at: .pairingReply)
    let countsGuess = alice.said.contains { if case .dialGuessFailed = $0 { true } else { false } }
    #expect(countsGuess)
    bob.tell(.linkClosed)
    #expect(bob.code == .closed)
    #expect(bob.refusal?.guessSpent == true)
    #expect(bob.summary == nil)
    #expect(bob.stored.isEmpty)
  }

  // MARK: 6

  @Test("attack 6: a PAIR1 relayed into a session with another is refused")
  func aPairingRequestOfAnotherSessionIsRefused() throws {
    let (one, two) = (try cast.diallingFirst(), try cast.diallingFirst())
    let (bob, otherBob) = (try cast.accepting(), try cast.accepting())
    bob.receive(one.sent()[0])
    otherBob.receive(two.sent()[0])
    one.receive(bob.sent()[0])
    _ = otherBob.sent()
    otherBob.receive(one.sent()[0])
    otherBob.expectSilentRefusal(.auth, at: .pairingRequest)
    let asks = otherBob.said.contains { if case .lookUpPairing = $0 { true } else { false } }
    #expect(!asks)
  }

  // MARK: 8, with the dialler's values in mode P

  @Test(
    "attack 8: in a first contact, too, the dialler's own values are refused", arguments: [20..<52, 52..<84])
  func theDiallersOwnValuesComeBackInAFirstContact(range: Range<Int>) throws {
    let (alice, bob) = (try cast.diallingFirst(), try cast.accepting())
    let initiation = alice.sent()[0]
    bob.receive(initiation)
    var response = bob.sent()[0]
    response.replaceSubrange(range.lowerBound - 15..<range.upperBound - 15, with: initiation[range])
    alice.receive(response)
    alice.expectSilentRefusal(.reflect)
  }

  // MARK: 23

  @Test("attack 23: the two invalid shares of CPace's own vectors are refused on both sides")
  func theInvalidSharesOfCPaceAreRefused() throws {
    let file: VectorValue = try VectorFiles.decode(from: "cpace-ristretto255.json", in: VectorFiles.vectors)
    let shares = try file["invalid"].list.map { try $0.bytes }
    #expect(shares.count == 2)
    for share in shares {
      let bob = try cast.accepting()
      let dialling = try Handmade(cast.alice, .initiator, .pair)
      dialling.alter = { $0 == .passwordShare ? share : $1 }
      bob.receive(try dialling.initiation(to: nil))
      try dialling.takeResponse(bob.sent()[0])
      bob.receive(try dialling.pairingRequest(cast.password, responder: cast.bob.profile.name))
      bob.expectSilentRefusal(.pake)

      let alice = try cast.diallingFirst()
      let answering = try Handmade(cast.bob, .responder, .pair)
      answering.alter = { $0 == .passwordShare ? share : $1 }
      try answering.takeInitiation(alice.sent()[0])
      alice.receive(try answering.response())
      try answering.takePairingRequest(alice.sent()[0], cast.password)
      alice.receive(try answering.pairingReply())
      alice.expectSilentRefusal(.pake)
    }
  }

  // MARK: 25

  @Test("attack 25: every encapsulation key that the published vectors refuse is E_DH in both modes")
  func everyPublishedBadEncapsulationKeyIsRefused() throws {
    struct Keys: Decodable {
      struct Key: Decodable { let publicKey: Data }
      let refused: [Key]
    }
    let file: Keys = try VectorFiles.decode(from: "mlkem768-public-keys.json", in: VectorFiles.vectors)
    let keys = file.refused.map { [UInt8]($0.publicKey) }.filter { $0.count == 1184 }
    #expect(keys.count == 32)
    for key in keys {
      for mode in [HandshakeMode.known, .pair] {
        let bob = try cast.accepting()
        let dialling = try Handmade(cast.alice, .initiator, mode)
        dialling.alter = { $0 == .groupShare ? key : $1 }
        bob.receive(try dialling.initiation(to: mode == .known ? cast.bob.profile : nil))
        bob.expectSilentRefusal(.dh)
      }
    }
  }

  @Test("attack 25: a ciphertext of another length is refused from its head", arguments: [-1, 1])
  func aCiphertextOfAnotherLengthIsRefused(difference: Int) throws {
    for mode in [HandshakeMode.known, .pair] {
      let alice = try mode == .known ? cast.dialling() : cast.diallingFirst()
      let bob = try cast.accepting()
      bob.receive(alice.sent()[0])
      var response = bob.sent()[0]
      if difference < 0 { response.remove(at: 1000) } else { response.insert(0, at: 1000) }
      let length = response.count - 2
      response[0] = UInt8(length >> 8)
      response[1] = UInt8(length & 0xff)
      alice.receive(response)
      alice.expectSilentRefusal(.proto)
    }
  }

  // MARK: 26

  @Test(
    "attack 26: who stole the dialler's keys and pair secret is refused in both roles by a check of his proof"
  )
  func stolenKeysAreOfNoUseAgainstTheirOwner() throws {
    // As bob towards alice, with everything of alice's: he cannot make ee and es under bob's key.
    let alice = try cast.dialling()
    let thief = try Handmade(cast.alice, .responder, .known)
    try? thief.takeInitiation(alice.sent()[0])
    alice.receive(try thief.response())
    alice.expectSilentRefusal(.auth, at: .response)
    // As bob who dials alice: his profile, without his key for se.
    let listening = try cast.accepting(cast.context(of: cast.alice))
    listening.contact = try cast.pin(of: cast.bob)
    let dialling = try Handmade(cast.alice, .initiator, .known)
    dialling.claimedProfile = cast.bob.profile.bytes
    listening.receive(try dialling.initiation(to: cast.alice.profile))
    try dialling.takeResponse(try #require(listening.sent().first))
    listening.receive(try dialling.authentication(pairSecret: cast.pairSecret))
    listening.expectSilentRefusal(.auth, at: .authentication)
  }

  // MARK: 35

  /// Counts what it passes on.
  private final class CountingEncapsulation: KeyEncapsulation {
    let calls = Watched(0)

    func encapsulate(
      to publicKey: Span<UInt8>, into secret: inout MutableSpan<UInt8>
    ) throws(CryptographyError) -> [UInt8] {
      calls.change { $0 += 1 }
      return try MLKEM768Encapsulation().encapsulate(to: publicKey, into: &secret)
    }
  }

  @Test("attack 35: in mode K garbage costs no encapsulation and a replay one")
  func garbageCostsNoEncapsulationAndAReplayOne() throws {
    let counting = CountingEncapsulation()
    var context = cast.context(of: cast.bob)
    context.encapsulation = counting
    let initiation = try cast.dialling().sent()[0]
    for bit in stride(from: 0, to: 48 * 8, by: 7) {
      var garbage = initiation
      garbage[1268 + bit / 8] ^= 1 << UInt8(bit % 8)
      let bob = try cast.accepting(context)
      bob.receive(garbage)
      bob.expectSilentRefusal(.auth)
    }
    #expect(counting.calls.value == 0)
    for replay in 1...3 {
      let bob = try cast.accepting(context)
      bob.receive(initiation)
      #expect(bob.sent().count == 1)
      #expect(counting.calls.value == replay)
    }
  }
}

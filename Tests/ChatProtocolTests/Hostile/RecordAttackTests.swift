import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Testing
import Wire

@Suite("Attacks on records")
struct RecordAttackTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 3))

  init() throws { cast = try Cast() }

  /// A session that is up, and the records that alice sends for three texts.
  private func threeTexts() throws -> (TestPeer, TestPeer, [[UInt8]]) {
    let (alice, bob) = try cast.session()
    for text in ["one", "two", "three"] { alice.say(text, stream) }
    let records = alice.sent()
    #expect(records.count == 3)
    return (alice, bob, records)
  }

  // MARK: 10

  //
  @Test("attack 10: a replayed record is refused")
  func aReplayedRecordIsRefused() throws {
    let (_, bob, records) = try threeTexts()
    bob.receive(records[0])
    bob.receive(records[0])
    #expect(bob.code == .mac)
    #expect(bob.shown.map(\.ordinal) == [1])
  }

  //
  @Test("attack 10: swapped records are refused")
  func swappedRecordsAreRefused() throws {
    let (_, bob, records) = try threeTexts()
    bob.receive(records[1])
    #expect(bob.code == .mac)
    bob.receive(records[0])
    #expect(bob.shown.isEmpty)
  }

  //
  @Test("attack 10: a dropped record is noticed at the next")
  func aDroppedRecordIsNoticedAtTheNext() throws {
    let (_, bob, records) = try threeTexts()
    bob.receive(records[0])
    bob.receive(records[2])
    #expect(bob.code == .mac)
    #expect(bob.shown.count == 1)
  }

  //
  @Test("attack 10: a record of the other direction is refused")
  func aRecordOfTheOtherDirectionIsRefused() throws {
    let (alice, _, records) = try threeTexts()
    alice.receive(records[0])
    #expect(alice.code == .mac)
  }

  //
  @Test("attack 10: a record of another session is refused")
  func aRecordOfAnotherSessionIsRefused() throws {
    let (_, _, records) = try threeTexts()
    let (_, bob) = try cast.session()
    bob.receive(records[0])
    #expect(bob.code == .mac)
    #expect(bob.shown.isEmpty)
  }

  // MARK: 11

  // [F-02]
  @Test("attack 11: every bit of a record's head is held")
  func everyBitOfARecordsHeadIsHeld() throws {
    for bit in 0..<24 {
      let (_, bob, records) = try threeTexts()
      var record = records[0]
      record[bit / 8] ^= 1 << UInt8(bit % 8)
      bob.receive(record)
      if bob.code == nil {
        // Another size of the set, longer than what came.
        bob.pass(seconds: 20)
        #expect(bob.code == .timeout)
        #expect(bob.end?.isTruncated == true)
        #expect(bob.end?.reason == .truncated)
      } else {
        #expect(bob.code == .proto)
      }
      #expect(bob.shown.isEmpty)
    }
  }

  //
  @Test("attack 11: every bit of ciphertext and tag is held")
  func everyBitOfCiphertextAndTagIsHeld() throws {
    let region = try GuardedRegion(byteCount: 4064)
    let key = [UInt8](repeating: 5, count: 32)
    var writer = try RecordWriter(
      chainKey: Secret(copying: key.span, in: region), suite: .aes256CBCHMACCRC32, sender: .initiator,
      in: region)
    var frame: [UInt8] = []
    try writer.seal(.ping(7), appendingTo: &frame)
    for bit in 24..<frame.count * 8 {
      var changed = frame
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      var reader = try RecordReader(
        chainKey: Secret(copying: key.span, in: region), suite: .aes256CBCHMACCRC32,
        sender: .initiator, in: region)
      let body = Array(changed.dropFirst(3))
      #expect(throws: ProtocolFailure(.mac)) { try reader.open(body.span) }
    }
  }

  @Test func aRecordCutShortOrLengthenedIsRefused() throws {
    let (_, bob, records) = try threeTexts()
    var record = records[0]
    record.removeLast()
    bob.receive(record + records[1])
    #expect(bob.code == .mac)
  }

  // MARK: 32

  // [F-02]
  @Test(
    "attack 32: an odd length of a record is refused from its head",
    arguments: [0xffff, 0, 1, 2]
      + [289, 545, 1057, 2081, 4129, 8225, 16_417].flatMap { [$0 - 1, $0 + 1] })
  func anOddLengthIsRefusedFromItsHead(length: Int) throws {
    let (_, bob) = try cast.session()
    bob.receive([UInt8(length >> 8), UInt8(length & 0xff), 0x10])
    #expect(bob.code == .proto)
    // In the same turn, waiting for nothing more.
    #expect(bob.closesLink != nil && bob.machine.deadline == nil)
  }

  // [F-02] [F-03]
  @Test(
    "attack 32: an odd length of an INIT is refused from its head",
    arguments: [0xffff, 0, 1]
      + [82, 130, 466, 514, 1266, 1314, 1650, 1698].flatMap { [$0 - 1, $0 + 1] })
  func anOddLengthOfAnInitiationIsRefusedFromItsHead(length: Int) throws {
    let bob = try cast.accepting()
    bob.receive([UInt8(length >> 8), UInt8(length & 0xff), 1])
    #expect(bob.code == .proto)
    #expect(bob.sent().isEmpty)
    #expect(bob.closesLink == false && bob.machine.deadline == nil)
  }

  // MARK: 43

  //
  @Test("attack 43: a wrong CRC or padding under a right MAC has its own code and is fatal")
  func damageAfterAuthenticationHasItsOwnCode() throws {
    for damage in [Damage.crc, .padding] {
      let bob = try cast.accepting()
      let alice = try Handmade(cast.alice, .initiator, .known)
      bob.receive(try alice.initiation(to: cast.bob.profile))
      try alice.takeResponse(bob.sent()[0])
      bob.receive(try alice.authentication(pairSecret: cast.pairSecret))
      try alice.takeConfirmation(bob.sent()[0])
      var writer = try alice.writer()
      var synchronisation: [UInt8] = []
      try writer.seal(.synchronisation(.nothing), appendingTo: &synchronisation)
      bob.receive(synchronisation)
      #expect(bob.isUp)
      bob.receive(try damaged(damage, after: 1, chain: alice.sendingKey))
      #expect(bob.code == .crc)
      #expect(bob.end?.reason == .error)
      // One ALERT, as for every fatal error.
      #expect(bob.sent().count == 1)
      #expect(bob.closesLink == true)
    }
  }

  private enum Damage { case crc, padding }

  /// A record that the chain's keys make, with one bit wrong under a right MAC.
  private func damaged(
    _ damage: Damage, after count: Int, chain: [UInt8]
  ) throws -> [UInt8] {
    let region = try GuardedRegion(byteCount: 4064)
    var chain = chain
    for _ in 0..<count { chain = HMACSHA256.authenticate([2].span, key: try key(chain)) }
    let master = HMACSHA256.authenticate([1].span, key: try key(chain))
    var keys = [UInt8](repeating: 0, count: 80)
    let (salt, info) = ([UInt8](repeating: 0, count: 32), Label.bytes("rec cbc"))
    var output = keys.mutableSpan
    HKDF.derive(salt: salt.span, inputKey: master.span, info: info.span, into: &output)

    var inner = [UInt8](repeating: 0, count: 240)
    inner[0] = 3
    inner[3] = 8
    let checksum = CRC32.checksum(inner.span.extracting(first: 236))
    for index in 0..<4 {
      inner[236 + index] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32(index)))
    }
    var associated = Label.bytes("rec") + [0x49, 0, 0, 0, 0]
    associated.append(bigEndian: UInt64(count))
    associated.append(bigEndian: UInt16(289))
    switch damage {
    case .crc: inner[100] ^= 1
    case .padding: inner += [UInt8](repeating: 0, count: 8)
    }
    var sealed = inner + [UInt8](repeating: 0, count: 288 - inner.count)
    let sealer = try CBCHMACSealer(.aes256SHA256, in: region)
    var whole = sealed.mutableSpan
    try sealer.seal(
      &whole, plaintextByteCount: inner.count, keyMaterial: keys.span,
      authenticating: associated.span)
    return [1, 0x21, 0x10] + sealed
  }

  private enum Key: SecretPurpose { static let byteCount = 32 }

  private func key(_ bytes: [UInt8]) throws -> Secret<Key> { try makeSecret(bytes) }

  // MARK: 14, 44

  //
  @Test("attack 14: ten thousand records of one text in many sessions are all different, with every cipher")
  func noTwoRecordsOfOneTextAreAlike() throws {
    for cipher in RecordCipher.builtIn {
      let suite = try #require(CipherSuite(rawValue: cipher.identifier))
      var seen: Set<[UInt8]> = []
      for _ in 0..<20 {
        let alice = try cast.dialling(nil, cast.context(of: cast.alice, ciphers: [suite]))
        let bob = try cast.accepting(cast.context(of: cast.bob, ciphers: [suite]))
        cast.talk(alice, bob)
        #expect(alice.summary?.cipher == suite)
        for _ in 0..<250 {
          alice.say("the same", stream)
          bob.say("the same", stream)
        }
        seen.formUnion(alice.sent())
        seen.formUnion(bob.sent())
      }
      #expect(seen.count == 10_000, "\(cipher.name)")
    }
  }

  @Test(
    "attack 44: keys differ even where one side's randomness is broken",
    arguments: [Role.initiator, .responder])
  func keysDifferEvenWhereOneSidesRandomnessIsBroken(broken: Role) throws {
    var sessions: Set<[UInt8]> = []
    for _ in 0..<100 {
      let alice = try cast.dialling(nil, cast.context(of: cast.alice, seed: broken == .initiator ? 1 : nil))
      let bob = try cast.accepting(cast.context(of: cast.bob, seed: broken == .responder ? 1 : nil))
      cast.talk(alice, bob)
      sessions.insert(try #require(alice.summary).sessionID)
    }
    #expect(sessions.count == 100)
  }
}

import Cryptography
import GroupKeys
import TestSupport
import Testing
import Wire

/// Certificates, descriptions, envelopes, invitations: read back, and refused for each reason by itself.
@Suite struct MemberFormTests {
  static func alice() throws -> TestUser { try TestUser("alice", seed: 1) }
  static func bob() throws -> TestUser { try TestUser("bob", seed: 2) }
  static let key = [UInt8](repeating: 9, count: 32)

  static func certificate(
    _ user: TestUser, notBefore: UInt64 = 1_000, notAfter: UInt64 = 2_000
  ) throws -> GroupCertificate {
    try GroupCertificate.signed(
      by: user.identity, leafKey: key, notBefore: notBefore, notAfter: notAfter)
  }

  /// Bytes with one part put in the place of another.
  static func changed(_ bytes: [UInt8], at offset: Int, to new: [UInt8]) -> [UInt8] {
    Array(bytes[..<offset]) + new + Array(bytes[(offset + new.count)...])
  }

  // MARK: Certificates

  @Test func aCertificateProvesWhoseLeafItIs() throws {
    let alice = try Self.alice()
    let certificate = try Self.certificate(alice)
    let read = try GroupCertificate(parsing: certificate.bytes)
    #expect(read == certificate)
    #expect(certificate.bytes.count == 307)
    #expect(try read.verified(leafKey: Self.key, now: 1_500) == alice.profile)
  }

  @Test func aCertificateIsRefusedForItsForm() throws {
    let bytes = try Self.certificate(Self.alice()).bytes
    func refuses(_ refusal: MemberRefusal, _ bytes: [UInt8]) {
      #expect(throws: GroupError.member(refusal)) { try GroupCertificate(parsing: bytes) }
    }
    refuses(.certificateVersion, Self.changed(bytes, at: 0, to: [2]))
    refuses(.certificateScheme, Self.changed(bytes, at: 1, to: [2]))
    refuses(.certificateProfile, Self.changed(bytes, at: 2, to: [7]))
    // The name's length field.
    refuses(.certificateProfile, Self.changed(bytes, at: 2 + 65, to: [0]))
    refuses(.certificateTimes, Self.changed(bytes, at: 227, to: [1]))
    #expect(throws: GroupError.malformed(.truncated)) {
      try GroupCertificate(parsing: Array(bytes.dropLast()))
    }
    #expect(throws: GroupError.malformed(.trailingBytes)) { try GroupCertificate(parsing: bytes + [0]) }
    #expect(throws: GroupError.member(.certificateTimes)) {
      try GroupCertificate(
        parsing: Self.certificate(
          Self.alice(), notBefore: 0, notAfter: GroupCertificate.longestLifetime + 1
        ).bytes)
    }
  }

  @Test func aCertificateOfAnotherKeyTimeOrSignerIsRefused() throws {
    let alice = try Self.alice()
    let certificate = try Self.certificate(alice, notBefore: 100_000, notAfter: 200_000)
    #expect(throws: GroupError.member(.certificateKeyDiffers)) {
      try certificate.verified(leafKey: [UInt8](repeating: 8, count: 32), now: nil)
    }
    #expect(throws: GroupError.member(.certificateNotYetValid)) {
      try certificate.verified(leafKey: Self.key, now: 90_000)
    }
    #expect(throws: GroupError.member(.certificateExpired)) {
      try certificate.verified(leafKey: Self.key, now: 210_000)
    }
    // An hour's difference of clocks is none.
    _ = try certificate.verified(leafKey: Self.key, now: 97_000)
    for offset in [40, 100, 200, 228, 250, 300] {
      var bytes = certificate.bytes
      bytes[offset] ^= 1
      guard let read = try? GroupCertificate(parsing: bytes) else { continue }
      #expect(throws: (any Error).self, "byte \(offset)") {
        try read.verified(leafKey: read.leafKey, now: nil)
      }
    }
    // Another's signature beneath one's own profile.
    let bob = try Self.certificate(Self.bob(), notBefore: 100_000, notAfter: 200_000)
    let forged = GroupCertificate(
      profile: alice.profile, leafKey: Self.key, notBefore: 100_000, notAfter: 200_000,
      authenticity: bob.authenticity)
    #expect(throws: GroupError.notAuthentic) { try forged.verified(leafKey: Self.key, now: nil) }
  }

  @Test func aPairsCertificateIsReadAndRefused() throws {
    let alice = try Self.alice()
    let pair = GroupCertificate(
      profile: alice.profile, leafKey: Self.key, notBefore: 1, notAfter: 2,
      authenticity: .pair(tag: [UInt8](repeating: 5, count: 32)))
    let read = try GroupCertificate(parsing: pair.bytes)
    #expect(read == pair)
    #expect(throws: GroupError.member(.certificatePairHere)) {
      try read.verified(leafKey: Self.key, now: nil)
    }
  }

  @Test(arguments: ["a: b", "a:"]) func aNameThatCouldPassAsAnothersLineIsNotInAGroup(name: String) throws {
    let user = try TestUser(name, seed: 4)
    #expect(throws: GroupError.member(.certificateName)) {
      try Self.certificate(user).verified(leafKey: Self.key, now: nil)
    }
    #expect(throws: GroupError.member(.certificateName)) {
      try OwnKeyPackage.make(for: user.identity, now: 1_000_000, in: Group.Surroundings())
    }
  }

  // MARK: Key packages

  @Test func aKeyPackageComesBackFromAStoreAndProvesItsOwner() throws {
    let alice = try Self.alice()
    let now = startTime / 1_000
    let own = try OwnKeyPackage.make(for: alice.identity, now: now, in: Group.Surroundings())
    let again = try OwnKeyPackage(restoring: own.stored)
    #expect(again.keyPackage == own.keyPackage && again.reference == own.reference)
    func check(_ bytes: [UInt8], of user: TestUser, now: UInt64) throws {
      _ = try KeyPackage.checked(
        bytes, of: user.profile, suite: .x25519AES128, policy: GroupPolicy(), now: now)
    }
    try check(own.published, of: alice, now: now)
    #expect(throws: GroupError.member(.certificateProfileDiffers)) {
      try check(own.published, of: Self.bob(), now: now)
    }
    #expect(throws: GroupError.refused(.leafExpired)) {
      try check(own.published, of: alice, now: now + 200 * 24 * 3600)
    }
    #expect(throws: GroupError.member(.keyPackageTooLong)) {
      try check(own.published + [UInt8](repeating: 0, count: 9_000), of: alice, now: now)
    }
    let plain = try OwnKeyPackage.make(
      suite: .x25519AES128, credential: .basic(identity: [1]),
      lifetime: Lifetime(notBefore: now, notAfter: now + 10), in: Group.Surroundings())
    #expect(throws: GroupError.member(.keyPackageNotOfThisGroup)) {
      try check(plain.published, of: alice, now: now)
    }
    let nobody = try OwnKeyPackage.make(
      suite: .x25519AES128, credential: .basic(identity: [1]),
      lifetime: Lifetime(notBefore: now, notAfter: now + 10), extensions: [GroupDescription.extensionType],
      in: Group.Surroundings())
    // One byte is no certificate.
    #expect(throws: GroupError.malformed(.truncated)) {
      try check(nobody.published, of: alice, now: now)
    }
    var damaged = own.stored.bytes
    damaged[1] = 7
    #expect(throws: GroupError.misuse(.damagedState)) {
      try OwnKeyPackage(restoring: GroupSnapshot(bytes: damaged, secrets: own.stored.secrets))
    }
    #expect(throws: GroupError.misuse(.damagedState)) {
      try OwnKeyPackage(restoring: GroupSnapshot(bytes: own.stored.bytes, secrets: []))
    }
  }

  // MARK: Descriptions

  static func description() throws -> GroupDescription {
    GroupDescription(
      name: try GroupName("the room"),
      relays: [GroupDescription.Relay(profile: try bob().profile, address: "relay.test:7300")],
      pseudonym: key, admins: [try alice().profile.groupID])
  }

  @Test func aDescriptionIsReadBack() throws {
    let description = try Self.description()
    #expect(try GroupDescription(parsing: description.bytes) == description)
  }

  @Test func aDescriptionIsRefusedForItsForm() throws {
    let description = try Self.description()
    let bytes = description.bytes
    func refuses(_ refusal: MemberRefusal, _ bytes: [UInt8]) {
      #expect(throws: GroupError.member(refusal)) { try GroupDescription(parsing: bytes) }
    }
    let flags = 2 + 8
    let address = flags + 2 + 193 + 2
    refuses(.descriptionVersion, Self.changed(bytes, at: 0, to: [0]))
    refuses(.descriptionName, Self.changed(bytes, at: 2, to: [10]))
    refuses(.descriptionFlags, Self.changed(bytes, at: flags, to: [2]))
    refuses(.descriptionRelays, Self.changed(bytes, at: flags + 1, to: [0]))
    refuses(.descriptionRelays, Self.changed(bytes, at: flags + 1, to: [9]))
    refuses(.descriptionRelays, Self.changed(bytes, at: flags + 2, to: [7]))
    refuses(.descriptionAddress, Self.changed(bytes, at: address, to: [0x20]))
    refuses(.descriptionTooLong, bytes + [UInt8](repeating: 0, count: 70_000))
    var doubled = description
    doubled.relays += doubled.relays
    refuses(.descriptionRelays, doubled.bytes)
    doubled = description
    doubled.admins += doubled.admins
    refuses(.descriptionAdmins, doubled.bytes)
    var many = description
    many.admins = (0..<1_025).map { number in
      var id = [UInt8](repeating: 0, count: 30)
      id.append(bigEndian: UInt16(number))
      return id
    }
    refuses(.descriptionAdmins, many.bytes)
    #expect(throws: GroupError.malformed(.truncated)) {
      try GroupDescription(parsing: Array(bytes.dropLast()))
    }
    #expect(throws: GroupError.malformed(.trailingBytes)) { try GroupDescription(parsing: bytes + [0]) }
  }

  // MARK: Envelopes

  static func envelope(_ content: GroupContent) throws -> GroupEnvelope {
    GroupEnvelope(
      groupID: [UInt8](repeating: 1, count: 32), epoch: 7, authenticator: [UInt8](repeating: 2, count: 16),
      sender: LeafIndex(3), id: MessageID(stream: 4, number: 5), senderSequence: 6,
      previous: [UInt8](repeating: 7, count: 32), lamport: 8,
      seen: GroupEnvelope.Seen(
        relay: [UInt8](repeating: 9, count: 32),
        position: GroupPosition(term: 1, sequence: 10, chain: [UInt8](repeating: 11, count: 32))),
      sentAt: UnixTime(milliseconds: 12), f: [UInt8](repeating: 13, count: 32), content: content)
  }

  @Test(arguments: [
    GroupContent.text([]), .text(Array("hello".utf8)),
    .text([UInt8](repeating: 0x61, count: GroupMemberLimits.textByteCount)), .joined, .leaving,
    .badCommit(slot: 4, bodyHash: [UInt8](repeating: 1, count: 32), reason: 2),
  ]) func anEnvelopeIsReadBackFromOneOfItsSizes(content: GroupContent) throws {
    let signed = try Self.envelope(content).signed(by: Self.alice().identity)
    let bytes = try signed.encoded()
    #expect(GroupEnvelope.paddedByteCounts.contains(bytes.count))
    #expect(try SignedEnvelope(parsing: bytes) == signed)
  }

  @Test func anEnvelopeIsRefusedForItsForm() throws {
    let alice = try Self.alice()
    let bytes = try Self.envelope(.offline([alice.name])).signed(by: alice.identity).encoded()
    func refuses(_ refusal: MemberRefusal, _ bytes: [UInt8]) {
      #expect(throws: GroupError.member(refusal)) { try SignedEnvelope(parsing: bytes) }
    }
    refuses(.envelopeVersion, Self.changed(bytes, at: 0, to: [2]))
    refuses(.envelopeScheme, Self.changed(bytes, at: 61, to: [3]))
    refuses(.envelopeNumber, Self.changed(bytes, at: 78, to: [UInt8](repeating: 0, count: 8)))
    refuses(.envelopeType, Self.changed(bytes, at: 246, to: [6]))
    refuses(.envelopeType, Self.changed(bytes, at: 246, to: [0]))
    // A name that says nothing, no name at all, bytes where there are none.
    refuses(.envelopeBody, Self.changed(bytes, at: 253, to: [0]))
    refuses(.envelopeBody, Self.changed(bytes, at: 251, to: [0, 0]))
    refuses(.envelopeBody, Self.changed(bytes, at: 246, to: [2]))
    refuses(.envelopeBody, Self.changed(bytes, at: 246, to: [5]))
    refuses(.envelopePadding, Self.changed(bytes, at: bytes.count - 1, to: [1]))
    refuses(.envelopeSize, Array(bytes.dropLast()))
    refuses(.envelopeSize, bytes + [UInt8](repeating: 0, count: 512))
    #expect(throws: GroupError.malformed(.truncated)) {
      try SignedEnvelope(parsing: Self.changed(bytes, at: 247, to: [0, 0, 2, 0]))
    }
    // Text that is not UTF-8, or too long.
    #expect(throws: GroupError.member(.envelopeBody)) { try GroupContent(type: 1, body: [0xff]) }
    #expect(throws: GroupError.member(.envelopeBody)) {
      try GroupContent(type: 1, body: [UInt8](repeating: 0x61, count: GroupMemberLimits.textByteCount + 1))
    }
  }

  // MARK: Invitations

  @Test func anInvitationOpensForItsInviteeAloneAndHasOneForm() throws {
    let (alice, bob) = (try Self.alice(), try Self.bob())
    let welcome = Welcome(
      cipherSuite: 1, entries: [], encryptedGroupInfo: [UInt8](repeating: 5, count: 100))
    let invitation = GroupInvitation(
      position: GroupPosition(term: 1, sequence: 2, chain: Self.key), welcome: welcome)
    let sealed = try invitation.sealed(to: bob.profile)
    #expect(try bob.open(sealed) == invitation)
    #expect(throws: GroupError.notAuthentic) { try alice.open(sealed) }
    var damaged = sealed
    damaged[50] ^= 1
    #expect(throws: GroupError.notAuthentic) { try bob.open(damaged) }
    #expect(throws: GroupError.malformed(.truncated)) { try bob.open([1, 2, 3]) }
    let bytes = invitation.bytes
    #expect(throws: GroupError.member(.invitationVersion)) {
      try GroupInvitation(parsing: Self.changed(bytes, at: 0, to: [9]))
    }
    // No entry has the number 0.
    #expect(throws: GroupError.member(.invitationContent)) {
      try GroupInvitation(parsing: Self.changed(bytes, at: 9, to: [UInt8](repeating: 0, count: 8)))
    }
    let own = try OwnKeyPackage.make(for: alice.identity, now: 1_000_000, in: Group.Surroundings())
    #expect(throws: GroupError.member(.invitationContent)) {
      try GroupInvitation(parsing: Array(bytes[..<49]) + own.published)
    }
    #expect(throws: GroupError.malformed(.trailingBytes)) { try GroupInvitation(parsing: bytes + [0]) }
  }

  // MARK: Anything

  @Test func randomAndChangedBytesNeverTrap() throws {
    var random = SeededGenerator(seed: 77)
    let alice = try Self.alice()
    let whole = [
      try Self.certificate(alice).bytes, try Self.description().bytes,
      try Self.envelope(.offline([alice.name])).signed(by: alice.identity).encoded(),
      GroupInvitation(
        position: GroupPosition(term: 1, sequence: 2, chain: Self.key),
        welcome: Welcome(cipherSuite: 1, entries: [], encryptedGroupInfo: Self.key)
      ).bytes,
    ]
    for _ in 0..<4_000 {
      var bytes = whole[Int.random(in: 0..<whole.count, using: &random)]
      switch Int.random(in: 0...2, using: &random) {
      case 0: bytes = random.bytes(Int.random(in: 0...600, using: &random))
      case 1: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
      default:
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
      }
      _ = try? GroupCertificate(parsing: bytes)
      _ = try? GroupDescription(parsing: bytes)
      _ = try? SignedEnvelope(parsing: bytes)
      _ = try? GroupInvitation(parsing: bytes)
    }
  }
}

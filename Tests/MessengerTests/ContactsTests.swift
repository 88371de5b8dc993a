import ChatProtocol
import Cryptography
import Foundation
import Messenger
import Places
import TestSupport
import Testing
import Wire

@Suite struct ContactsTests {
  private let home: TestHome
  private let contacts: Contacts
  private let bob: IdentityKeys

  init() throws {
    home = try TestHome()
    contacts = try home.contacts()
    bob = try People.keys("bob")
  }

  private func name(_ text: String) throws -> PeerName { try PeerName(text) }

  /// Pairs for the first time and returns the contact.
  @discardableResult
  private func pair(_ keys: IdentityKeys, _ standing: Pin.Standing = .provisional) throws -> Contact {
    let state = try contacts.state(of: keys.profile.name)
    return try stored(contacts.store(People.newPin(keys, standing), expecting: state, at: People.noon))
  }

  private func stored(_ change: ContactChange) throws -> Contact {
    guard case .stored(let contact) = change else {
      throw Unexpected(change: "\(change)")
    }
    return contact
  }

  private func refusal(_ change: ContactChange) -> ContactRefusal? {
    guard case .refused(let refusal) = change else { return nil }
    return refusal
  }

  private struct Unexpected: Error { let change: String }

  private func users(_ keys: IdentityKeys) throws -> UsersFile {
    try UsersFile.test(
      """
      [{"username": "\(keys.profile.name.text)", "ip": "10.0.0.1", "port": 1,
        "identity": "\(IdentityText.encode(keys.profile))"}]
      """)
  }

  // MARK: Compare-and-set

  // [G-09]
  @Test func aConfirmedPinIsNeverReplacedByAFirstContact() throws {
    let confirmed = try pair(bob, .confirmed)
    let other = try People.newPin(try People.keys("bob"))
    let change = try contacts.store(other, expecting: confirmed.state, at: People.later)
    #expect(refusal(change) == .alreadyConfirmed)
    #expect(try contacts.contact(named: bob.profile.name)?.pin.profile.profile == bob.profile)
  }

  // [G-11] [S-11]
  @Test func aRunThatBeganBeforeAnotherStoredItsPinLoses() throws {
    let begun = try contacts.state(of: name("bob"))
    let first = try People.newPin(bob)
    #expect(try stored(contacts.store(first, expecting: begun, at: People.noon)).name.text == "bob")
    let second = try People.newPin(bob)
    #expect(refusal(try contacts.store(second, expecting: begun, at: People.noon)) == .changedMeanwhile)
    let kept = try #require(try contacts.contact(named: name("bob")))
    #expect(People.secretBytes(kept.pin.secret) == People.secretBytes(first.secret))
  }

  // [G-08]
  @Test func aProvisionalPinIsReplacedByARunThatBeganOnIt() throws {
    let first = try pair(bob)
    let second = try People.newPin(bob)
    let contact = try stored(contacts.store(second, expecting: first.state, at: People.later))
    #expect(contact.state != first.state)
    #expect(People.secretBytes(contact.pin.secret) == People.secretBytes(second.secret))
  }

  // [G-11]
  @Test func theRunWhosePinThePeerHoldsTakesThePlaceOfAnotherProvisionalOne() throws {
    let first = try pair(bob)
    let second = try stored(
      contacts.store(try People.newPin(bob), expecting: first.state, at: People.later))
    let confirmed = try stored(
      contacts.confirm(first, floor: .x25519MLKEM768, at: People.later))
    #expect(confirmed.state == first.state)
    // What the second run still does comes too late.
    #expect(
      refusal(try contacts.confirm(second, floor: .x25519MLKEM768, at: People.later)) == .changedMeanwhile)
    let kept = try #require(try contacts.contact(named: name("bob")))
    #expect(kept.pin.standing == .confirmed)
    #expect(People.secretBytes(kept.pin.secret) == People.secretBytes(first.pin.secret))
  }

  // [G-11]
  @Test func manyRunsInFlightForOneNameStoreExactlyOnePin() async throws {
    let contacts = contacts
    let begun = try contacts.state(of: name("bob"))
    let pins = try (0..<12).map { _ in try People.newPin(try People.keys("bob")) }
    let winners = try await withThrowingTaskGroup(of: Profile?.self) { group in
      for pin in pins {
        group.addTask {
          guard case .stored(let contact) = try contacts.store(pin, expecting: begun, at: People.noon) else {
            return nil
          }
          return contact.pin.profile.profile
        }
      }
      return try await group.reduce(into: [Profile]()) { if let winner = $1 { $0.append(winner) } }
    }
    #expect(winners.count == 1)
    #expect(try contacts.contact(named: name("bob"))?.pin.profile.profile == winners.first)
  }

  // [S-10]
  @Test func twoContactsNeverShareAKey() throws {
    try pair(bob)
    // The same agreement key, and the same signing key, each beside another and under another name.
    for (agreementFrom, signingFrom) in [(bob, try People.keys("carol")), (try People.keys("carol"), bob)] {
      let region = try GuardedRegion(byteCount: 128)
      let carol = try IdentityKeys(
        name: name("carol"),
        agreementKey: Secret(copying: agreementFrom.agreementKey, in: region),
        signingSeed: Secret(copying: signingFrom.signingSeed, in: region))
      let pin = try People.newPin(carol)
      let state = try contacts.state(of: name("carol"))
      #expect(try contacts.conflict(with: carol.profile) == .keyOfAnother(name("bob")))
      #expect(
        refusal(try contacts.store(pin, expecting: state, at: People.noon)) == .keyOfAnother(try name("bob")))
      #expect(
        refusal(try contacts.replace(with: pin, expecting: state, verified: true, at: People.noon))
          == .keyOfAnother(try name("bob")))
      #expect(try contacts.contact(named: name("carol")) == nil)
    }
    // The contact's own keys are no conflict with itself.
    #expect(try contacts.conflict(with: bob.profile) == nil)
  }

  @Test func aContactNeverHasOnesOwnKeys() throws {
    let own = try home.identity()
    let region = try GuardedRegion(byteCount: 128)
    let mirror = try IdentityKeys(
      name: name("bob"), agreementKey: Secret(copying: own.keys.agreementKey, in: region),
      signingSeed: .random(in: region, from: SystemEntropy.shared))
    let state = try contacts.state(of: name("bob"))
    #expect(refusal(try contacts.store(People.newPin(mirror), expecting: state, at: People.noon)) == .ownKey)
    #expect(try contacts.contact(named: name("bob")) == nil)
  }

  @Test func twoNamesThatPairAtOnceUnderOneKeyStoreExactlyOnePin() async throws {
    let contacts = contacts
    let region = try GuardedRegion(byteCount: 1024)
    let pins = try (0..<8).map { number in
      try People.newPin(
        try IdentityKeys(
          name: name("peer\(number)"), agreementKey: Secret(copying: bob.agreementKey, in: region),
          signingSeed: .random(in: region, from: SystemEntropy.shared)))
    }
    let count = try await withThrowingTaskGroup(of: Int.self) { group in
      for pin in pins {
        group.addTask {
          if case .stored = try contacts.store(pin, expecting: .absent, at: People.noon) { return 1 }
          return 0
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(count == 1)
    #expect(try contacts.all().count == 1)
  }

  @Test func aClaimedNameIsJudgedWithoutItsKeys() throws {
    let contact = try pair(bob)
    let provisional = try contacts.claimed(name("bob"))
    #expect(provisional.state == contact.state && provisional.floor == .x25519MLKEM768)
    #expect(!provisional.isConfirmed)
    _ = try contacts.confirm(contact, floor: .x25519, at: People.later)
    #expect(try contacts.claimed(name("bob")).isConfirmed)
    for nobody in [try name("carol"), nil] {
      let claimed = try contacts.claimed(nobody)
      #expect(claimed.state == .absent && claimed.floor == nil && !claimed.isConfirmed)
    }
    #expect(try home.contacts(users(try People.keys("dave"))).claimed(name("dave")).isConfirmed)
    try home.overwrite(home.profile.contact("bob"), "contact 1\n")
    #expect(throws: HomeFailure.damaged(path: home.profile.contact("bob"))) {
      try contacts.claimed(name("bob"))
    }
  }

  // MARK: Damage

  @Test func everyChangedByteOfAPinIsAFailureAndNeverAnAbsentContact() throws {
    try pair(bob, .confirmed)
    let path = home.profile.contact("bob")
    let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for index in good.indices {
      var bad = good
      bad[index] ^= 1
      try Data(bad).write(to: URL(fileURLWithPath: path))
      #expect(throws: HomeFailure.damaged(path: path), "byte \(index)") {
        try contacts.contact(named: name("bob"))
      }
    }
    #expect(throws: HomeFailure.damaged(path: path)) { try contacts.state(of: name("bob")) }
    #expect(throws: HomeFailure.damaged(path: path)) { try contacts.contact(agreementKey: bob.profile.ikDH) }
    #expect(throws: HomeFailure.damaged(path: path)) { try contacts.all() }
    // Whose keys the damaged pin holds is not known, so nobody else can be pinned either.
    let carol = try People.newPin(try People.keys("carol"))
    #expect(throws: HomeFailure.damaged(path: path)) {
      try contacts.store(carol, expecting: .absent, at: People.noon)
    }
    try Data(good).write(to: URL(fileURLWithPath: path))
    #expect(try contacts.contact(named: name("bob"))?.pin.standing == .confirmed)
  }

  @Test func aPinThatOthersCanReadIsRefused() throws {
    try pair(bob)
    let path = home.profile.contact("bob")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    #expect(throws: HomeFailure.openToOthers(path: path, mode: 0o644)) {
      try contacts.contact(named: name("bob"))
    }
  }

  @Test func aPinUnderAnotherNamesFileIsDamage() throws {
    try pair(bob)
    try FileManager.default.moveItem(
      atPath: home.profile.contact("bob"), toPath: home.profile.contact("carol"))
    #expect(throws: HomeFailure.damaged(path: home.profile.contact("carol"))) {
      try contacts.contact(named: name("carol"))
    }
    #expect(try contacts.contact(named: name("bob")) == nil)
  }

  @Test func aDamagedPinOfOneContactKeepsNoOtherFromBeingKnown() throws {
    try pair(bob)
    try pair(try People.keys("carol"))
    try home.overwrite(home.profile.contact("carol"), "contact 1\n")
    #expect(try contacts.contact(agreementKey: bob.profile.ikDH)?.name.text == "bob")
    #expect(throws: HomeFailure.damaged(path: home.profile.contact("carol"))) {
      try contacts.contact(agreementKey: [UInt8](repeating: 7, count: 32))
    }
  }

  @Test func filesThatAreNobodysPinsAreLeftAlone() throws {
    try pair(bob)
    try home.overwrite(home.profile.contacts + "/.bob.3f.tmp", "half")
    try home.overwrite(home.profile.contacts + "/b%6Fb", "not a path form of any name")
    #expect(try contacts.all().map(\.name.text) == ["bob"])
  }

  // MARK: What changes under one pairing

  // [S-10]
  @Test func aPinIsKeptWhole() throws {
    let pin = try People.newPin(bob, .provisional)
    _ = try contacts.store(pin, expecting: contacts.state(of: name("bob")), at: People.noon)
    let found = try #require(try contacts.contact(named: name("bob")))
    #expect(found.pin.profile == pin.profile)
    #expect(People.secretBytes(found.pin.secret) == People.secretBytes(pin.secret))
    #expect(found.pin.floor == .x25519MLKEM768 && found.pin.standing == .provisional)
    #expect(!found.pin.isVerified && found.pin.verifiedAt == nil && found.pin.pairedAt == People.noon)
    #expect(try home.folder.mode(of: "profiles/alice/contacts/bob") == 0o600)
    #expect(try contacts.contact(agreementKey: bob.profile.ikDH)?.name.text == "bob")
    #expect(try contacts.contact(agreementKey: bob.profile.ikSig) == nil)
    #expect(try contacts.contact(named: name("Bob")) == nil)
  }

  @Test func thePairSecretStandsInItsFileAloneAndNowhereElse() throws {
    let pin = try People.newPin(bob)
    _ = try contacts.store(pin, expecting: contacts.state(of: name("bob")), at: People.noon)
    let hex = Hex.encode(People.secretBytes(pin.secret))
    let holders = home.folder.allFiles.filter {
      (try? String(contentsOfFile: home.folder.file($0), encoding: .utf8).contains(hex)) ?? false
    }
    #expect(holders == ["profiles/alice/contacts/bob"])
  }

  // [G-07]
  @Test func theFirstRecordOfThePeerConfirmsAProvisionalPinAndConfirmingTwiceChangesNothing() throws {
    let contact = try pair(bob)
    let confirmed = try stored(contacts.confirm(contact, floor: .x25519, at: People.later))
    #expect(confirmed.pin.standing == .confirmed)
    #expect(confirmed.state == contact.state)
    let text = try home.text(home.profile.contact("bob"))
    #expect(
      try stored(contacts.confirm(contact, floor: .x25519, at: People.later)).pin.standing == .confirmed)
    #expect(try home.text(home.profile.contact("bob")) == text)
  }

  // [N-05]
  @Test func theFloorRisesAndNeverFalls() throws {
    let state = try contacts.state(of: name("bob"))
    let weak = try People.newPin(bob, .confirmed, floor: .x25519)
    let contact = try stored(contacts.store(weak, expecting: state, at: People.noon))
    for (group, floor) in [
      (KeyAgreementGroup.x25519, KeyAgreementGroup.x25519), (.x25519FFDHE3072, .x25519FFDHE3072),
      (.x25519, .x25519FFDHE3072), (.x25519MLKEM768, .x25519MLKEM768), (.x25519FFDHE3072, .x25519MLKEM768),
    ] {
      #expect(try stored(contacts.raiseFloor(contact, to: group, at: People.later)).pin.floor == floor)
      #expect(try contacts.contact(named: name("bob"))?.pin.floor == floor)
    }
  }

  // [N-06]
  @Test func theFloorIsLoweredOnPurposeAloneAndThenBeginsAnew() throws {
    let contact = try pair(bob)
    #expect(contact.pin.floor == .x25519MLKEM768)
    let lowered = try stored(contacts.lowerFloor(contact, at: People.later))
    #expect(lowered.pin.floor == .x25519 && lowered.origin == contact.origin)
    #expect(try contacts.contact(named: name("bob"))?.pin.floor == .x25519)
    // Nothing but the floor has changed, and a session raises it again.
    #expect(lowered.pin.standing == contact.pin.standing && lowered.pin.pairedAt == contact.pin.pairedAt)
    #expect(
      try stored(contacts.raiseFloor(lowered, to: .x25519FFDHE3072, at: People.later)).pin.floor
        == .x25519FFDHE3072)
  }

  @Test func twoSessionsSideBySideBothConfirmAndRaise() throws {
    let contact = try pair(bob)
    let known = try #require(try contacts.contact(named: name("bob")))
    _ = try stored(contacts.raiseFloor(known, to: .x25519MLKEM768, at: People.later))
    let confirmed = try stored(contacts.confirm(contact, floor: .x25519MLKEM768, at: People.later))
    #expect(confirmed.pin.standing == .confirmed)
    _ = try stored(contacts.markVerified(known, at: People.later))
    #expect(try contacts.contact(named: name("bob"))?.pin.isVerified == true)
  }

  @Test func theVerifiedMarkKeepsItsDate() throws {
    let contact = try pair(bob, .confirmed)
    _ = try contacts.markVerified(contact, at: People.later)
    #expect(try contacts.contact(named: name("bob"))?.pin.verifiedAt == People.later)
    _ = try contacts.markVerified(contact, at: UnixTime(milliseconds: People.later.milliseconds + 1))
    #expect(try contacts.contact(named: name("bob"))?.pin.verifiedAt == People.later)
  }

  // MARK: verify NAME

  // [G-09] [G-10]
  @Test func onlyVerifyReplacesAConfirmedPinAndInOneWrite() throws {
    let old = try pair(bob, .confirmed)
    _ = try contacts.markVerified(old, at: People.noon)
    let reinstalled = try People.keys("bob")
    let held = try People.newPin(reinstalled, .provisional, floor: .x25519)
    // Until the user's yes nothing changed, and the old pin serves on.
    #expect(try contacts.contact(named: name("bob"))?.pin.profile.profile == bob.profile)
    let new = try stored(
      contacts.replace(with: held, expecting: old.state, verified: false, at: People.later))
    #expect(new.pin.profile.profile == reinstalled.profile)
    #expect(new.pin.standing == .confirmed && !new.pin.isVerified && new.pin.floor == .x25519)
    #expect(People.secretBytes(new.pin.secret) == People.secretBytes(held.secret))
    #expect(try contacts.contact(agreementKey: bob.profile.ikDH) == nil)
    #expect(try contacts.contact(agreementKey: reinstalled.profile.ikDH)?.state == new.state)
  }

  @Test func aYesAfterTheContactChangedMeanwhileReplacesNothing() throws {
    let old = try pair(bob, .confirmed)
    let first = try People.newPin(try People.keys("bob"))
    let second = try People.newPin(try People.keys("bob"))
    _ = try stored(contacts.replace(with: first, expecting: old.state, verified: true, at: People.later))
    #expect(
      refusal(try contacts.replace(with: second, expecting: old.state, verified: true, at: People.later))
        == .changedMeanwhile)
    #expect(try contacts.contact(named: name("bob"))?.pin.profile == first.profile)
    #expect(try contacts.contact(named: name("bob"))?.pin.isVerified == true)
  }

  @Test func aSessionUnderTheOldPinConfirmsNothingAfterVerify() throws {
    let old = try pair(bob)
    let new = try People.newPin(try People.keys("bob"))
    _ = try stored(contacts.replace(with: new, expecting: old.state, verified: false, at: People.later))
    for change in [
      try contacts.confirm(old, floor: .x25519MLKEM768, at: People.later),
      try contacts.raiseFloor(old, to: .x25519MLKEM768, at: People.later),
      try contacts.markVerified(old, at: People.later),
    ] {
      #expect(refusal(change) == .changedMeanwhile)
    }
  }

  // MARK: Identities of the users file

  // [S-16]
  @Test func anIdentityOfTheUsersFileIsAContactWithoutAPairSecret() throws {
    let contacts = try home.contacts(users(bob))
    let contact = try #require(try contacts.contact(named: name("bob")))
    #expect(contact.origin == .usersFile && contact.pin.standing == .confirmed)
    #expect(People.secretBytes(contact.pin.secret) == [UInt8](repeating: 0, count: 32))
    #expect(try contacts.contact(agreementKey: bob.profile.ikDH)?.name.text == "bob")
    #expect(try contacts.all().map(\.name.text) == ["bob"])
    // Nobody pairs under that name with a password, and nobody else has its keys.
    let other = try People.newPin(try People.keys("bob"))
    #expect(
      refusal(try contacts.store(other, expecting: contact.state, at: People.noon)) == .alreadyConfirmed)
    #expect(!FileStatus.exists(home.profile.contact("bob")))
  }

  @Test func theFirstSessionWithSuchAContactStoresItsPinAndFloor() throws {
    let contacts = try home.contacts(users(bob))
    let contact = try #require(try contacts.contact(named: name("bob")))
    let confirmed = try stored(contacts.confirm(contact, floor: .x25519MLKEM768, at: People.noon))
    #expect(confirmed.pin.floor == .x25519MLKEM768 && confirmed.pin.pairedAt == People.noon)
    // A second session that began on the users file goes on under what the first one stored.
    #expect(try stored(contacts.raiseFloor(contact, to: .x25519, at: People.later)).state == confirmed.state)
    #expect(try home.contacts().contact(named: name("bob"))?.pin.profile.profile == bob.profile)
  }

  // [S-16]
  @Test func aStoredPinWinsOverTheUsersFileAndTheDifferenceIsSeen() throws {
    try pair(bob, .confirmed)
    #expect(try home.contacts(users(bob)).contact(named: name("bob"))?.differsFromUsersFile == false)
    let other = try People.keys("bob")
    let contact = try #require(try home.contacts(users(other)).contact(named: name("bob")))
    #expect(contact.differsFromUsersFile && contact.pin.profile.profile == bob.profile)
  }

  @Test func ofTwoWhoShareAKeyTheSecondOneIsRefusedAlsoFromTheUsersFile() throws {
    let contacts = try home.contacts(users(bob))
    let region = try GuardedRegion(byteCount: 128)
    let thief = try IdentityKeys(
      name: name("carol"), agreementKey: Secret(copying: bob.agreementKey, in: region),
      signingSeed: .random(in: region, from: SystemEntropy.shared))
    #expect(
      refusal(try contacts.store(People.newPin(thief), expecting: .absent, at: People.noon))
        == .keyOfAnother(try name("bob")))
  }
}

/// Two processes on one home, and processes that are killed while they write.
@Suite(.serialized) struct ContactsProcessTests {
  // [G-11] [S-11]
  @Test func twoProcessesThatPairOneNameStoreExactlyOnePin() async throws {
    let home = try TestHome()
    _ = try home.identity()
    let path = home.folder.path
    async let first = #expect(processExitsWith: .success) { [path = path as String] in
      try Self.pairOneHundredTimes(path, mark: "first")
    }
    async let second = #expect(processExitsWith: .success) { [path = path as String] in
      try Self.pairOneHundredTimes(path, mark: "second")
    }
    _ = await (first, second)
    let contacts = try home.contacts()
    for number in 0..<100 {
      let text = try #require(try contacts.contact(named: PeerName("peer\(number)"))).pin.profile.profile
      let won = ["first", "second"].filter {
        FileStatus.exists("\(path)/\($0)-\(number)-\(Hex.encode(Array(text.ikDH.prefix(4))))")
      }
      #expect(won.count == 1, "peer\(number): \(won)")
    }
    #expect(home.folder.allFiles.filter { $0.hasPrefix("first-") || $0.hasPrefix("second-") }.count == 100)
  }

  /// Pairs a hundred names against an empty state and notes each that was stored.
  private static func pairOneHundredTimes(_ path: String, mark: String) throws {
    let folders = TestHome.folders(at: path)
    let own = try IdentityFile.loadOrMake(PeerName("alice"), in: folders)
    let contacts = Contacts(profile: folders.profile(try PeerName("alice")), own: own.profile, users: nil)
    for number in 0..<100 {
      let keys = try People.keys("peer\(number)")
      let change = try contacts.store(
        People.newPin(keys), expecting: .absent, at: People.noon)
      guard case .stored = change else { continue }
      try "".write(
        toFile: "\(path)/\(mark)-\(number)-\(Hex.encode(Array(keys.profile.ikDH.prefix(4))))",
        atomically: false, encoding: .utf8)
    }
  }

  @Test(arguments: [3, 7, 12, 20, 33, 50]) func aKillAtAnyInstantLeavesAWholePin(milliseconds: Int)
    async throws
  {
    let home = try TestHome()
    let contacts = try home.contacts()
    let bob = try People.keys("bob")
    let state = try contacts.state(of: PeerName("bob"))
    _ = try contacts.store(People.newPin(bob, .confirmed), expecting: state, at: People.noon)
    let path = home.folder.path
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, delay = milliseconds as Int] in
      let folders = TestHome.folders(at: path)
      let me = try PeerName("alice")
      let own = try IdentityFile.loadOrMake(me, in: folders)
      let contacts = Contacts(profile: folders.profile(me), own: own.profile, users: nil)
      Thread.detachNewThread {
        usleep(UInt32(delay) * 1000)
        kill(getpid(), SIGKILL)
      }
      // Far more writes than fit the time.
      for _ in 0..<1_000_000 {
        let state = try contacts.state(of: PeerName("bob"))
        _ = try contacts.replace(
          with: People.newPin(People.keys("bob")), expecting: state, verified: false, at: People.later)
      }
    }
    // Some whole pin stands, the next start sweeps what was left, and the next change goes through.
    let found = try #require(try contacts.contact(named: PeerName("bob")))
    _ = try home.identity()
    #expect(home.folder.allFiles.filter { $0.hasSuffix(".tmp") }.isEmpty)
    guard case .stored = try contacts.markVerified(found, at: People.later) else {
      Issue.record("the pin that was left cannot be changed")
      return
    }
  }
}

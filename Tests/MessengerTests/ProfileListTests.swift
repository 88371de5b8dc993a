import ChatProtocol
import Cryptography
import Foundation
import Messenger
import Places
import TestSupport
import Testing
import Wire

/// The text form in which contacts are exchanged, and the file of blocked names.
@Suite struct ProfileListTests {
  private func problem(_ text: String) -> ProfileListProblem? {
    do throws(ProfileListProblem) {
      _ = try ProfileList(parsing: Array(text.utf8))
      return nil
    } catch {
      return error
    }
  }

  private func text(_ keys: IdentityKeys) -> String { IdentityText.encode(keys.profile) }

  @Test func whatIsNoListIsRefusedWithItsLine() throws {
    let (bob, carol) = (try People.keys("bob"), try People.keys("carol"))
    #expect(problem("") == .empty)
    #expect(problem("# only a comment\n\n") == .empty)
    #expect(problem("# x\n\(text(bob))\nhello\n") == .notAProfile(line: 3))
    #expect(problem(text(bob).dropLast() + "") == .notAProfile(line: 1))
    #expect(problem(text(bob) + "A") == .notAProfile(line: 1))
    #expect(problem(String(repeating: "x", count: ProfileList.sizeLimit + 1)) == .tooLarge)
    // A flipped bit of the signature.
    var bytes = bob.profile.bytes
    bytes[192] ^= 1
    #expect(problem(Base64URL.encode(bytes)) == .notAuthentic(line: 1))
    // One name with two identities; the same profile twice is one.
    #expect(problem("\(text(bob))\n\(text(try People.keys("bob")))") == .contradiction(line: 2))
    #expect(try ProfileList(parsing: Array("\(text(bob))\n\(text(bob))\n".utf8)).profiles.count == 1)
    #expect(try ProfileList(parsing: Array("\(text(bob))\r\n\r\n\(text(carol))".utf8)).profiles.count == 2)
  }

  @Test func aMissingFileAndAFolderAreErrorsThatNameThem() throws {
    let folder = try TemporaryFolder()
    for path in [folder.file("missing"), folder.path] {
      do throws(ProfileListProblem) {
        _ = try ProfileList(file: path)
        Issue.record("\(path) was read")
      } catch {
        guard case .file = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
    let bob = try People.keys("bob")
    try folder.write("# bob\n\(text(bob))\n", to: "contacts", mode: 0o644)
    #expect(try ProfileList(file: folder.file("contacts")).profiles.map(\.name.text) == ["bob"])
  }

  @Test func anImportedProfileIsAPinWithoutASecretAndAStandingPinWins() throws {
    let home = try TestHome()
    let contacts = try home.contacts()
    let (bob, other) = (try People.keys("bob"), try People.keys("bob"))
    guard case .stored(let contact) = try contacts.importProfile(People.proven(bob), at: People.noon) else {
      Issue.record("not imported")
      return
    }
    #expect(contact.pin.standing == .confirmed && !contact.pin.isVerified && contact.pin.floor == .x25519)
    #expect(People.secretBytes(contact.pin.secret) == [UInt8](repeating: 0, count: 32))
    #expect(try contacts.outlook(People.proven(bob)) == .known)
    #expect(try contacts.outlook(People.proven(other)) == .differs)
    guard case .refused = try contacts.importProfile(People.proven(other), at: People.later) else {
      Issue.record("a standing pin was replaced")
      return
    }
    #expect(try contacts.contact(named: contact.name)?.pin.profile.profile.ikDH == bob.profile.ikDH)
  }

  @Test func blockedNamesLastAndADamagedFileIsNoEmptyList() throws {
    let home = try TestHome()
    _ = try home.identity()
    let blocked = BlockedNames(profile: home.profile)
    let (bob, long) = (try PeerName("bob"), try PeerName(String(repeating: "ż", count: 31)))
    #expect(try !blocked.contains(bob) && !blocked.contains(nil))
    #expect(try blocked.block(bob, at: People.noon) && blocked.block(long, at: People.later))
    #expect(try !blocked.block(bob, at: People.later))
    #expect(try BlockedNames(profile: home.profile).all() == [bob: People.noon, long: People.later])
    let path = home.profile.folder + "/blocked"
    let text = try home.text(path)
    try home.overwrite(path, text.replacingOccurrences(of: "name 626f62", with: "name 626f63"))
    #expect(throws: HomeFailure.self) { try blocked.contains(bob) }
    try home.overwrite(path, text)
    #expect(try blocked.unblock(bob))
    #expect(try !blocked.unblock(bob))
    #expect(try blocked.contains(long))
  }

  @Test func theListOfBlockedNamesHasAnEnd() throws {
    let home = try TestHome()
    _ = try home.identity()
    let blocked = BlockedNames(profile: home.profile)
    // The longest names there are, straight into the file, up to the limit.
    let names = try (0..<BlockedNames.limit).map {
      try PeerName(String(repeating: "x", count: 59) + "\(1000 + $0)")
    }
    let lines = names.map { "name \(Hex.encode(Array($0.utf8))) \(People.noon.rfc3339)\n" }
    let body = "blocked 1\n" + lines.joined()
    let check = Hex.encode(SHA256Hash.hash(Array(body.utf8).span))
    try home.overwrite(home.profile.folder + "/blocked", body + "check \(check)\n")
    #expect(try blocked.all().count == BlockedNames.limit)
    #expect(throws: HomeFailure.self) { try blocked.block(PeerName("one more"), at: People.later) }
    #expect(try blocked.unblock(names[7]))
    #expect(try blocked.block(PeerName("one more"), at: People.later))
  }
}

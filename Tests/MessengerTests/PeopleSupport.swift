import ChatProtocol
import Cryptography
import Foundation
import Messenger
import Places
import TestSupport
import Wire

/// What the tests of identities, contacts and guesses need: names, keys, pins, a home.
enum People {
  static let noon = UnixTime(milliseconds: 1_795_000_000_000)
  static let later = UnixTime(milliseconds: 1_795_000_060_000)

  static func keys(_ name: String) throws -> IdentityKeys {
    try IdentityKeys.generate(name: PeerName(name), entropy: SystemEntropy.shared)
  }

  static func proven(_ keys: IdentityKeys) throws -> ProvenProfile {
    try ProvenProfile(verifying: keys.profile)
  }

  /// A pin as a first contact makes it, with a fresh pair secret.
  static func newPin(
    _ keys: IdentityKeys, _ standing: Pin.Standing = .provisional, floor: KeyAgreementGroup = .x25519MLKEM768
  ) throws -> NewPin {
    let region = try GuardedRegion(byteCount: 64)
    let secret = try Secret<PairPreSharedKey>.random(in: region, from: SystemEntropy.shared)
    return NewPin(
      profile: try proven(keys), secret: PairSecret(secret), floor: floor, standing: standing)
  }

  static func secretBytes(_ pin: PairSecret) -> [UInt8] {
    pin.key.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }

  static func password(_ text: String) -> EnteredPassword {
    EnteredPassword(filledBy: { rest in
      let bytes = Array(text.utf8)
      for index in bytes.indices { rest[index] = bytes[index] }
      return bytes.count
    })
  }

  static func bytes(_ password: EnteredPassword) -> [UInt8] {
    password.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }

  static func claim(_ name: String) throws -> ClaimedName {
    ClaimedName(field: try PeerName(name).field)
  }
}

/// A home of its own, with one user in it.
final class TestHome: Sendable {
  let folder: TemporaryFolder
  let me: PeerName

  init(_ me: String = "alice") throws {
    folder = try TemporaryFolder()
    self.me = try PeerName(me)
  }

  var folders: HomeFolders { TestHome.folders(at: folder.path) }
  var profile: ProfilePath { folders.profile(me) }

  func identity() throws -> OwnIdentity { try IdentityFile.loadOrMake(me, in: folders) }

  func contacts(_ users: UsersFile? = nil) throws -> Contacts {
    Contacts(profile: profile, own: try identity().profile, users: users)
  }

  static func folders(at path: String) -> HomeFolders {
    HomeFolders(home: HomePath(path), logs: LogsPath(path + "/logs"))
  }

  /// What stands in a file of the profile, as text.
  func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  func overwrite(_ path: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }
}

extension UsersFile {
  /// A users file of the test's own text.
  static func test(_ text: String, path: String = "users.json", mode: UInt32? = nil) throws(UsersFileError)
    -> UsersFile
  {
    let bytes = Array(text.utf8)
    return try UsersFile(parsing: bytes.span, path: path, openToOthers: mode)
  }
}

import ChatProtocol
import Cryptography
import Glibc
import LogFiles
import Messenger
import Places
import Wire

/// The text files of the home: identity, contact, guesses and the log keys, as they stand or with their check
/// put right, read as the programs read them.
enum HomeTarget {
  private static let alice = made { try PeerName("alice") }
  private static let bob = made { try PeerName("bob") }
  private static let folders = HomeFolders(home: HomePath(root), logs: LogsPath(root + "/logs"))
  private static let profile = folders.profile(alice)
  private static let own = made {
    try Folder.create(profile.contacts)
    return try IdentityKeys.generate(name: alice, entropy: ScriptedEntropy(seed: 31)).profile
  }

  /// A folder in memory, so that no run waits for a disk; `Fuzz/run` makes and removes it.
  private static let root: String = {
    guard let folder = getenv("FUZZ_HOME") else { fatalError("set FUZZ_HOME to a folder to write into") }
    return String(cString: folder)
  }()

  static func run(_ input: inout FuzzInput) {
    let own = own
    let choice = input.byte()
    var bytes = input.everything()
    if choice & 0x80 != 0 {
      if let last = bytes.last, last != 0x0A { bytes.append(0x0A) }
      bytes += Array("check \(Hex.encode(SHA256Hash.hash(bytes.span)))\n".utf8)
    }
    switch (choice & 0x7f) % 5 {
    case 0:
      write(bytes, profile.identity)
      if let identity = try? IdentityFile.loadOrMake(alice, in: folders) {
        demand(identity.profile.name == alice && !identity.isNew, "an identity is of its user, never remade")
      }
      _ = try? IdentityFile.publicProfile(of: alice, in: folders)
    case 1:
      write(bytes, profile.contact(bob.text))
      let contacts = Contacts(profile: profile, own: own, users: nil)
      if let contact = try? contacts.contact(named: bob) {
        demand(contact.pin.profile.profile.name == bob, "a pin is of the contact whose file it is")
      }
      _ = try? contacts.claimed(bob)
      _ = try? contacts.conflict(with: own)
      unlink(profile.contact(bob.text))
    case 2:
      write(bytes, profile.guesses)
      let guesses = Guesses(profile: profile)
      if let left = try? guesses.left(bob) {
        demand((0...Guesses.limit).contains(left), "at most five are left")
      }
    case 3:
      write(bytes, profile.logPrivateKey)
      if let pair = try? LogKeyFile.readSecret(profile.logPrivateKey, passphrase: { nil }) {
        demand(pair.publicKey.bytes.count == 32, "a log key has 32 bytes")
      }
      _ = try? LogKeyFile.readPublicHalf(ofKey: profile.logPrivateKey)
      unlink(profile.logPrivateKey)
    default:
      write(bytes, profile.logPublicKey)
      _ = try? LogKeyFile.readPublic(profile.logPublicKey)
      unlink(profile.logPublicKey)
    }
  }

  private static func write(_ bytes: [UInt8], _ path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(file) }
    demand(file >= 0 && Glibc.write(file, bytes, bytes.count) == bytes.count, "(the harness writes its file)")
  }
}

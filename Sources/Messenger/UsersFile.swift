package import ChatProtocol
internal import Cryptography
internal import Places
package import Wire

/// One user of a users file.
package final class UsersFileEntry: Sendable {
  package let name: PeerName
  /// The `ip`: an IPv4 or IPv6 address, or a host name.
  package let host: String
  package let port: UInt16
  /// The password that others need to reach this user the first time.
  package let password: EnteredPassword?
  /// A password of this user and the file's owner alone; it goes before `password`.
  package let pairPassword: EnteredPassword?
  /// This user's whole profile, signature checked: a pin without a password.
  package let identity: ProvenProfile?
  /// The line of the file on which the entry begins.
  package let line: Int

  init(
    name: PeerName, host: String, port: UInt16, password: EnteredPassword?, pairPassword: EnteredPassword?,
    identity: ProvenProfile?, line: Int
  ) {
    self.name = name
    self.host = host
    self.port = port
    self.password = password
    self.pairPassword = pairPassword
    self.identity = identity
    self.line = line
  }
}

/// The users of a JSON file: who they are, where they listen, and their first-contact secrets.
///
/// Passwords go from guarded memory to guarded memory; only one with other than ASCII characters becomes a
/// `String` for a moment, for its normal form. Nothing is ever written into the file but by ``UsersFileHardening``.
package struct UsersFile: Sendable {
  /// The most bytes that a users file may have: 1 MiB, some ten thousand users.
  package static let sizeLimit = 1 << 20

  package let path: String
  /// In the file's order; names are unique.
  package let entries: [UsersFileEntry]
  package let warnings: [UsersFileWarning]
  /// The shipped example, by its passwords: they are public (PRODUCT "The users JSON file").
  package let hasPublicPasswords: Bool

  package func entry(named name: PeerName) -> UsersFileEntry? {
    entries.first { $0.name == name }
  }

  package func entries(onPort port: UInt16) -> [UsersFileEntry] {
    entries.filter { $0.port == port }
  }

  /// The users at an address; two spellings of one address are one.
  package func entries(atHost host: String, port: UInt16) -> [UsersFileEntry] {
    entries.filter { $0.port == port && NumericAddress.isSame(host: $0.host, as: host) }
  }

  /// Everybody but `me`, in the file's order.
  package func others(than me: PeerName) -> [UsersFileEntry] {
    entries.filter { $0.name != me }
  }

  /// The names that differ from an answer by case or by one slip of the hand.
  package func names(similarTo answer: String) -> [PeerName] {
    let answer = Array(answer.lowercased().unicodeScalars)
    return entries.map(\.name).filter { name in
      NameDistance.isSmall(answer, Array(name.text.lowercased().unicodeScalars))
    }
  }

  /// "These passwords are public": the example's passwords are used for a listener or a peer that is not
  /// on this computer.
  package func passwordsArePublic(forHost host: String) -> Bool {
    hasPublicPasswords && !NumericAddress.isLoopback(host: host)
  }
}

/// Whether two words are one edit apart: a character more, less or other, or two exchanged.
enum NameDistance {
  static func isSmall(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Bool {
    guard abs(first.count - second.count) <= 1, min(first.count, second.count) > 0 else { return false }
    let start = zip(first, second).prefix { $0 == $1 }.count
    let end = zip(first.dropFirst(start).reversed(), second.dropFirst(start).reversed()).prefix { $0 == $1 }
      .count
    let (left, right) = (first[start..<first.count - end], second[start..<second.count - end])
    if left.count <= 1, right.count <= 1 { return true }
    return left.count == 2 && right.count == 2 && left.first == right.last && left.last == right.first
  }
}

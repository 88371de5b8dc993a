package import Wire

/// A users file looked at as a whole: everything that is wrong in it, and the entries that are right.
package struct UsersFileSurvey: Sendable {
  /// In the file's order, several of one entry where there are several.
  package let faults: [UsersFileError]
  /// The entries without a fault; of two with one name the first.
  package let file: UsersFile
  /// Every password of these entries, where it stands.
  let passwords: [WrittenPassword]

  /// Whether a program can use the file.
  package var isUsable: Bool { faults.isEmpty }

  /// The file; throws the first fault of one that has any.
  package func usable() throws(UsersFileError) -> UsersFile {
    if let fault = faults.first { throw fault }
    return file
  }

  /// What is weak about the passwords, in the file's order.
  package var remarks: [UsersFileRemark] {
    let twins = twins
    return passwords.indices.compactMap { index in
      let written = passwords[index]
      let kind: UsersFileRemark.Kind
      if ExamplePasswords.contains(written.password) {
        kind = .isPublic
      } else if written.password.isSame(as: written.user.text) {
        kind = .isName
      } else if let other = twins[index] {
        kind = .isShared(with: other)
      } else if written.password.withBytes({ $0.count }) < UsersFileRemark.shortPassword {
        kind = .isShort
      } else {
        return nil
      }
      return UsersFileRemark(user: written.user, key: written.key, position: written.position, kind: kind)
    }
  }

  /// By the index of a password, the user of another entry that has the same one.
  private var twins: [Int: PeerName] {
    let order = passwords.indices.sorted { passwords[$0].password.precedes(passwords[$1].password) }
    var twins: [Int: PeerName] = [:]
    for (left, right) in zip(order, order.dropFirst()) {
      let (first, second) = (passwords[left], passwords[right])
      guard !first.password.precedes(second.password), first.user != second.user else { continue }
      twins[left] = twins[left] ?? second.user
      twins[right] = first.user
    }
    return twins
  }
}

/// A password of a users file, and where it stands.
struct WrittenPassword: Sendable {
  let user: PeerName
  /// As it is written.
  let key: String
  let position: JSONPosition
  let password: EnteredPassword
}

/// What is weak about one password of a users file; it stops nothing.
package struct UsersFileRemark: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// One of the shipped example's: everybody knows it.
    case isPublic
    /// It is the user's own name.
    case isName
    /// Another user of the file has the same.
    case isShared(with: PeerName)
    /// It has fewer than ``shortPassword`` bytes.
    case isShort
  }

  /// Below so many bytes a password is called short.
  package static let shortPassword = 8

  package let user: PeerName
  package let key: String
  package let position: JSONPosition
  package let kind: Kind
}

/// What a first contact with a user of the file rests on, in the order in which the program takes them.
package enum FirstContactBasis: String, Hashable, Sendable {
  /// `identity`: the file itself says the key.
  case identity
  /// `pair_password`: between this user and the file's owner alone.
  case pairPassword = "pair_password"
  /// `password`: what anybody needs to reach this user the first time.
  case password
  /// Only people who know this user already can be talked with.
  case none
}

/// Where the address of a user of the file is, seen from this computer.
package enum UserPlace: String, Hashable, Sendable {
  case loopback
  case thisHost = "this_host"
  case elsewhere
  /// A host name; it is not looked up.
  case name

  package init(host: String, addressesOfThisHost: [String]) {
    if NumericAddress.isLoopback(host: host) {
      self = .loopback
    } else if let address = NumericAddress(host) {
      let isHere =
        address.isUnspecified || addressesOfThisHost.contains { NumericAddress($0) == address }
      self = isHere ? .thisHost : .elsewhere
    } else {
      self = .name
    }
  }
}

extension UsersFileEntry {
  package var firstContact: FirstContactBasis {
    if identity != nil { return .identity }
    if pairPassword != nil { return .pairPassword }
    return password == nil ? .none : .password
  }
}

/// The passwords of the shipped `users.example.json`, which everybody knows.
enum ExamplePasswords {
  static func contains(_ password: EnteredPassword?) -> Bool {
    ["password1", "password2"].contains { password?.isSame(as: $0) == true }
  }
}

extension UsersFile {
  /// Whether a path names the shipped example.
  static func isExample(_ path: String) -> Bool {
    path.hasSuffix("/users.example.json") || path == "users.example.json"
  }
}

extension EnteredPassword {
  /// Whether its bytes are those of a text that is no secret.
  fileprivate func isSame(as text: String) -> Bool {
    let text = Array(text.utf8)
    return withBytes { bytes in
      bytes.count == text.count && bytes.indices.allSatisfy { bytes[$0] == text[$0] }
    }
  }

  /// Bytewise order.
  fileprivate func precedes(_ other: EnteredPassword) -> Bool {
    withBytes { bytes in
      other.withBytes { other in
        for index in 0..<min(bytes.count, other.count) where bytes[index] != other[index] {
          return bytes[index] < other[index]
        }
        return bytes.count < other.count
      }
    }
  }
}

package import ChatProtocol
internal import Cryptography
internal import Places
package import Wire

/// Why a list of profiles is not taken; nothing of it was pinned.
package enum ProfileListProblem: Error, Hashable, Sendable {
  /// It cannot be read.
  case file(HomeFailure)
  /// The file has more than ``ProfileList/sizeLimit`` bytes.
  case tooLarge
  /// It names more than ``ProfileList/limit`` profiles.
  case tooMany
  /// No line of it is a profile.
  case empty
  /// The line, from 1, is neither a comment nor a profile as `id` prints it.
  case notAProfile(line: Int)
  /// The signature of the profile in this line does not verify.
  case notAuthentic(line: Int)
  /// Two lines give one name two identities, or two names one key.
  case contradiction(line: Int)
}

/// The text form in which contacts are given to others: public profiles, one a line in base64url as `id`
/// prints it, never a pair secret; lines that begin with `#`, and empty ones, are comments.
package struct ProfileList: Sendable {
  /// The most profiles of one list.
  package static let limit = 1024
  /// The most bytes of one list.
  package static let sizeLimit = 1 << 20

  package let profiles: [ProvenProfile]

  /// Reads a file that holds a list.
  package init(file path: String) throws(ProfileListProblem) {
    var bytes = [UInt8](repeating: 0, count: ProfileList.sizeLimit + 1)
    var count = 0
    do throws(PlaceError) {
      let file = try OpenFile.forReading(path, followingLinks: true)
      var span = bytes.mutableSpan
      count = try PrivateFile.read(file, into: &span)
    } catch {
      if case .tooLarge = error.fault { throw .tooLarge }
      throw .file(HomeFailure(error))
    }
    try self.init(parsing: Array(bytes.prefix(count)))
  }

  /// Reads a list: the form of each profile, its name, its signature (PROTOCOL 1.2).
  package init(parsing bytes: [UInt8]) throws(ProfileListProblem) {
    guard bytes.count <= ProfileList.sizeLimit else { throw .tooLarge }
    var profiles: [ProvenProfile] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let text = String(decoding: line, as: UTF8.self).filter { !$0.isWhitespace }
      if text.isEmpty || text.hasPrefix("#") { continue }
      guard profiles.count < ProfileList.limit else { throw .tooMany }
      guard let profile = IdentityText.profile(text) else { throw .notAProfile(line: index + 1) }
      let proven: ProvenProfile
      do throws(CryptographyError) {
        proven = try ProvenProfile(verifying: profile)
      } catch {
        throw .notAuthentic(line: index + 1)
      }
      if profiles.contains(where: { $0.isSameIdentity(as: proven) }) { continue }
      let contradicts = profiles.contains { other in
        other.name == proven.name || other.profile.ikDH == profile.ikDH
          || other.profile.ikSig == profile.ikSig
      }
      guard !contradicts else { throw .contradiction(line: index + 1) }
      profiles.append(proven)
    }
    guard !profiles.isEmpty else { throw .empty }
    self.profiles = profiles
  }

  /// The text of a list; the words of each key go into a comment beside each name.
  package static func text(_ contacts: [ContactSummary]) -> String {
    var lines = ["# secure_chat contacts: one profile a line, as `secure_chat id` prints it"]
    for contact in contacts {
      lines += ["# \(contact.name.text): \(contact.words)", contact.profile]
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// What importing one profile of a list would come to.
package struct ImportOutlook: Sendable {
  package enum Kind: Hashable, Sendable {
    case new
    /// This very identity is pinned; the pin stays as it is.
    case known
    /// The name is pinned with another identity, which wins.
    case differs
    case refused(ContactRefusal)
  }
  package let name: PeerName
  /// The six words of the key.
  package let words: String
  package let kind: Kind
}

extension Contacts {
  /// What stands in the way of pinning a profile; nothing is written.
  package func outlook(_ new: ProvenProfile) throws(HomeFailure) -> ImportOutlook.Kind {
    if let contact = try contact(named: new.name) {
      if !contact.pin.profile.isSameIdentity(as: new) { return .differs }
      if case .stored = contact.origin { return .known }
    }
    return try conflict(with: new.profile).map { .refused($0) } ?? .new
  }

  /// Pins a profile without a password, as an `identity` of a users file does: a pair secret of 32 zero
  /// bytes, no floor, not verified. A pin that stands wins.
  package func importProfile(_ new: ProvenProfile, at now: UnixTime) throws(HomeFailure) -> ContactChange {
    let secret = try HomeFailure.ofMemory { () throws(CryptographyError) in try PairSecret.absent() }
    return try change(new.name) { (current) throws(HomeFailure) in
      if let current {
        guard current.pin.profile.isSameIdentity(as: new) else { return .refused(.changedMeanwhile) }
        if case .stored = current.origin { return .stored(current) }
      }
      let pin = NewPin(profile: new, secret: secret, floor: .weakest, standing: .confirmed)
      return try self.write(pin, standing: .confirmed, verifiedAt: nil, at: now)
    }
  }
}

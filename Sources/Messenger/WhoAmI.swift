package import Wire

/// The answer to "Who are you?": a user name of the file, or the port of one, as the old habit was.
package enum WhoAmI {
  /// Why an answer names no user; the same question is asked again.
  package enum Refusal: Error, Hashable, Sendable {
    case empty
    /// No user of the file has this name; `similar` are names that differ by a slip of the hand.
    case unknownName(String, similar: [PeerName])
    case unknownPort(UInt16)
    /// A number that is no port and no user's name.
    case notAPort(String)
    /// Several users share the port, so only a name tells them apart.
    case sharedPort(UInt16, users: [PeerName])
  }

  /// The user that the answer names. A number is a port unless a user is so named.
  package static func resolve(_ answer: String, in users: UsersFile) throws(Refusal) -> UsersFileEntry {
    let answer = AddressText.trimmed(answer)
    guard !answer.isEmpty else { throw .empty }
    if let name = try? PeerName(answer), let entry = users.entry(named: name) { return entry }
    guard answer.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw .unknownName(answer, similar: users.names(similarTo: answer))
    }
    guard let port = UInt16(answer), port > 0 else { throw .notAPort(answer) }
    let entries = users.entries(onPort: port)
    guard let entry = entries.first else { throw .unknownPort(port) }
    guard entries.count == 1 else { throw .sharedPort(port, users: entries.map(\.name)) }
    return entry
  }
}

/// The answer to "To whom?": a user name of the file, or an address that is dialled.
package enum ToWhom: Sendable {
  /// A user of the file, by name or because the address is that user's alone.
  case user(UsersFileEntry)
  /// An address that belongs to nobody of the file; who is there has to be asked.
  case address(host: String, port: UInt16)

  /// Why an answer names nobody to talk to; the same question is asked again.
  package enum Refusal: Error, Hashable, Sendable {
    case empty
    case yourself(PeerName)
    case unknownName(String, similar: [PeerName])
    /// What should be `host:port` is not; `text` is the port part as it was given.
    case badPort(String)
    /// A host without a port, and more than one user of the file, or none, is there.
    case portMissing(host: String)
  }

  /// Reads `NAME`, `HOST:PORT`, `HOST PORT`, `[IPV6]:PORT`, or a bare IP address of one user.
  ///
  /// `me` is never dialled: neither the name nor the address of the own entry.
  package static func resolve(
    _ answer: String, from me: PeerName, in users: UsersFile?
  ) throws(Refusal) -> ToWhom {
    let answer = AddressText.trimmed(answer)
    guard !answer.isEmpty else { throw .empty }
    if let name = try? PeerName(answer) {
      guard name != me else { throw .yourself(me) }
      if let entry = users?.entry(named: name) { return .user(entry) }
    }
    switch AddressText.parse(answer) {
    case .hostAndPort(let host, let port):
      let there = users?.entries(atHost: host, port: port) ?? []
      guard !there.contains(where: { $0.name == me }) || there.count > 1 else { throw .yourself(me) }
      let others = there.filter { $0.name != me }
      guard others.count == 1 else { return .address(host: host, port: port) }
      return .user(others[0])
    case .host(let host):
      guard NumericAddress(host) != nil else {
        throw .unknownName(answer, similar: users?.names(similarTo: answer).filter { $0 != me } ?? [])
      }
      let there = (users?.entries ?? []).filter {
        $0.name != me && NumericAddress.isSame(host: $0.host, as: host)
      }
      guard there.count == 1 else { throw .portMissing(host: host) }
      return .user(there[0])
    case .badPort(let text):
      throw .badPort(text)
    }
  }
}

/// A host and a port as people write them.
package enum AddressText {
  case hostAndPort(String, UInt16)
  case host(String)
  case badPort(String)

  /// Splits `host:port`, `host port`, `[::1]:port`; what has no port part is a host.
  package static func parse(_ text: String) -> AddressText {
    let text = trimmed(text)
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      let host = String(text[text.index(after: text.startIndex)..<end])
      let rest = text[text.index(after: end)...]
      if rest.isEmpty { return .host(host) }
      guard rest.first == ":" || rest.first == " " else { return .badPort(String(rest)) }
      return withPort(host, rest.dropFirst())
    }
    if let space = text.lastIndex(of: " ") {
      let port = text[text.index(after: space)...]
      // A name may hold spaces; a port is a number, right or wrong.
      guard let first = port.utf8.first, (48...57).contains(first) else { return .host(text) }
      return withPort(trimmed(String(text[..<space])), port)
    }
    // Two colons or more without brackets are an IPv6 address, never one with a port.
    if NumericAddress(text) != nil { return .host(text) }
    guard let colon = text.lastIndex(of: ":") else { return .host(text) }
    return withPort(String(text[..<colon]), text[text.index(after: colon)...])
  }

  /// A port from 1 to 65535 in decimal digits alone.
  package static func port(_ text: some StringProtocol) -> UInt16? {
    guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return UInt16(text).flatMap { $0 > 0 ? $0 : nil }
  }

  /// The text without the spaces and tabs around it.
  package static func trimmed(_ text: String) -> String {
    var text = text[...]
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }

  private static func withPort(_ host: String, _ port: Substring) -> AddressText {
    guard !host.isEmpty, let number = AddressText.port(port) else { return .badPort(String(port)) }
    return .hostAndPort(host, number)
  }
}

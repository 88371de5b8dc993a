internal import ChatProtocol
internal import Cryptography
internal import Places
internal import Wire

extension UsersFile {
  /// Reads a users file; a symbolic link is followed. It blocks on the disk.
  ///
  /// A file above the limit is refused by its size, unread.
  package static func read(_ path: String) throws(UsersFileError) -> UsersFile {
    try UsersFileSurvey.read(path).usable()
  }

  /// Reads the bytes of a users file; `openToOthers` is the mode of one that others can read.
  package init(parsing bytes: Span<UInt8>, path: String, openToOthers: UInt32? = nil) throws(UsersFileError) {
    self = try UsersFileSurvey(parsing: bytes, path: path, openToOthers: openToOthers).usable()
  }
}

extension UsersFileSurvey {
  /// Reads a users file as a program does, and goes on after what is wrong; it blocks on the disk.
  ///
  /// Throws what lets nothing of the file be read.
  package static func read(_ path: String) throws(UsersFileError) -> UsersFileSurvey {
    try UsersFileContents(path, followingLinks: true).survey()
  }

  /// `openToOthers`: the mode of a file that others can read.
  package init(parsing bytes: Span<UInt8>, path: String, openToOthers: UInt32? = nil) throws(UsersFileError) {
    guard bytes.indices.contains(where: { !JSONSpace.isSpace(bytes[$0]) }) else { throw .empty(path: path) }
    let root: JSONValue
    do throws(JSONError) {
      root = try JSONReader(parsing: bytes).root
    } catch {
      let problem: UsersFileProblem =
        error.problem == .duplicateKey
        ? .duplicateKey(error.key ?? "") : .notJSON(error.problem, key: error.key)
      throw .content(path: path, at: error.position, problem)
    }
    guard case .array(let values) = root.kind else {
      throw .content(path: path, at: root.position, .notAList)
    }
    guard !values.isEmpty else { throw .content(path: path, at: root.position, .noUsers) }

    var entries: [UsersFileEntry] = []
    var warnings: [UsersFileWarning] = []
    var lines: [PeerName: Int] = [:]
    var faults: [UsersFileError] = []
    var passwords: [WrittenPassword] = []
    for value in values {
      var reader = UsersFileEntryReader(path: path)
      let entry = reader.read(value, of: bytes)
      faults += reader.faults
      if !reader.unknownKeys.isEmpty {
        warnings.append(.unknownKeys(reader.unknownKeys, path: path, line: value.position.line))
      }
      if let name = reader.name {
        if let first = lines[name] {
          faults.append(
            .content(path: path, at: reader.namePosition, .duplicateUserName(name, firstLine: first)))
          continue
        }
        lines[name] = value.position.line
      }
      if let entry {
        entries.append(entry)
        passwords += reader.passwords
      }
    }
    // The shipped example is public by intent; a fresh clone makes it 0644.
    let hidesSomething = entries.contains { entry in
      entry.pairPassword != nil || entry.password != nil && !ExamplePasswords.contains(entry.password)
    }
    if let mode = openToOthers, hidesSomething, !UsersFile.isExample(path) {
      warnings.insert(.openToOthers(path: path, mode: mode), at: 0)
    }
    // Who is known by an identity cannot be posed as, with whatever password.
    if entries.count > 2, entries.contains(where: { $0.password != nil }),
      entries.contains(where: { $0.identity == nil })
    {
      warnings.append(.everyReaderCanPose(path: path, users: entries.count))
    }
    self.faults = faults
    self.passwords = passwords
    file = UsersFile(
      path: path, entries: entries, warnings: warnings,
      hasPublicPasswords: entries.contains { ExamplePasswords.contains($0.password) })
  }
}

/// Reads one entry, key by key; keeps every fault, and what a warning needs.
private struct UsersFileEntryReader {
  let path: String
  var faults: [UsersFileError] = []
  var unknownKeys: [String] = []
  /// Nil where the name itself is at fault.
  var name: PeerName?
  var namePosition = JSONPosition(line: 1, column: 1)
  var passwords: [WrittenPassword] = []

  private static let knownKeys: Set<String> = [
    "username", "password", "ip", "port", "pair_password", "identity",
  ]

  init(path: String) { self.path = path }

  /// Nil where anything in the entry is wrong.
  mutating func read(_ value: JSONValue, of bytes: Span<UInt8>) -> UsersFileEntry? {
    var faults: [UsersFileError] = []
    func attempt<Value>(_ body: () throws(UsersFileError) -> Value) -> Value? {
      do throws(UsersFileError) {
        return try body()
      } catch {
        faults.append(error)
        return nil
      }
    }
    defer { self.faults = faults }
    guard case .object(let members) = value.kind else {
      faults.append(.content(path: path, at: value.position, .entryNotAnObject))
      return nil
    }
    var found: [String: JSONMember] = [:]
    for member in members {
      let key = member.key.lowercased()
      guard Self.knownKeys.contains(key) else {
        unknownKeys.append(member.key)
        continue
      }
      guard found[key] == nil else {
        faults.append(.content(path: path, at: member.keyPosition, .duplicateKey(member.key)))
        continue
      }
      found[key] = member
    }
    namePosition = found["username"]?.value.position ?? value.position
    let reader = self
    let name = attempt { () throws(UsersFileError) in
      try reader.userName(found["username"], in: value, of: bytes)
    }
    self.name = name
    let hostMember = attempt { () throws(UsersFileError) in try reader.required("ip", found, value, name) }
    let portMember = attempt { () throws(UsersFileError) in try reader.required("port", found, value, name) }
    let host = hostMember.flatMap { member in
      attempt { () throws(UsersFileError) in try reader.host(member, of: bytes) }
    }
    let port = portMember.flatMap { member in
      attempt { () throws(UsersFileError) in try reader.port(member, of: bytes) }
    }
    var secrets: [String: EnteredPassword] = [:]
    for key in ["password", "pair_password"] {
      guard let member = found[key] else { continue }
      let read = attempt { () throws(UsersFileError) in try reader.password(member, of: bytes) }
      guard let password = read ?? nil, let name else { continue }
      secrets[key] = password
      passwords.append(
        WrittenPassword(user: name, key: member.key, position: member.value.position, password: password))
    }
    var identity: ProvenProfile?
    if let name {
      identity =
        attempt { () throws(UsersFileError) in try reader.identity(found["identity"], of: name, bytes) }
        ?? nil
    }
    guard faults.isEmpty, let name, let host, let port else { return nil }
    return UsersFileEntry(
      name: name, host: host, port: port, password: secrets["password"],
      pairPassword: secrets["pair_password"], identity: identity, line: value.position.line)
  }

  private func required(
    _ key: String, _ found: [String: JSONMember], _ entry: JSONValue, _ name: PeerName?
  ) throws(UsersFileError) -> JSONMember {
    guard let member = found[key] else {
      throw .content(path: path, at: entry.position, .missingKey(key, user: name?.text))
    }
    return member
  }

  private func userName(
    _ member: JSONMember?, in entry: JSONValue, of bytes: Span<UInt8>
  ) throws(UsersFileError) -> PeerName {
    guard let member else {
      throw .content(path: path, at: entry.position, .missingKey("username", user: nil))
    }
    let text = try text(member, expected: "a string")
    do throws(NameError) {
      return try PeerName(JSONReader.string(text, of: bytes))
    } catch {
      throw .content(path: path, at: member.value.position, .badUserName(key: member.key, error))
    }
  }

  private func host(_ member: JSONMember, of bytes: Span<UInt8>) throws(UsersFileError) -> String {
    var host = JSONReader.string(try text(member, expected: "a string"), of: bytes)
    // `[::1]` is how an address with a port is written; the brackets are no part of it.
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard NumericAddress(host) != nil || HostName.isPossible(host) else {
      throw .content(path: path, at: member.value.position, .badHost(key: member.key))
    }
    return host
  }

  private func port(_ member: JSONMember, of bytes: Span<UInt8>) throws(UsersFileError) -> UInt16 {
    let written: String
    switch member.value.kind {
    case .number(let number): written = number.text
    case .string(let text): written = JSONReader.string(text, of: bytes)
    case .object, .array, .boolean, .null:
      throw wrongType(member, expected: "a number or a string")
    }
    guard let port = AddressText.port(written) else {
      throw .content(path: path, at: member.value.position, .badPort(key: member.key, text: written))
    }
    return port
  }

  private func password(
    _ member: JSONMember?, of bytes: Span<UInt8>
  ) throws(UsersFileError) -> EnteredPassword? {
    guard let member, member.value.kind != .null else { return nil }
    let text = try text(member, expected: "a string")
    func refused(_ problem: PasswordProblem) -> UsersFileError {
      .content(path: path, at: member.value.position, .badPassword(key: member.key, problem))
    }
    guard text.decodedByteCount <= EnteredPassword.capacity else { throw refused(.tooLong) }
    let password = EnteredPassword(filledBy: { JSONReader.decode(text, of: bytes, into: &$0) })
    do throws(PasswordProblem) {
      return try password.normalised()
    } catch {
      throw refused(error)
    }
  }

  private func identity(
    _ member: JSONMember?, of name: PeerName, _ bytes: Span<UInt8>
  ) throws(UsersFileError) -> ProvenProfile? {
    guard let member, member.value.kind != .null else { return nil }
    let text = JSONReader.string(try text(member, expected: "a string"), of: bytes)
    do throws(IdentityTextProblem) {
      return try IdentityText.proven(text, of: name)
    } catch {
      throw .content(path: path, at: member.value.position, .badIdentity(key: member.key, error))
    }
  }

  private func text(_ member: JSONMember, expected: String) throws(UsersFileError) -> JSONText {
    guard case .string(let text) = member.value.kind else { throw wrongType(member, expected: expected) }
    return text
  }

  private func wrongType(_ member: JSONMember, expected: String) -> UsersFileError {
    .content(path: path, at: member.value.position, .wrongType(key: member.key, expected: expected))
  }
}

/// Spaces between the tokens of JSON.
private enum JSONSpace {
  static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 10 || byte == 13 || byte == 9 }
}

/// What can be the name of a host; the system's resolver judges the rest.
private enum HostName {
  static func isPossible(_ host: String) -> Bool {
    guard (1...253).contains(host.utf8.count), !host.hasPrefix("-"), !host.hasPrefix(".") else {
      return false
    }
    // Four numbers that are no address, or a colon, are a slip and not a name.
    guard !host.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }) else { return false }
    return host.unicodeScalars.allSatisfy { scalar in
      switch scalar.value {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
      case 0x80...: scalar.properties.isAlphabetic || scalar.properties.generalCategory == .decimalNumber
      default: false
      }
    }
  }
}

extension UsersFileError {
  init(_ error: PlaceError, path: String) {
    self =
      switch error.fault {
      case .notFound: .missing(path: path)
      case .notARegularFile, .notAFolder: .notAFile(path: path)
      case .tooLarge(let limit): .tooLarge(path: path, limit: limit)
      case .alreadyExists, .notPermitted, .symbolicLink, .openToOthers, .ownedByAnother, .pathTooLong, .inUse,
        .noSpace, .readOnly, .nowhere, .failed:
        .unreadable(path: path, message: error.systemMessage)
      }
  }
}

internal import ChatProtocol
internal import Cryptography
internal import Places
internal import Wire

extension UsersFile {
  /// Reads a users file; a symbolic link is followed. It blocks on the disk.
  ///
  /// A file above the limit is refused by its size, unread.
  package static func read(_ path: String) throws(UsersFileError) -> UsersFile {
    let file: OpenFile
    let status: FileStatus
    do throws(PlaceError) {
      file = try OpenFile.forReading(path, followingLinks: true)
      status = try file.status()
    } catch {
      throw UsersFileError(error, path: path)
    }
    guard status.size <= Int64(sizeLimit) else { throw .tooLarge(path: path, limit: sizeLimit) }
    let bytes: SecretBuffer
    do throws(GuardedContents.Failure) {
      bytes = try GuardedContents.read(file, limit: sizeLimit)
    } catch {
      switch error {
      case .place(let error): throw UsersFileError(error, path: path)
      case .memory: throw .memory(path: path)
      }
    }
    return try bytes.withBytes { (bytes) throws(UsersFileError) in
      try UsersFile(parsing: bytes, path: path, openToOthers: status.isOpenToOthers ? status.mode : nil)
    }
  }

  /// Reads the bytes of a users file; `openToOthers` is the mode of one that others can read.
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
    for value in values {
      var reader = UsersFileEntryReader(path: path)
      let entry = try reader.read(value, of: bytes)
      if let first = lines.updateValue(entry.line, forKey: entry.name) {
        throw .content(
          path: path, at: reader.namePosition, .duplicateUserName(entry.name, firstLine: first))
      }
      entries.append(entry)
      if !reader.unknownKeys.isEmpty {
        warnings.append(.unknownKeys(reader.unknownKeys, path: path, line: entry.line))
      }
    }
    self.path = path
    self.entries = entries
    hasPublicPasswords = entries.contains { PublicPasswords.contains($0.password) }
    // The shipped example is public by intent; a fresh clone makes it 0644.
    let hidesSomething = entries.contains { entry in
      entry.pairPassword != nil || entry.password != nil && !PublicPasswords.contains(entry.password)
    }
    let isExampleByName = path.hasSuffix("/users.example.json") || path == "users.example.json"
    if let mode = openToOthers, hidesSomething, !isExampleByName {
      warnings.insert(.openToOthers(path: path, mode: mode), at: 0)
    }
    if entries.count > 2, entries.contains(where: { $0.password != nil }) {
      warnings.append(.everyReaderCanPose(path: path, users: entries.count))
    }
    self.warnings = warnings
  }
}

/// Reads one entry, key by key, and keeps what a warning needs.
private struct UsersFileEntryReader {
  let path: String
  var unknownKeys: [String] = []
  var namePosition = JSONPosition(line: 1, column: 1)

  private static let knownKeys: Set<String> = [
    "username", "password", "ip", "port", "pair_password", "identity",
  ]

  init(path: String) { self.path = path }

  mutating func read(_ value: JSONValue, of bytes: Span<UInt8>) throws(UsersFileError) -> UsersFileEntry {
    guard case .object(let members) = value.kind else {
      throw .content(path: path, at: value.position, .entryNotAnObject)
    }
    var found: [String: JSONMember] = [:]
    for member in members {
      let key = member.key.lowercased()
      guard Self.knownKeys.contains(key) else {
        unknownKeys.append(member.key)
        continue
      }
      guard found.updateValue(member, forKey: key) == nil else {
        throw .content(path: path, at: member.keyPosition, .duplicateKey(member.key))
      }
    }
    let name = try name(found["username"], in: value, of: bytes)
    let hostMember = try required("ip", found, value, name)
    let portMember = try required("port", found, value, name)
    return UsersFileEntry(
      name: name, host: try host(hostMember, of: bytes), port: try port(portMember, of: bytes),
      password: try password(found["password"], of: bytes),
      pairPassword: try password(found["pair_password"], of: bytes),
      identity: try identity(found["identity"], of: name, bytes), line: value.position.line)
  }

  private func required(
    _ key: String, _ found: [String: JSONMember], _ entry: JSONValue, _ name: PeerName
  ) throws(UsersFileError) -> JSONMember {
    guard let member = found[key] else {
      throw .content(path: path, at: entry.position, .missingKey(key, user: name.text))
    }
    return member
  }

  private mutating func name(
    _ member: JSONMember?, in entry: JSONValue, of bytes: Span<UInt8>
  ) throws(UsersFileError) -> PeerName {
    guard let member else {
      throw .content(path: path, at: entry.position, .missingKey("username", user: nil))
    }
    namePosition = member.value.position
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

/// The passwords of the shipped `users.example.json`, which everybody knows.
private enum PublicPasswords {
  private static let known = ["password1", "password2"].map { Array($0.utf8) }

  static func contains(_ password: EnteredPassword?) -> Bool {
    password?.withBytes { bytes in
      known.contains { word in
        word.count == bytes.count && bytes.indices.allSatisfy { word[$0] == bytes[$0] }
      }
    } ?? false
  }
}

extension UsersFileError {
  fileprivate init(_ error: PlaceError, path: String) {
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

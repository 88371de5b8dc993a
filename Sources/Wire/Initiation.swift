/// Why the body of INIT or RESP is not one; to the connection all of them are E_PROTO.
package enum HandshakeMessageError: Error, Hashable, Sendable {
  case wrongLength
  case wrongMagic
  case unknownVersion(UInt8)
  case unknownMode(UInt8)
  /// A list with an unknown id, an id twice, a gap, or nothing.
  case wrongList
  /// RESP picks what INIT did not offer.
  case notOffered
}

/// The clear bytes of INIT, the dialling side's first message (PROTOCOL 1.4).
package struct Initiation: Hashable, Sendable {
  /// "SECCHAT": told apart from other protocols before anything else is looked at.
  package static let magic = Array("SECCHAT".utf8)
  package static let version: UInt8 = 1
  /// Places in each list of the offer.
  package static let listCount = 4
  /// Bytes before the shares of the groups.
  package static let fixedByteCount = 81

  package let mode: HandshakeMode
  package let groups: [KeyAgreementGroup]
  /// By preference.
  package let ciphers: [CipherSuite]
  /// c_I, 32 bytes.
  package let challenge: [UInt8]
  /// e_I, 32 bytes.
  package let ephemeral: [UInt8]
  /// ek, 1184 bytes; empty unless group 1 is offered.
  package let encapsulationKey: [UInt8]
  /// ff, 384 bytes; empty unless group 3 is offered.
  package let finiteFieldShare: [UInt8]

  package init(
    mode: HandshakeMode, groups: [KeyAgreementGroup], ciphers: [CipherSuite], challenge: [UInt8],
    ephemeral: [UInt8], encapsulationKey: [UInt8], finiteFieldShare: [UInt8] = []
  ) throws(HandshakeMessageError) {
    guard challenge.count == HandshakeSize.challenge, ephemeral.count == HandshakeSize.ephemeral,
      encapsulationKey.count == (groups.contains(.x25519MLKEM768) ? HandshakeSize.encapsulationKey : 0),
      finiteFieldShare.count == (groups.contains(.x25519FFDHE3072) ? HandshakeSize.finiteFieldShare : 0)
    else { throw .wrongLength }
    guard (1...Self.listCount).contains(groups.count), (1...Self.listCount).contains(ciphers.count),
      Set(groups).count == groups.count, Set(ciphers).count == ciphers.count
    else { throw .wrongList }
    self.mode = mode
    self.groups = groups
    self.ciphers = ciphers
    self.challenge = challenge
    self.ephemeral = ephemeral
    self.encapsulationKey = encapsulationKey
    self.finiteFieldShare = finiteFieldShare
  }

  /// Reads INIT's whole body; in mode K the proof of 48 bytes stays behind `clearByteCount`.
  package init(parsing body: Span<UInt8>) throws(HandshakeMessageError) {
    guard body.count >= Self.fixedByteCount else { throw .wrongLength }
    guard body.extracting(0..<7).equalsPublicly(Self.magic.span) else { throw .wrongMagic }
    guard body[7] == Self.version else { throw .unknownVersion(body[7]) }
    guard let mode = HandshakeMode(rawValue: body[8]) else { throw .unknownMode(body[8]) }
    self.mode = mode
    groups = try Self.list(body.extracting(9..<13), KeyAgreementGroup.init(rawValue:))
    ciphers = try Self.list(body.extracting(13..<17), CipherSuite.init(rawValue:))
    guard body.count == HandshakeSize.initiation(groups, mode: mode) else { throw .wrongLength }
    challenge = [UInt8](copying: body.extracting(17..<49))
    ephemeral = [UInt8](copying: body.extracting(49..<81))
    var position = Self.fixedByteCount
    func take(_ count: Int, if isOffered: Bool) -> [UInt8] {
      guard isOffered else { return [] }
      defer { position += count }
      return [UInt8](copying: body.extracting(position..<position + count))
    }
    encapsulationKey = take(HandshakeSize.encapsulationKey, if: groups.contains(.x25519MLKEM768))
    finiteFieldShare = take(HandshakeSize.finiteFieldShare, if: groups.contains(.x25519FFDHE3072))
  }

  /// How many bytes of the body are clear; in mode K Enc(empty) follows them.
  package var clearByteCount: Int {
    Self.fixedByteCount + encapsulationKey.count + finiteFieldShare.count
  }

  /// The clear bytes, as they are sent and hashed.
  package var clearBytes: [UInt8] {
    var bytes = Self.magic + [Self.version, mode.rawValue]
    bytes.reserveCapacity(clearByteCount)
    bytes += Self.field(groups.map(\.rawValue))
    bytes += Self.field(ciphers.map(\.rawValue))
    return bytes + challenge + ephemeral + encapsulationKey + finiteFieldShare
  }

  private static func field(_ ids: [UInt8]) -> [UInt8] {
    ids + [UInt8](repeating: 0, count: listCount - ids.count)
  }

  private static func list<Element: Equatable>(
    _ field: Span<UInt8>, _ known: (UInt8) -> Element?
  ) throws(HandshakeMessageError) -> [Element] {
    var elements: [Element] = []
    var hasEnded = false
    for index in field.indices {
      if field[index] == 0 {
        hasEnded = true
        continue
      }
      guard !hasEnded, let element = known(field[index]), !elements.contains(element) else {
        throw .wrongList
      }
      elements.append(element)
    }
    guard !elements.isEmpty else { throw .wrongList }
    return elements
  }
}

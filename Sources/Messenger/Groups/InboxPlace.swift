import Cryptography
import Wire

/// Where somebody's inbox is, and what opens the key packages there (docs/GROUPS.md, "Inbox").
struct InboxPlace: Hashable, Sendable {
  let relay: RelayPlace
  /// 32 bytes.
  let pseudonym: [UInt8]
  /// 32 bytes; it hides key packages from the relay, and protects nothing else.
  let placeKey: [UInt8]

  init(relay: RelayPlace, pseudonym: [UInt8], placeKey: [UInt8]) {
    self.relay = relay
    self.pseudonym = pseudonym
    self.placeKey = placeKey
  }

  init(from reader: inout RowReader) throws(RowDamage) {
    relay = try RelayPlace(from: &reader)
    pseudonym = try reader.bytes(32)
    placeKey = try reader.bytes(32)
  }

  var bytes: [UInt8] { relay.bytes + pseudonym + placeKey }

  private static let label = Array("secure_chat/1 key package".utf8)

  /// A key package as it lies at the relay: nonce 24 | ciphertext and tag.
  static func seal(_ keyPackage: [UInt8], placeKey: [UInt8]) throws(CryptographyError) -> [UInt8] {
    let nonce = SystemEntropy.shared.publicBytes(count: XChaCha20Sealing.nonceByteCount)
    return try nonce
      + XChaCha20Sealing.seal(
        keyPackage.span, key: placeKey.span, nonce: nonce.span, authenticating: label.span)
  }

  func open(_ sealed: [UInt8]) throws(CryptographyError) -> [UInt8] {
    guard sealed.count > XChaCha20Sealing.nonceByteCount else { throw .notAuthentic }
    return try XChaCha20Sealing.open(
      sealed.span.extracting(droppingFirst: XChaCha20Sealing.nonceByteCount), key: placeKey.span,
      nonce: sealed.span.extracting(first: XChaCha20Sealing.nonceByteCount), authenticating: Self.label.span)
  }
}

extension RelayPlace {
  /// The longest address, in bytes.
  static let addressByteCount = 300

  init(from reader: inout RowReader) throws(RowDamage) {
    let text = try reader.text(limit: Self.addressByteCount)
    let bytes = try reader.bytes(Profile.byteCount)
    guard let address = try? RelayAddress(text), let profile = try? Profile(parsing: bytes.span) else {
      throw RowDamage()
    }
    self.init(address: address, profile: profile)
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: UInt16(clamping: address.text.utf8.count))
    return bytes + address.text.utf8 + profile.bytes
  }
}

/// What direct sessions carry for groups (PROTOCOL 1.7, types 48 to 63).
enum DirectGroupMessage: Hashable, Sendable {
  case keyPackage(InboxPlace, [UInt8])
  case ask(RelayPlace)
  case invited(RelayPlace)

  static let keyPackageByteCount = 8 << 10

  /// Nil for a type that this build does not know, and for a body that is none of its type.
  init?(_ record: GroupRecord) {
    var reader = RowReader(record.body)
    do throws(RowDamage) {
      switch record.type {
      case 48:
        let place = try InboxPlace(from: &reader)
        let keyPackage = reader.rest()
        guard keyPackage.count <= Self.keyPackageByteCount else { return nil }
        self = .keyPackage(place, keyPackage)
      case 50: self = .ask(try RelayPlace(from: &reader))
      case 51: self = .invited(try RelayPlace(from: &reader))
      default: return nil
      }
      try reader.finish()
    } catch {
      return nil
    }
  }

  /// Nil for a key package that is too long.
  var record: GroupRecord? {
    switch self {
    case .keyPackage(let place, let keyPackage):
      try? GroupRecord(type: 48, body: place.bytes + keyPackage)
    case .ask(let relay): try? GroupRecord(type: 50, body: relay.bytes)
    case .invited(let relay): try? GroupRecord(type: 51, body: relay.bytes)
    }
  }
}

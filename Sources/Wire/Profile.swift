/// Why bytes are not a profile; to a peer all of them are E_IDENT.
package enum ProfileError: Error, Hashable, Sendable {
  case wrongLength
  case unknownVersion(UInt8)
  case name(NameError)
}

/// A user's public identity in its 193-byte form (PROTOCOL 1.2): who claims which keys.
///
/// Only the form is known to be right; whether the signature holds is proven elsewhere.
package struct Profile: Hashable, Sendable {
  package static let byteCount = 193
  /// Bytes that the signature covers; two profiles are the same when these are.
  package static let signedByteCount = 129
  package static let version: UInt8 = 1

  /// X25519 identity key, 32 bytes.
  package let ikDH: [UInt8]
  /// Ed25519 identity key, 32 bytes.
  package let ikSig: [UInt8]
  package let name: PeerName
  /// Ed25519 signature, 64 bytes.
  package let signature: [UInt8]

  package init(ikDH: [UInt8], ikSig: [UInt8], name: PeerName, signature: [UInt8]) throws(ProfileError) {
    guard ikDH.count == 32, ikSig.count == 32, signature.count == 64 else { throw .wrongLength }
    self.ikDH = ikDH
    self.ikSig = ikSig
    self.name = name
    self.signature = signature
  }

  package init(parsing bytes: Span<UInt8>) throws(ProfileError) {
    guard bytes.count == Self.byteCount else { throw .wrongLength }
    guard bytes[0] == Self.version else { throw .unknownVersion(bytes[0]) }
    do {
      name = try PeerName(field: bytes.extracting(65..<129))
    } catch {
      throw .name(error)
    }
    ikDH = [UInt8](copying: bytes.extracting(1..<33))
    ikSig = [UInt8](copying: bytes.extracting(33..<65))
    signature = [UInt8](copying: bytes.extracting(129..<193))
  }

  /// The first 129 bytes: version, both keys, the name's field.
  package var signedBytes: [UInt8] {
    Self.signedBytes(ikDH: ikDH, ikSig: ikSig, name: name)
  }

  /// All 193 bytes.
  package var bytes: [UInt8] { signedBytes + signature }

  /// The 129 bytes that a new identity signs.
  package static func signedBytes(ikDH: [UInt8], ikSig: [UInt8], name: PeerName) -> [UInt8] {
    [version] + ikDH + ikSig + name.field
  }
}

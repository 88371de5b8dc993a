package import Cryptography

/// R0 | K_wit, wrapped to the log key in a header's `w` (docs/LOG_FORMAT.md, "Keys and chain").
package enum LogKeyWrapping {
  /// The encapsulated key and the ciphertext, in bytes.
  package static let byteCount = 112
  private static let info = Array("secure_chat-log/1".utf8)

  /// Wraps both to the holder of the log key; `bound` are the header's bytes before `,"w":`.
  package static func seal<Witness: SecretPurpose>(
    _ root: borrowing Secret<ChainRoot>, _ witnessKey: borrowing Secret<Witness>, to publicKey: [UInt8],
    boundTo bound: Span<UInt8>, in region: GuardedRegion
  ) throws(CryptographyError) -> [UInt8] {
    guard Witness.byteCount == 32 else { throw .wrongLength }
    var both = try Secret<WrappedKeys>(in: region)
    root.withBytes { root in both.withMutableBytes { $0.copy(root) } }
    witnessKey.withBytes { key in both.withMutableBytes { $0.copy(key, at: 32) } }
    return try both.withBytes { (both) throws(CryptographyError) -> [UInt8] in
      try HPKESealing.seal(both, to: publicKey.span, info: info.span, authenticating: bound)
    }
  }

  /// Opens R0; throws `notAuthentic` where the header is not the one that was sealed, or for another key.
  static func open(
    _ wrapped: [UInt8], boundTo bound: Span<UInt8>, with key: borrowing Secret<LogSecretKey>,
    in region: GuardedRegion
  ) throws(CryptographyError) -> Secret<ChainRoot> {
    var both = try Secret<WrappedKeys>(in: region)
    try open(wrapped, boundTo: bound, with: key, into: &both)
    return try both.withBytes { (both) throws(CryptographyError) -> Secret<ChainRoot> in
      try Secret<ChainRoot>(copying: both.extracting(0..<32), in: region)
    }
  }

  private static func open(
    _ wrapped: [UInt8], boundTo bound: Span<UInt8>, with key: borrowing Secret<LogSecretKey>,
    into both: inout Secret<WrappedKeys>
  ) throws(CryptographyError) {
    // The key is lent outside the closure over the output, so that neither access spans the other.
    try key.withBytes { (secret) throws(CryptographyError) in
      let held = try Secret<LogSecretKey>(copying: secret, in: both.region)
      try both.withMutableBytes { (output) throws(CryptographyError) in
        try HPKESealing.open(
          wrapped.span, privateKey: held, info: info.span, authenticating: bound, into: &output)
      }
    }
  }
}

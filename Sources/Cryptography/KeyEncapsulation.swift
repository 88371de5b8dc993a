/// The random half of ML-KEM-768, as a parameter of a machine.
///
/// The library draws the randomness of an encapsulation itself, so that its result enters a machine as a value:
/// the live one is `MLKEM768Encapsulation`, and a known answer puts in its own ciphertext and secret. The other
/// half, key pair and decapsulation, follows from a seed: `MLKEM768KeyPair`.
package protocol KeyEncapsulation: AnyObject, Sendable {
  /// Draws a secret of 32 bytes, writes it into `secret` and returns the ciphertext of 1,088 bytes for `publicKey`.
  ///
  /// Throws `wrongLength` unless the key has 1,184 bytes and the output 32, `weakShare` for a key that FIPS 203
  /// refuses (a coefficient out of range).
  func encapsulate(
    to publicKey: Span<UInt8>, into secret: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> [UInt8]
}

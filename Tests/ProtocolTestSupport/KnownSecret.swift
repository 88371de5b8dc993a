package import Cryptography
import Wire

/// A secret of known bytes, in a region of its own.
package func makeSecret<Purpose: SecretPurpose>(
  _ bytes: [UInt8], _: Purpose.Type = Purpose.self
) throws -> Secret<Purpose> {
  try Secret(copying: bytes.span, in: GuardedRegion(byteCount: bytes.count))
}

extension Secret {
  /// The bytes themselves; tests alone look at them.
  package borrowing func revealed() -> [UInt8] { withBytes { [UInt8](copying: $0) } }
}

internal import Cryptography

/// R0: the random root of one segment's chain.
package enum ChainRoot: SecretPurpose {
  package static var byteCount: Int { 32 }
}

/// K_wit: the handshake's export for the log, wrapped beside R0.
package enum WitnessKey: SecretPurpose {
  package static var byteCount: Int { 32 }
}

/// The secret half of the log key, X25519.
package enum LogSecretKey: SecretPurpose {
  package static var byteCount: Int { 32 }
}

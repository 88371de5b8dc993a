import Cryptography

// One purpose a key: a key cannot go where another is expected (PROTOCOL 1.6, "one label, one use").

/// The private X25519 key of an identity, `ik_dh`.
package enum IdentityAgreementKey: SecretPurpose { package static let byteCount = 32 }

/// The Ed25519 seed of an identity, `ik_sig`: it signs profiles, nothing of a handshake.
package enum IdentitySigningSeed: SecretPurpose { package static let byteCount = 32 }

/// The secret that two contacts share since their first contact, `pair_psk`.
package enum PairPreSharedKey: SecretPurpose { package static let byteCount = 32 }

/// What is left of a password when Argon2id is through with it, `PRS`.
package enum PasswordRelatedString: SecretPurpose { package static let byteCount = 32 }

/// `K_wit`, the key of deniable witness codes in the log; never a key of the log's chain.
package enum WitnessKey: SecretPurpose { package static let byteCount = 32 }

/// The key from which sub-protocols (groups, relays) expand theirs.
package enum ExporterKey: SecretPurpose { package static let byteCount = 32 }

/// `RK`, from which a rekey starts.
package enum RootKey: SecretPurpose { package static let byteCount = 32 }

/// The chain key of the records that this side sends.
package enum SendingChainKey: SecretPurpose { package static let byteCount = 32 }

/// The chain key of the records that this side receives.
package enum ReceivingChainKey: SecretPurpose { package static let byteCount = 32 }

/// `ck` of the handshake.
enum ChainingKey: SecretPurpose { static let byteCount = 32 }

/// `k` of the handshake.
enum HandshakeKey: SecretPurpose { static let byteCount = 32 }

/// Both halves of an HKDF output while they are on their way into `ck` and `k`.
enum MixedKeys: SecretPurpose { static let byteCount = 64 }

/// The key of one challenge response ("cr R1", "cr I", "cr R2").
enum ResponseKey: SecretPurpose { static let byteCount = 32 }

/// A private X25519 key of one handshake, `e`.
package enum EphemeralKey: SecretPurpose { package static let byteCount = 32 }

/// One X25519 result on its way into `ck`.
enum AgreedPoint: SecretPurpose { static let byteCount = 32 }

/// The three X25519 results and the KEM's secret of one rekey, joined.
enum RekeyInput: SecretPurpose { static let byteCount = 128 }

/// RK', the new chain I and the new chain R while they are on their way to their places.
enum RekeyOutput: SecretPurpose { static let byteCount = 96 }

/// The key under which both sides confirm a rekey ("ku confirm").
enum RekeyConfirmationKey: SecretPurpose { static let byteCount = 32 }

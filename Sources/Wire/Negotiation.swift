/// What two sides agree their first secret with (PROTOCOL 1.5).
package enum KeyAgreementGroup: UInt8, Hashable, Sendable, CaseIterable {
  case x25519MLKEM768 = 1
  case x25519 = 2
  case x25519FFDHE3072 = 3

  package var name: String {
    switch self {
    case .x25519MLKEM768: "x25519-mlkem768"
    case .x25519: "x25519"
    case .x25519FFDHE3072: "x25519-ffdhe3072"
    }
  }

  package init?(name: String) {
    guard let group = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = group
  }

  /// Rank for the choice and for the floor: higher is stronger.
  package var strength: Int {
    switch self {
    case .x25519MLKEM768: 3
    case .x25519FFDHE3072: 2
    case .x25519: 1
    }
  }

  /// What a floor is that holds nobody off.
  package static let weakest = KeyAgreementGroup.x25519
}

/// What records are sealed with (PROTOCOL 1.5).
package enum CipherSuite: UInt8, Hashable, Sendable, CaseIterable {
  case aes256CBCHMACCRC32 = 1
  case aes256GCM = 2
  case xchacha20Poly1305 = 3

  package var name: String {
    switch self {
    case .aes256CBCHMACCRC32: "aes256-cbc-hmac-crc32"
    case .aes256GCM: "aes256-gcm"
    case .xchacha20Poly1305: "xchacha20-poly1305"
    }
  }

  package init?(name: String) {
    guard let cipher = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = cipher
  }
}

import Cryptography
import Glibc
import Testing

/// Looks for secrets in the memory of this very process, after they should be gone.
///
/// A secret is drawn in guarded memory and remembered only masked, so that the search cannot find the question.
@Suite(.serialized) struct MemoryTests {
  @Test func theSearchFindsASecretThatIsStillThere() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let secret = try Secret<Key32>.random(in: region, from: SystemEntropy.shared)
    #expect(try Memory.contains(Masked(secret)))
    let stillThere = secret.withBytes { $0.count }
    #expect(stillThere == 32)
  }

  @Test func aSecretThatWentIsNowhere() throws {
    let masked = try withRandomSecret { _ in }
    #expect(try !Memory.contains(masked))
  }

  @Test func keysOfMessageAuthenticationAreNowhere() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    var context = try HMACSHA256(in: region)
    let masked = try withRandomSecret { secret in
      context.setKey(secret)
      context.update([1, 2, 3].span)
      _ = context.finish()
      _ = HMACSHA256.authenticate([1].span, key: secret)
    }
    #expect(try !Memory.contains(masked))
    context.wipe()
  }

  @Test func keysOfTheRecordCipherAreNowhereWhileItsContextsLive() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let sealer = try CBCHMACSealer(.aes256SHA256, in: region)
    let opener = try CBCHMACOpener(.aes256SHA256, in: region)
    // Encryption key, authentication key and IV all come from the secret: a hit says that one of them stayed.
    enum KeyMaterial: SecretPurpose { static var byteCount: Int { 80 } }
    let masked = try withRandomSecret { secret in
      var keyMaterial = try Secret<KeyMaterial>(in: region)
      secret.withBytes { bytes in
        keyMaterial.withMutableBytes { keyMaterial in
          keyMaterial.copy(bytes, at: 0)
          keyMaterial.copy(bytes, at: 32)
          keyMaterial.copy(bytes.extracting(first: 16), at: 64)
        }
      }
      try keyMaterial.withBytes { (keys) throws(CryptographyError) in
        let sealed = try sealer.seal(counting(100).span, keyMaterial: keys, authenticating: [1].span)
        _ = try filled(sealed.count) { (output) throws(CryptographyError) in
          _ = try opener.open(sealed.span, keyMaterial: keys, authenticating: [1].span, into: &output)
        }
      }
    }
    #expect(try !Memory.contains(masked))
  }

  @Test func derivedKeysAreNowhere() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    var masked: Masked?
    do {
      let source = try Secret<Key32>.random(in: region, from: SystemEntropy.shared)
      var derived = try Secret<Key64>(in: region)
      HKDF.expand(source, info: [1].span, into: &derived)
      masked = Masked(derived)
    }
    #expect(try !Memory.contains(#require(masked)))
  }

  @Test func privateKeysOfAgreementAndSignatureAreNowhere() throws {
    let masked = try withRandomSecret { secret in
      let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
      let publicKey = try X25519.publicKey(of: secret)
      var shared = try Secret<OtherKey32>(in: region)
      try X25519.sharedSecret(private: secret, public: publicKey.span, into: &shared)
      _ = try Ed25519.sign([1].span, seed: secret)
    }
    #expect(try !Memory.contains(masked))
  }

  @Test func aPasswordIsNowhereAfterItsKeyIsMade() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let masked = try withRandomSecret { secret in
      var key = try Secret<OtherKey32>(in: region)
      try secret.withBytes { (password) throws(CryptographyError) in
        try Argon2id.derive(
          password: password, salt: counting(16).span, cost: .init(passes: 1, memoryByteCount: 8_192),
          into: &key)
      }
    }
    #expect(try !Memory.contains(masked))
  }

  /// Lends a new secret, lets it go, and says what to look for.
  private func withRandomSecret(_ body: (borrowing Secret<Key32>) throws -> Void) throws -> Masked {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let secret = try Secret<Key32>.random(in: region, from: SystemEntropy.shared)
    try body(secret)
    return Masked(secret)
  }
}

/// The first bytes of a secret, each changed, so that they are not found where they are remembered.
private struct Masked {
  static let byteCount = 16
  static let mask: UInt8 = 0xa5
  let bytes: [UInt8]

  init<Purpose: SecretPurpose>(_ secret: borrowing Secret<Purpose>) {
    bytes = secret.withBytes { secret in (0..<Masked.byteCount).map { secret[$0] ^ Masked.mask } }
  }
}

/// The writable memory of this process, read through /proc.
private enum Memory {
  static func contains(_ masked: Masked) throws -> Bool {
    let maps = try mappings()
    let memory = unsafe Glibc.open("/proc/self/mem", O_RDONLY)
    try #require(memory >= 0)
    defer { close(memory) }
    var bytesSeen = 0
    for line in maps.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard fields.count >= 2, fields[1].hasPrefix("rw") else { continue }
      let ends = fields[0].split(separator: "-").compactMap { Int($0, radix: 16) }
      guard ends.count == 2 else { continue }
      if contains(masked.bytes, from: ends[0], to: ends[1], in: memory, bytesSeen: &bytesSeen) { return true }
    }
    try #require(bytesSeen > 1 << 20)
    return false
  }

  /// The kernel gives this file in pieces, and says no size.
  private static func mappings() throws -> String {
    let file = unsafe Glibc.open("/proc/self/maps", O_RDONLY)
    try #require(file >= 0)
    defer { close(file) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      text += buffer.prefix(count)
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func contains(
    _ masked: [UInt8], from start: Int, to end: Int, in memory: Int32, bytesSeen: inout Int
  ) -> Bool {
    let piece = 1 << 20
    var buffer = [UInt8](repeating: 0, count: piece + Masked.byteCount - 1)
    var offset = start
    while offset < end {
      let wanted = min(buffer.count, end - offset)
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe pread(memory, $0.baseAddress, wanted, offset)
      }
      // A mapping can go while we look, since other tests run beside this one.
      guard count > 0 else { break }
      bytesSeen += count
      if contains(masked, buffer.prefix(count)) { return true }
      offset += piece
    }
    return false
  }

  private static func contains(_ masked: [UInt8], _ bytes: ArraySlice<UInt8>) -> Bool {
    unsafe bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress, let first = masked.first else { return false }
      var index = 0
      while bytes.count - index >= masked.count {
        guard let found = unsafe memchr(start + index, Int32(first ^ Masked.mask), bytes.count - index)
        else { return false }
        index = unsafe UnsafeRawPointer(found) - start
        guard bytes.count - index >= masked.count else { return false }
        if masked.indices.allSatisfy({ unsafe bytes[index + $0] ^ Masked.mask == masked[$0] }) {
          return true
        }
        index += 1
      }
      return false
    }
  }
}

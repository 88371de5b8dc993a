import ChatProtocol
import Cryptography
import Wire

/// What a handshake costs on both sides together, beside the sum of its public-key operations.
enum HandshakeBenchmark {
  /// Processor seconds of one handshake, both sides, and of its primitives alone.
  static func run(_ mode: MachinePair.Mode, _ group: KeyAgreementGroup, runs: Int) throws -> (Double, Double)
  {
    let pair = try MachinePair(mode, group)
    let primitives = try Primitives()
    let count = 50
    let handshakes = try (0..<count).map { _ in try pair.prepare() }
    try handshakes[0]()
    return try interleaved(runs: runs) {
      try Stopwatch.processor { for handshake in handshakes { try handshake() } } / Double(count)
    } _: {
      try Stopwatch.processor {
        for _ in 0..<count { try primitives.run(mode, group) }
      } / Double(count)
    }
  }
}

/// The public-key operations of a handshake, without its messages.
private struct Primitives: ~Copyable {
  private let identity: IdentityKeys
  private let ephemeral: Secret<EphemeralKey>
  private let uniform: [UInt8]
  private let point: [UInt8]
  private let scalar: [UInt8]
  private let region: GuardedRegion

  init() throws {
    let region = try GuardedRegion(byteCount: 1024)
    let identity = try IdentityKeys.generate(name: PeerName("alice"), entropy: SystemEntropy.shared)
    let uniform = SystemEntropy.shared.publicBytes(count: Ristretto255.uniformByteCount)
    let point = try Self.point(uniform)
    var scalar = SystemEntropy.shared.publicBytes(count: Ristretto255.scalarByteCount)
    scalar[31] = 0x0f
    ephemeral = try Secret<EphemeralKey>.random(in: region, from: SystemEntropy.shared)
    self.region = region
    self.identity = identity
    self.uniform = uniform
    self.point = point
    self.scalar = scalar
  }

  private static func point(_ uniform: [UInt8]) throws -> [UInt8] {
    var point = [UInt8](repeating: 0, count: Ristretto255.pointByteCount)
    var output = point.mutableSpan
    try Ristretto255.map(uniform.span, into: &output)
    return point
  }

  borrowing func run(_ mode: MachinePair.Mode, _ group: KeyAgreementGroup) throws {
    var bytes = [UInt8](repeating: 0, count: 32)
    let peer = identity.profile.ikDH
    // Each side makes one ephemeral pair and computes ee, es and se.
    for _ in 0..<2 { _ = try X25519.publicKey(of: ephemeral) }
    for _ in 0..<6 {
      var output = bytes.mutableSpan
      try X25519.sharedSecret(private: ephemeral, public: peer.span, into: &output)
    }
    if group == .x25519MLKEM768 {
      let region = try GuardedRegion(byteCount: 128)
      let fresh = try MLKEM768KeyPair(in: region, from: SystemEntropy.shared)
      var output = bytes.mutableSpan
      let ciphertext = try MLKEM768Encapsulation().encapsulate(to: fresh.publicKey.span, into: &output)
      try fresh.decapsulate(ciphertext.span, into: &output)
    }
    guard mode == .pair else { return }
    for _ in 0..<2 {
      var output = bytes.mutableSpan
      try Ristretto255.map(uniform.span, into: &output)
      _ = try ProvenProfile(verifying: identity.profile)
    }
    for _ in 0..<4 {
      var output = bytes.mutableSpan
      try Ristretto255.multiply(scalar.span, point.span, into: &output)
    }
  }
}

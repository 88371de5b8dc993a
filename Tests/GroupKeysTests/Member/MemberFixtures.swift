import Cryptography
import GroupKeys
import Synchronization
import TestSupport
import Wire

enum TestSigningSeed: SecretPurpose { static let byteCount = 32 }
enum TestAgreementKey: SecretPurpose { static let byteCount = 32 }

/// A user with both keys of a profile, drawn from a seed.
final class TestUser: Sendable {
  let profile: Profile
  let identity: GroupIdentity
  private let agreement: Mutex<Secret<TestAgreementKey>>

  init(_ name: String, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let region = try GuardedRegion(byteCount: 512)
    let signing = Mutex(
      try Secret<TestSigningSeed>(copying: random.bytes(32).span, in: region))
    let agreement = try Secret<TestAgreementKey>(copying: random.bytes(32).span, in: region)
    @Sendable func sign(_ message: [UInt8]) throws -> [UInt8] {
      try signing.withLock { seed in try Ed25519.sign(message.span, seed: seed) }
    }
    let (ikDH, ikSig) = (
      try X25519.publicKey(of: agreement),
      try signing.withLock { seed in try Ed25519.publicKey(of: seed) }
    )
    let peerName = try PeerName(name)
    let unsigned = Profile.signedBytes(ikDH: ikDH, ikSig: ikSig, name: peerName)
    profile = try Profile(
      ikDH: ikDH, ikSig: ikSig, name: peerName,
      signature: sign(Array("secure_chat/1 profile".utf8) + unsigned))
    identity = GroupIdentity(profile: profile, sign: sign)
    self.agreement = Mutex(agreement)
  }

  var name: PeerName { profile.name }

  func open(_ sealed: [UInt8]) throws -> GroupInvitation {
    try agreement.withLock { key in try GroupInvitation.open(sealed, privateKey: key) }
  }
}

/// Random bytes that a seed says.
final class SeededEntropy: EntropySource {
  private let random: Mutex<SeededGenerator>

  init(seed: UInt64) { random = Mutex(SeededGenerator(seed: seed)) }

  func fill(_ bytes: inout MutableSpan<UInt8>) {
    let drawn = random.withLock { $0.bytes(bytes.count) }
    for index in bytes.indices { bytes[index] = drawn[index] }
  }
}

/// 2026-11-20, where simulated clocks begin.
let startTime: UInt64 = 1_795_132_800_000

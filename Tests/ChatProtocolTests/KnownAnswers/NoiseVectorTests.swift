import ChatProtocol
import Cryptography
import ProtocolTestSupport
import TestSupport
import Testing
import Wire

private enum NoiseKey: SecretPurpose { static let byteCount = 32 }

/// MixHash and MixKey are Noise's own, so Noise's public vectors prove them; only the sealing differs
/// (and the pair secret, which is mixed by MixKey alone), so the sealing here is Noise's.
@Suite("The handshake engine under the vectors of Noise")
struct NoiseVectorTests {
  private enum Token { case e, s, ee, es, se, ss }

  private struct Pattern {
    let knowsInitiator: Bool
    let knowsResponder: Bool
    let messages: [[Token]]
  }

  private static let patterns: [String: Pattern] = [
    "NN": Pattern(knowsInitiator: false, knowsResponder: false, messages: [[.e], [.e, .ee]]),
    "KK": Pattern(
      knowsInitiator: true, knowsResponder: true, messages: [[.e, .es, .ss], [.e, .ee, .se]]),
    "XK": Pattern(
      knowsInitiator: false, knowsResponder: true, messages: [[.e, .es], [.e, .ee], [.s, .se]]),
    "XX": Pattern(
      knowsInitiator: false, knowsResponder: false,
      messages: [[.e], [.e, .ee, .s, .es], [.s, .se]]),
  ]

  @Test(arguments: ["NN", "KK", "XK", "XX"])
  func theEngineMakesNoisesMessagesAndHash(name: String) throws {
    let file: VectorValue = try VectorFiles.decode(
      from: "noise-25519-chachapoly-sha256.json", in: VectorFiles.vectors)
    let protocolName = "Noise_\(name)_25519_ChaChaPoly_SHA256"
    let all = try file["vectors"].list
    let vector = try #require(try all.first { try $0["protocol_name"].string == protocolName })
    let pattern = try #require(Self.patterns[name])
    let run = try Run(vector, protocolName)
    try run.mixHash(vector["init_prologue"].bytes)
    if pattern.knowsInitiator { run.mixHash(try run.publicKey("init_static")) }
    if pattern.knowsResponder { run.mixHash(try run.publicKey("resp_static")) }
    for (index, tokens) in pattern.messages.enumerated() {
      let message = try vector["messages"].list[index]
      let sender = index % 2 == 0 ? "init" : "resp"
      var sent: [UInt8] = []
      for token in tokens {
        switch token {
        case .e:
          let key = try run.publicKey("\(sender)_ephemeral")
          run.mixHash(key)
          sent += key
        case .s: sent += try run.seal(run.publicKey("\(sender)_static"))
        case .ee: try run.mix("init_ephemeral", "resp_ephemeral")
        case .es: try run.mix("init_ephemeral", "resp_static")
        case .se: try run.mix("init_static", "resp_ephemeral")
        case .ss: try run.mix("init_static", "resp_static")
        }
      }
      sent += try run.seal(message["payload"].bytes)
      #expect(try sent == message["ciphertext"].bytes)
    }
    #expect(try run.hash == vector["handshake_hash"].bytes)
  }

  private final class Run {
    private let vector: VectorValue
    private var state: SymmetricState
    private var counter: UInt64?

    init(_ vector: VectorValue, _ protocolName: String) throws {
      self.vector = vector
      let name = Array(protocolName.utf8)
      let start =
        name.count <= 32
        ? name + [UInt8](repeating: 0, count: 32 - name.count) : SHA256Hash.hash(name.span)
      state = try SymmetricState(forTestsOnlyStartingAt: start, in: GuardedRegion(byteCount: 4064))
    }

    var hash: [UInt8] { state.hash }

    func mixHash(_ bytes: [UInt8]) { state.mixHash(bytes.span) }

    func publicKey(_ field: String) throws -> [UInt8] {
      try X25519.publicKey(of: makeSecret(vector[field].bytes, NoiseKey.self))
    }

    func mix(_ own: String, _ other: String) throws {
      let secret = try makeSecret(vector[own].bytes, NoiseKey.self)
      let share = try publicKey(other)
      var point = try Secret<NoiseKey>(in: GuardedRegion(byteCount: 32))
      try X25519.sharedSecret(private: secret, public: share.span, into: &point)
      // The name is for a trace, and none is kept here.
      try state.mixKey(point, as: .ee)
      counter = 0
    }

    /// Noise's EncryptAndHash.
    func seal(_ plaintext: [UInt8]) throws -> [UInt8] {
      guard let counter else {
        mixHash(plaintext)
        return plaintext
      }
      let bytes = state.withKeysForTestsOnly { _, key in [UInt8](copying: key) }
      let key = try makeSecret(bytes, NoiseKey.self)
      var nonce = [UInt8](repeating: 0, count: 4)
      for shift in stride(from: UInt64(0), to: 64, by: 8) {
        nonce.append(UInt8(truncatingIfNeeded: counter >> shift))
      }
      var sealed = [UInt8](repeating: 0, count: plaintext.count + 16)
      let associated = state.hash
      var output = sealed.mutableSpan
      try ChaCha20Poly1305.seal(
        plaintext.span, key: key, nonce: nonce.span, authenticating: associated.span, into: &output)
      self.counter = counter + 1
      mixHash(sealed)
      return sealed
    }
  }
}

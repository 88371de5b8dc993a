import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Wire

private enum Point: SecretPurpose { static let byteCount = 32 }

/// Rekeys made by hand from PROTOCOL 1.8, by an honest side or by a thief: it shares primitives with the
/// product and no step.
final class HandmadeRekey {
  /// What a rekey gives, laid open.
  struct Keys {
    let root: [UInt8]
    let chains: [Role: [UInt8]]
    let confirmations: [Role: [UInt8]]
  }

  let role: Role
  let sessionID: [UInt8]
  let peerKey: [UInt8]
  /// Nil for a thief who has the session's keys and not its owner's.
  let identity: IdentityKeys?
  var root: [UInt8]
  private var ephemeral: [UInt8] = []
  private var begin: RekeyMessage?
  private var keyPair: KeyPair?

  private final class KeyPair {
    let value: MLKEM768KeyPair

    init() throws {
      value = try MLKEM768KeyPair(
        in: GuardedRegion(byteCount: MLKEM768.seedByteCount), from: SystemEntropy.shared)
    }
  }

  init(_ role: Role, root: [UInt8], sessionID: [UInt8], peerKey: [UInt8], identity: IdentityKeys?) {
    self.role = role
    self.root = root
    self.sessionID = sessionID
    self.peerKey = peerKey
    self.identity = identity
  }

  /// I: KU1.
  func offer(epoch: UInt32) throws -> RekeyMessage {
    ephemeral = SystemEntropy.shared.publicBytes(count: 32)
    let pair = try KeyPair()
    keyPair = pair
    let message = RekeyMessage.begin(
      epoch: epoch, ephemeral: try publicKey(ephemeral), encapsulationKey: pair.value.publicKey)
    begin = message
    return message
  }

  /// I: the keys that KU2 gives, whatever it confirms.
  func accept(_ message: RekeyMessage) throws -> Keys {
    guard case .answer(_, let share, let ciphertext, _) = message, let keyPair else {
      throw ProtocolFailure(.proto)
    }
    var secret = try Secret<Point>(in: GuardedRegion(byteCount: 32))
    try keyPair.value.decapsulate(ciphertext.span, into: &secret)
    let input =
      agree(ephemeral, share) + agree(ephemeral, peerKey) + agreeByIdentity(share)
      + secret.revealed()
    return derive(input, answer: message)
  }

  /// R: KU2 and its keys.
  func answer(_ message: RekeyMessage) throws -> (RekeyMessage, Keys) {
    guard case .begin(let epoch, let share, let encapsulationKey) = message else {
      throw ProtocolFailure(.proto)
    }
    begin = message
    ephemeral = SystemEntropy.shared.publicBytes(count: 32)
    var secret = try Secret<Point>(in: GuardedRegion(byteCount: 32))
    let ciphertext = try secret.withMutableBytes { (bytes) throws(CryptographyError) in
      try MLKEM768Encapsulation().encapsulate(to: encapsulationKey.span, into: &bytes)
    }
    let input =
      agree(ephemeral, share) + agreeByIdentity(share) + agree(ephemeral, peerKey)
      + secret.revealed()
    let own = try publicKey(ephemeral)
    func saying(_ confirmation: [UInt8]) -> RekeyMessage {
      .answer(epoch: epoch, ephemeral: own, ciphertext: ciphertext, confirmation: confirmation)
    }
    let blank = [UInt8](repeating: 0, count: 32)
    let keys = derive(input, answer: saying(blank))
    return (saying(keys.confirmations[.responder] ?? blank), keys)
  }

  private func derive(_ input: [UInt8], answer: RekeyMessage) -> Keys {
    Self.derive(root: root, session: sessionID, begin: begin, answer: answer, input: input)
  }

  /// Everything that follows from the four secrets, for whoever has them, or thinks so.
  static func derive(
    root: [UInt8], session: [UInt8], begin: RekeyMessage?, answer: RekeyMessage, input: [UInt8]
  ) -> Keys {
    let first = begin.flatMap { RecordBody.rekey($0).bytes } ?? []
    let transcript = first + (RecordBody.rekey(answer).bytes ?? []).dropLast(32)
    let digest = SHA256Hash.hash(transcript.span)
    let info = Label.bytes("ku") + digest + session
    var output = [UInt8](repeating: 0, count: 96)
    var span = output.mutableSpan
    HKDF.derive(salt: root.span, inputKey: input.span, info: info.span, into: &span)
    var key = [UInt8](repeating: 0, count: 32)
    var keySpan = key.mutableSpan
    let newRoot = Array(output[0..<32])
    HKDF.expand(newRoot.span, info: Label.bytes("ku confirm").span, into: &keySpan)
    func confirmation(_ role: Role) -> [UInt8] {
      var tag = [UInt8](repeating: 0, count: 32)
      var tagSpan = tag.mutableSpan
      let message = [role.rawValue] + digest
      HMACSHA256.authenticate(message.span, key: key.span, into: &tagSpan)
      return tag
    }
    return Keys(
      root: newRoot,
      chains: [.initiator: Array(output[32..<64]), .responder: Array(output[64..<96])],
      confirmations: [.initiator: confirmation(.initiator), .responder: confirmation(.responder)])
  }

  /// X25519; zeros where there is nothing to agree on.
  private func agree(_ key: [UInt8], _ share: [UInt8]) -> [UInt8] {
    guard let secret = try? makeSecret(key, Point.self),
      var point = try? Secret<Point>(in: GuardedRegion(byteCount: 32))
    else { return [] }
    try? X25519.sharedSecret(private: secret, public: share.span, into: &point)
    return point.revealed()
  }

  private func agreeByIdentity(_ share: [UInt8]) -> [UInt8] {
    guard let identity else { return [UInt8](repeating: 0, count: 32) }
    return agree(identity.agreementKey.revealed(), share)
  }

  private func publicKey(_ key: [UInt8]) throws -> [UInt8] {
    let secret: Secret<Point> = try makeSecret(key)
    return try X25519.publicKey(of: secret)
  }
}

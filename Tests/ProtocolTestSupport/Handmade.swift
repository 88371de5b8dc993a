package import ChatProtocol
import Cryptography
package import Wire

private enum Point: SecretPurpose { static let byteCount = 32 }
private enum SessionKey: SecretPurpose { static let byteCount = 64 }

/// A handshake made by hand, message by message, by someone who keeps to the protocol only as far as
/// he likes: `alter` may change every part before it is sealed or sent.
///
/// It shares the symmetric state with the product and none of its order of steps.
package final class Handmade {
  package enum Part: Hashable {
    case challenge, share, groupShare, proof
    case claim, passwordShare, profile
    case firstResponse, initiatorResponse, secondResponse
  }

  package let identity: IdentityKeys
  package let role: Role
  package let mode: HandshakeMode
  package var alter: (Part, [UInt8]) -> [UInt8] = { _, bytes in bytes }
  /// What this side says its keys are, where it lies.
  package var claimedProfile: [UInt8]

  private var state: SymmetricState
  private let region: GuardedRegion
  private let ephemeral: Secret<EphemeralKey>
  private let keyPair: MLKEM768KeyPair
  private let own: [UInt8]
  private let ownChallenge: [UInt8]
  package var peerShare: [UInt8] = []
  package var peerChallenge: [UInt8] = []
  private var passwordSession: [UInt8] = []
  private var exchange: CPaceExchange?
  private var passwordShare: [UInt8] = []
  /// The name that R's side of the password exchange is for.
  package var answersAs: PeerName
  package private(set) var peerProfile: [UInt8] = []

  package init(_ identity: IdentityKeys, _ role: Role, _ mode: HandshakeMode) throws {
    self.identity = identity
    self.role = role
    self.mode = mode
    let region = try GuardedRegion(byteCount: 4064)
    let entropy = SystemEntropy.shared
    let ephemeral = try Secret<EphemeralKey>.random(in: region, from: entropy)
    own = try X25519.publicKey(of: ephemeral)
    ownChallenge = entropy.publicBytes(count: 32)
    keyPair = try MLKEM768KeyPair(in: region, from: entropy)
    state = try SymmetricState(mode: mode, in: region)
    self.region = region
    self.ephemeral = ephemeral
    claimedProfile = identity.profile.bytes
    answersAs = identity.profile.name
  }

  // MARK: As I

  package func initiation(
    to responder: Profile?, groups: [UInt8] = [1, 0, 0, 0], ciphers: [UInt8] = [1, 0, 0, 0]
  ) throws -> [UInt8] {
    if let responder { state.mixHash(responder.signedBytes.span) }
    var body = Array("SECCHAT".utf8) + [1, mode.rawValue] + groups + ciphers
    body += alter(.challenge, ownChallenge) + alter(.share, own)
    body += alter(.groupShare, keyPair.publicKey)
    state.mixHash(body.span)
    if let responder {
      try mix(ephemeral, responder.ikDH, as: .es)
      body += try seal(.proof, [])
    }
    return frame(1, body)
  }

  package func takeResponse(_ frame: [UInt8]) throws {
    let body = Array(frame.dropFirst(3))
    peerChallenge = Array(body[2..<34])
    peerShare = Array(body[34..<66])
    let clear = Array(body.prefix(66 + 1088))
    state.mixHash(clear.span)
    try mix(ephemeral, peerShare, as: .ee)
    var secret = try Secret<Point>(in: region)
    let ciphertext = Array(clear.dropFirst(66))
    try keyPair.decapsulate(ciphertext.span, into: &secret)
    try state.mixKey(secret, as: .encapsulated)
    passwordSession = state.hash
    if mode.knowsResponder { _ = try open(Array(body.dropFirst(1154)), 32) }
  }

  package func pairingRequest(_ password: [UInt8], responder: PeerName) throws -> [UInt8] {
    try makeExchange(password, identity.profile.name.utf8, responder.utf8)
    let field = alter(.claim, identity.profile.name.field)
    return frame(3, try seal(.passwordShare, alter(.passwordShare, passwordShare), before: field))
  }

  package func takePairingReply(_ frame: [UInt8]) throws {
    let body = Array(frame.dropFirst(3))
    passwordShareOfPeer = try open(Array(body[0..<80]), 32)
    try mixPassword(as: .initiator, peer: passwordShareOfPeer)
    peerProfile = try open(Array(body[80..<320]), 193)
    try mix(ephemeral, Array(peerProfile[1..<33]), as: .es)
    _ = try open(Array(body[320...]), 32)
  }

  package func authentication(pairSecret: [UInt8]?) throws -> [UInt8] {
    var body = try seal(.profile, claimedProfile)
    try mix(identity.agreementKey, peerShare, as: .se)
    if let pairSecret {
      let secret: Secret<Point> = try makeSecret(pairSecret)
      try state.mixKey(secret, as: .pair)
    }
    body += try seal(.initiatorResponse, state.response(.ofInitiator, to: peerChallenge))
    return frame(5, body)
  }

  // MARK: As R

  package func takeInitiation(_ frame: [UInt8]) throws {
    let body = Array(frame.dropFirst(3))
    if mode.knowsResponder { state.mixHash(identity.profile.signedBytes.span) }
    peerChallenge = Array(body[17..<49])
    peerShare = Array(body[49..<81])
    groupShare = Array(body[81..<1265])
    let clear = Array(body.prefix(1265))
    state.mixHash(clear.span)
    guard mode.knowsResponder else { return }
    try mix(identity.agreementKey, peerShare, as: .es)
    _ = try open(Array(body.dropFirst(1265)), 0)
  }

  private var groupShare: [UInt8] = []

  package func response(group: UInt8 = 1, cipher: UInt8 = 1) throws -> [UInt8] {
    var secret = try Secret<Point>(in: region)
    let offer = groupShare
    let ciphertext = try secret.withMutableBytes { (bytes) throws(CryptographyError) -> [UInt8] in
      try MLKEM768Encapsulation().encapsulate(to: offer.span, into: &bytes)
    }
    var body = [group, cipher] + alter(.challenge, ownChallenge) + alter(.share, own)
    body += alter(.groupShare, ciphertext)
    state.mixHash(body.span)
    try mix(ephemeral, peerShare, as: .ee)
    try state.mixKey(secret, as: .encapsulated)
    passwordSession = state.hash
    if mode.knowsResponder {
      body += try seal(.firstResponse, state.response(.firstOfResponder, to: peerChallenge))
    }
    return frame(2, body)
  }

  package func takePairingRequest(_ frame: [UInt8], _ password: [UInt8]) throws {
    let opened = try open(Array(frame.dropFirst(3)), 96)
    let name = try PeerName(field: opened.span.extracting(0..<64))
    try makeExchange(password, name.utf8, answersAs.utf8)
    passwordShareOfPeer = Array(opened[64...])
  }

  /// The other side's half of CPace, as soon as its message was opened.
  package private(set) var passwordShareOfPeer: [UInt8] = []

  package func pairingReply() throws -> [UInt8] {
    var body = try seal(.passwordShare, alter(.passwordShare, passwordShare))
    try mixPassword(as: .responder, peer: passwordShareOfPeer)
    body += try seal(.profile, claimedProfile)
    try mix(identity.agreementKey, peerShare, as: .es)
    body += try seal(.firstResponse, state.response(.firstOfResponder, to: peerChallenge))
    return frame(4, body)
  }

  package func takeAuthentication(_ frame: [UInt8], pairSecret: [UInt8]?) throws {
    let body = Array(frame.dropFirst(3))
    peerProfile = try open(Array(body[0..<240]), 193)
    try mix(ephemeral, Array(peerProfile[1..<33]), as: .se)
    if let pairSecret {
      let secret: Secret<Point> = try makeSecret(pairSecret)
      try state.mixKey(secret, as: .pair)
    }
    _ = try open(Array(body[240...]), 32)
  }

  package func confirmation() throws -> [UInt8] {
    frame(6, try seal(.secondResponse, state.response(.secondOfResponder, to: peerChallenge)))
  }

  package func takeConfirmation(_ frame: [UInt8]) throws {
    _ = try open(Array(frame.dropFirst(3)), 32)
  }

  // MARK: The session

  package func writer(_ suite: CipherSuite = .aes256CBCHMACCRC32) throws -> RecordWriter {
    let key = sendingKey
    return try RecordWriter(
      chainKey: Secret(copying: key.span, in: region), suite: suite, sender: role, in: region)
  }

  /// The chain key of what this side sends, for records that no writer makes.
  package var sendingKey: [UInt8] {
    role == .initiator ? state.exportPublic("chain I") : state.exportPublic("chain R")
  }

  /// A value of the key schedule by its label: a hand-made side has no secrets from its test.
  package func exported(_ label: StaticString) -> [UInt8] { state.exportPublic(label) }

  /// The chain key of what the other side sends.
  package var receivingKey: [UInt8] {
    role == .initiator ? state.exportPublic("chain R") : state.exportPublic("chain I")
  }

  /// Reads what the other side sends.
  package func reader(_ suite: CipherSuite = .aes256CBCHMACCRC32) throws -> RecordReader {
    let key = receivingKey
    return try RecordReader(
      chainKey: Secret(copying: key.span, in: region), suite: suite, sender: role.other, in: region)
  }

  // MARK: Parts

  private func makeExchange(
    _ password: [UInt8], _ initiator: [UInt8], _ responder: [UInt8]
  ) throws {
    let secret: Secret<PasswordRelatedString> = try makeSecret(password)
    let channel = CPace.lengthValueJoined([Label.bytes("pair"), initiator, responder])
    let exchange = try CPaceExchange(
      password: secret, channel: channel, session: passwordSession, in: region,
      from: SystemEntropy.shared)
    passwordShare = exchange.share
    self.exchange = consume exchange
  }

  private func mixPassword(as role: CPace.Role, peer share: [UInt8]) throws {
    let key: Secret<SessionKey> = try exchange.take()!.sessionKey(as: role, peerShare: share)
    try state.mixKey(key, as: .password)
  }

  /// A peer that does not check: a result of zero goes on as zeros.
  private func mix<Purpose: SecretPurpose>(
    _ key: borrowing Secret<Purpose>, _ share: [UInt8], as name: MixedSecret
  ) throws {
    var point = try Secret<Point>(in: region)
    try? X25519.sharedSecret(private: key, public: share.span, into: &point)
    try state.mixKey(point, as: name)
  }

  private func seal(_ part: Part, _ plaintext: [UInt8], before: [UInt8] = []) throws -> [UInt8] {
    let text = before + (part == .passwordShare ? plaintext : alter(part, plaintext))
    var sealed: [UInt8] = []
    try state.seal(text.span, as: role, appendingTo: &sealed)
    return sealed
  }

  private func open(_ sealed: [UInt8], _ count: Int) throws -> [UInt8] {
    try state.open(sealed.span, from: role.other, plaintextByteCount: count)
  }

  private func frame(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    [UInt8((body.count + 1) >> 8), UInt8((body.count + 1) & 0xff), type] + body
  }
}

import Cryptography
import Wire

/// The keys that a finished handshake leaves behind, in its region; PROTOCOL 1.6.
struct EstablishedSession: ~Copyable {
  let region: GuardedRegion
  let role: Role
  let mode: HandshakeMode
  let peer: ProvenProfile
  let group: KeyAgreementGroup
  let cipher: CipherSuite
  let transcriptHash: [UInt8]
  let sessionID: [UInt8]
  let shortAuthenticationString: [UInt8]
  let exports: SessionExports
  /// Mode P: what the pin stores as `pair_psk`.
  let pairSecret: PairSecret?
  /// Where a rekey starts.
  var root: Secret<RootKey>
  var sendingKey: Secret<SendingChainKey>
  var receivingKey: Secret<ReceivingChainKey>

  init(
    _ core: consuming HandshakeCore, peer: ProvenProfile
  ) throws(CryptographyError) {
    let region = core.region
    let exports = SessionExports(
      witnessKey: try core.symmetric.export("log", in: region),
      exporter: try core.symmetric.export("exporter", in: region))
    let pairSecret: PairSecret?
    switch core.mode {
    case .known, .relay: pairSecret = nil
    case .pair:
      // It outlives the connection in the contact's pin, so it has a region of its own.
      let pinned = try GuardedRegion(byteCount: PairPreSharedKey.byteCount)
      pairSecret = PairSecret(try core.symmetric.export("pair psk", in: pinned))
    }
    let root: Secret<RootKey> = try core.symmetric.export("root", in: region)
    let sendingKey: Secret<SendingChainKey> = try core.symmetric.export(
      core.role.chainLabel, in: region)
    let receivingKey: Secret<ReceivingChainKey> = try core.symmetric.export(
      core.role.other.chainLabel, in: region)
    self.region = region
    role = core.role
    mode = core.mode
    self.peer = peer
    group = core.group
    cipher = core.cipher
    transcriptHash = core.symmetric.hash
    sessionID = core.symmetric.exportPublic("session id")
    shortAuthenticationString = core.symmetric.exportPublic("sas")
    self.exports = exports
    self.pairSecret = pairSecret
    self.root = root
    self.sendingKey = sendingKey
    self.receivingKey = receivingKey
  }

}

extension Role {
  /// The label of the chain of the records that this side sends.
  var chainLabel: StaticString {
    switch self {
    case .initiator: "chain I"
    case .responder: "chain R"
    }
  }
}

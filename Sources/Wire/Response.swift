/// The clear bytes of RESP, the accepting side's answer to INIT (PROTOCOL 1.4).
package struct Response: Hashable, Sendable {
  package let group: KeyAgreementGroup
  package let cipher: CipherSuite
  /// c_R, 32 bytes.
  package let challenge: [UInt8]
  /// e_R, 32 bytes.
  package let ephemeral: [UInt8]
  /// The ML-KEM ciphertext (1088 bytes), the finite-field share (384), or nothing, as the group wants.
  package let share: [UInt8]

  package init(
    group: KeyAgreementGroup, cipher: CipherSuite, challenge: [UInt8], ephemeral: [UInt8], share: [UInt8]
  ) throws(HandshakeMessageError) {
    guard challenge.count == HandshakeSize.challenge, ephemeral.count == HandshakeSize.ephemeral,
      2 + challenge.count + ephemeral.count + share.count == HandshakeSize.response(group, mode: .pair)
    else { throw .wrongLength }
    self.group = group
    self.cipher = cipher
    self.challenge = challenge
    self.ephemeral = ephemeral
    self.share = share
  }

  /// Reads RESP's whole body; in mode K the sealed response of 80 bytes stays behind `clearByteCount`.
  package init(parsing body: Span<UInt8>, answering offer: Initiation) throws(HandshakeMessageError) {
    guard body.count >= 2 else { throw .wrongLength }
    guard let group = KeyAgreementGroup(rawValue: body[0]), offer.groups.contains(group),
      let cipher = CipherSuite(rawValue: body[1]), offer.ciphers.contains(cipher)
    else { throw .notOffered }
    guard body.count == HandshakeSize.response(group, mode: offer.mode) else { throw .wrongLength }
    self.group = group
    self.cipher = cipher
    challenge = [UInt8](copying: body.extracting(2..<34))
    ephemeral = [UInt8](copying: body.extracting(34..<66))
    share = [UInt8](copying: body.extracting(66..<HandshakeSize.response(group, mode: .pair)))
  }

  /// How many bytes of the body are clear; in mode K Enc(resp R1) follows them.
  package var clearByteCount: Int {
    2 + HandshakeSize.challenge + HandshakeSize.ephemeral + share.count
  }

  /// The clear bytes, as they are sent and hashed.
  package var clearBytes: [UInt8] {
    var bytes = [group.rawValue, cipher.rawValue]
    bytes.reserveCapacity(clearByteCount)
    return bytes + challenge + ephemeral + share
  }
}

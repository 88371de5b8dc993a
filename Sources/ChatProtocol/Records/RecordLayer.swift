package import Cryptography
package import Wire

/// Seals the records of one direction straight into the outbound bytes.
package struct RecordWriter: ~Copyable {
  private var chain: RecordChain<SendingChainKey>
  private let sealer: any RecordSealer
  private let suite: CipherSuite
  /// Only in a rehearsal with its fixed test keys; nil in every real session.
  var trace: HandshakeTrace?

  /// Throws `.underlyingLibraryFailed` for a suite that this build does not have.
  package init(
    chainKey: consuming Secret<SendingChainKey>, suite: CipherSuite, sender: Role,
    epoch: UInt32 = 0, sequence: UInt64 = 0, in region: GuardedRegion
  ) throws(CryptographyError) {
    let cipher = try RecordCipher.of(suite)
    let sealer = try cipher.makeSealer(region)
    let chain = try RecordChain(
      chainKey: chainKey, cipher: cipher, sender: sender, epoch: epoch, sequence: sequence,
      in: region)
    self.chain = chain
    self.sealer = sealer
    self.suite = suite
  }

  /// Appends the frame of a record that is no text.
  package mutating func seal(_ body: RecordBody, appendingTo output: inout [UInt8]) throws(CryptographyError)
  {
    guard let size = body.size else { throw .wrongLength }
    try seal(size, appendingTo: &output) { body.write(into: &$0) }
  }

  /// Appends the frames of a text, one or several.
  package mutating func seal(
    _ message: TextMessage, appendingTo output: inout [UInt8]
  ) throws(CryptographyError) {
    for index in 0..<message.fragmentCount {
      try seal(message.size(ofFragment: index), appendingTo: &output) {
        message.write(fragment: index, into: &$0)
      }
    }
  }

  /// Appends the frame of a record of groups.
  package mutating func seal(
    _ record: GroupRecord, appendingTo output: inout [UInt8]
  ) throws(CryptographyError) {
    try seal(record.size, appendingTo: &output) { record.write(into: &$0) }
  }

  /// Appends the frames of a relay link's frame, one or several.
  package mutating func seal(
    _ frame: RelayLinkFrame, appendingTo output: inout [UInt8]
  ) throws(CryptographyError) {
    for index in 0..<frame.fragmentCount {
      try seal(frame.size(ofFragment: index), appendingTo: &output) {
        frame.write(fragment: index, into: &$0)
      }
    }
  }

  /// Appends the frame of an inner plaintext, which `write` puts where it is sealed, in place.
  package mutating func seal(
    _ size: RecordSize, appendingTo output: inout [UInt8],
    write: (inout MutableSpan<UInt8>) -> Void
  ) throws(CryptographyError) {
    let length = size.frameLength(suite)
    let bodyCount = size.frameBodyCount(suite)
    let innerCount = size.innerByteCount
    output.append(bigEndian: length)
    output.append(FrameType.record.rawValue)
    let start = output.count
    output.append(copying: blankRecord.span.extracting(first: bodyCount))
    var whole = output.mutableSpan
    var sealed = whole._mutatingExtracting(start..<start + bodyCount)
    do {
      var inner = sealed._mutatingExtracting(0..<innerCount)
      write(&inner)
      let checksum = CRC32.checksum(inner.span.extracting(first: innerCount - 4))
      inner.store(bigEndian: checksum, at: innerCount - 4)
    }
    let sealer = sealer
    let inner = trace == nil ? [] : [UInt8](copying: sealed.span.extracting(first: innerCount))
    let trace = trace
    try chain.step(frameLength: length) { (material, associated) throws(CryptographyError) in
      trace?.note(record: inner, keyMaterial: material)
      try sealer.seal(
        &sealed, plaintextByteCount: innerCount, keyMaterial: material, authenticating: associated)
    }
  }

  /// How many records were sealed, in all epochs.
  package var sequence: UInt64 { chain.sequence }

  /// A rekey takes effect: the next record is of the new chain.
  package mutating func switchEpoch(to chainKey: consuming Secret<SendingChainKey>) {
    chain.switchEpoch(to: chainKey)
  }
}

/// What a record is written over: a copy of zeros costs a tenth of what appending them one by one does.
private let blankRecord = [UInt8](
  repeating: 0, count: RecordSize.bytes16384.frameBodyCount(.aes256CBCHMACCRC32))

/// What a record said, once it was opened and its form was right.
package enum ReceivedRecord {
  /// A text is whole.
  case text(TextMessage)
  /// A text goes on in the next record of its kind.
  case fragment
  case other(RecordBody)
  /// For groups; nothing of the session depends on it.
  case ofGroups(GroupRecord)
}

/// Opens the records of one direction, strictly in order; the first odd one ends the session.
package struct RecordReader: ~Copyable {
  private var chain: RecordChain<ReceivingChainKey>
  private let opener: any RecordOpener
  private let suite: CipherSuite
  private var plaintext: [UInt8] = []
  private var texts = TextAssembler()

  /// `opener`: another than the suite's own, for whoever looks at what happens behind it.
  ///
  /// Throws `.underlyingLibraryFailed` for a suite that this build does not have.
  package init(
    chainKey: consuming Secret<ReceivingChainKey>, suite: CipherSuite, sender: Role,
    epoch: UInt32 = 0, sequence: UInt64 = 0, opener: (any RecordOpener)? = nil, in region: GuardedRegion
  ) throws(CryptographyError) {
    let cipher = try RecordCipher.of(suite)
    let opener = if let opener { opener } else { try cipher.makeOpener(region) }
    let chain = try RecordChain(
      chainKey: chainKey, cipher: cipher, sender: sender, epoch: epoch, sequence: sequence,
      in: region)
    self.chain = chain
    self.opener = opener
    self.suite = suite
  }

  /// Whether a text has begun and is not whole.
  package var isInsideText: Bool { texts.isInsideText }

  /// The record in a frame's body, whose length the gate has checked (PROTOCOL 1.7).
  ///
  /// MAC, then padding, then CRC32, then form: E_MAC up to the MAC; E_CRC for damage under a valid
  /// one; E_PROTO (E_KU) for a form that no honest side sends.
  package mutating func open(_ sealed: Span<UInt8>) throws(ProtocolFailure) -> ReceivedRecord {
    var texts = TextAssembler()
    swap(&texts, &self.texts)
    defer { swap(&texts, &self.texts) }
    return try open(sealed, of: .session) { (record, body) throws(RecordError) in
      if let ofGroups = GroupRecord(record, body: body) { return .ofGroups(ofGroups) }
      let parsed = try RecordBody(record, body: body)
      guard case .text(let head, let more) = parsed else { return .other(parsed) }
      let piece = body.extracting(droppingFirst: TextHead.byteCount)
      guard let whole = try texts.take(head, more: more, text: piece) else { return .fragment }
      return .text(whole)
    }
  }

  /// The record in a frame's body, whose form `read` judges when everything before it holds.
  mutating func open<R>(
    _ sealed: Span<UInt8>, of kind: RecordKind,
    _ read: (InnerRecord, Span<UInt8>) throws(RecordError) -> R
  ) throws(ProtocolFailure) -> R {
    // Out of the state while it is lent, and back whatever happens.
    var plaintext: [UInt8] = []
    swap(&plaintext, &self.plaintext)
    defer { swap(&plaintext, &self.plaintext) }
    if plaintext.count < sealed.count {
      plaintext = [UInt8](repeating: 0, count: sealed.count)
    }
    let length = UInt16(truncatingIfNeeded: sealed.count + 1)
    let opener = opener
    let count: Int
    do {
      var output = plaintext.mutableSpan
      count = try chain.step(frameLength: length) {
        (material, associated) throws(CryptographyError) in
        try opener.open(sealed, keyMaterial: material, authenticating: associated, into: &output)
      }
    } catch {
      throw ProtocolFailure(error, as: error == .damagedAfterAuthentication ? .crc : .mac)
    }
    // Exactly one block of padding: a valid but shorter one is damage, too.
    let checked = count - InnerRecord.crcByteCount
    guard RecordSize(frameLength: length, cipher: suite)?.innerByteCount == count,
      CRC32.checksum(plaintext.span.extracting(first: checked))
        == plaintext.span.bigEndianUInt32(at: checked)
    else { throw ProtocolFailure(.crc) }
    do {
      let inner = plaintext.span.extracting(first: checked)
      let record = try InnerRecord(parsing: inner, of: kind)
      return try read(record, inner.extracting(record.bodyRange))
    } catch {
      throw ProtocolFailure(error.code)
    }
  }

  /// How many records were opened, in all epochs.
  package var sequence: UInt64 { chain.sequence }

  /// A rekey takes effect: the next record is of the new chain.
  package mutating func switchEpoch(to chainKey: consuming Secret<ReceivingChainKey>) {
    chain.switchEpoch(to: chainKey)
  }
}

extension RecordCipher {
  /// The cipher of a suite that was negotiated. Throws `.underlyingLibraryFailed` for one that is not built in.
  static func of(_ suite: CipherSuite) throws(CryptographyError) -> RecordCipher {
    guard let cipher = withIdentifier(suite.rawValue) else { throw .underlyingLibraryFailed }
    return cipher
  }
}

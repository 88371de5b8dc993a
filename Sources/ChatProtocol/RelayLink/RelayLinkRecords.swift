import Cryptography
import Wire

/// The record keys of a relay link, both directions; PROTOCOL 1.7, without rekeys.
///
/// Split comes at once after RESP (GROUPS 3.5 L1): `th` is h after RESP's last MixHash.
struct RelayLinkRecords: ~Copyable {
  private var writer: RecordWriter
  private var reader: RecordReader
  private var frames = RelayLinkFrameAssembler()
  let summary: RelayLinkSummary

  init(_ core: consuming HandshakeCore) throws(ProtocolFailure) {
    let (role, suite, region) = (core.role, core.cipher, core.region)
    let writer = try checking(as: .state) { () throws(CryptographyError) in
      try RecordWriter(
        chainKey: try core.symmetric.export(role.chainLabel, in: region), suite: suite, sender: role,
        in: region)
    }
    let reader = try checking(as: .state) { () throws(CryptographyError) in
      try RecordReader(
        chainKey: try core.symmetric.export(role.other.chainLabel, in: region), suite: suite,
        sender: role.other, in: region)
    }
    self.writer = writer
    self.reader = reader
    summary = RelayLinkSummary(
      transcriptHash: core.symmetric.hash, group: core.group, cipher: suite)
  }

  /// What one record brought.
  enum Received {
    case frame(RelayLinkFrame)
    /// A frame goes on in the next record.
    case piece
    case ownOfLink(RecordBody)
  }

  /// Opens the next record. E_PROTO also for a frame whose pieces are not what `RelayLinkFrameAssembler` takes.
  mutating func open(_ sealed: Span<UInt8>) throws(ProtocolFailure) -> Received {
    var frames = RelayLinkFrameAssembler()
    swap(&frames, &self.frames)
    defer { swap(&frames, &self.frames) }
    return try reader.open(sealed, of: .relayLink) { (record, body) throws(RecordError) in
      switch try RelayLinkRecord(record, body: body) {
      case .frame(let type, let more):
        guard let whole = try frames.take(type: type, more: more, piece: body) else { return .piece }
        return .frame(whole)
      case .ownOfLink(.alert(let code)): return .ownOfLink(.alert(code))
      case .ownOfLink(let body):
        // The pieces of a frame follow each other.
        guard !frames.isInsideFrame else { throw .malformed }
        return .ownOfLink(body)
      }
    }
  }

  mutating func seal(_ body: RecordBody, into output: inout [UInt8]) throws(ProtocolFailure) {
    do {
      try writer.seal(body, appendingTo: &output)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  mutating func seal(_ frame: RelayLinkFrame, into output: inout [UInt8]) throws(ProtocolFailure) {
    do {
      try writer.seal(frame, appendingTo: &output)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  /// Records sealed, and opened.
  var sent: UInt64 { writer.sequence }
  var received: UInt64 { reader.sequence }
}

import ChatProtocol
import Cryptography
import TestSupport
import Testing
import Wire

private func file() throws -> VectorValue {
  try VectorFiles.decode(from: "secure_chat-protocol/records.json", in: VectorFiles.knownAnswers)
}

private func suite(_ value: VectorValue) throws -> CipherSuite {
  try #require(CipherSuite(rawValue: UInt8(value["cipher"].number)))
}

private func role(_ value: VectorValue) throws -> Role {
  try value["sender"].string == "I" ? .initiator : .responder
}

@Suite("KnownAnswer: records")
struct RecordsKnownAnswerTests {
  private let region: GuardedRegion

  init() throws { region = try GuardedRegion(byteCount: 4064) }

  // [R-01] [R-02] [R-03]
  @Test func sequencesAreSealedByteForByteAndOpenAgain() throws {
    var count = 0
    for sequence in try file()["sequences"].list {
      let suite = try suite(sequence)
      let key = try sequence["chain_key"].bytes
      let sender = try role(sequence)
      let sealed = try seal(sequence, suite, sender, key)
      count += try open(sealed, sequence, suite, sender, key)
    }
    #expect(count >= 28)
  }

  private func seal(
    _ sequence: VectorValue, _ suite: CipherSuite, _ sender: Role, _ key: [UInt8]
  ) throws -> [[UInt8]] {
    let chainKey = try Secret<SendingChainKey>(copying: key.span, in: region)
    var writer = try RecordWriter(chainKey: chainKey, suite: suite, sender: sender, in: region)
    let large = [UInt8]("€".utf8) * 13_333 + [UInt8]("x".utf8)
    var frames: [[UInt8]] = []
    for record in try sequence["records"].list {
      let body = try body(of: record, large: large)
      let type = UInt8(try record["type"].number)
      let flags = UInt8(try record["flags"].number)
      let size = try #require(RecordSize(rawValue: record["bucket"].number))
      var frame: [UInt8] = []
      try writer.seal(size, appendingTo: &frame) { inner in
        inner[0] = type
        inner[1] = flags
        inner[2] = UInt8(body.count >> 8)
        inner[3] = UInt8(body.count & 0xff)
        for index in body.indices { inner[4 + index] = body[index] }
      }
      let what = try record["what"].string
      if case .string = record["frame"] {
        #expect(try frame == record["frame"].bytes, "\(what)")
      } else {
        #expect(try digest(frame) == record["frame_sha256"].bytes, "\(what)")
      }
      frames.append(frame)
    }
    return frames
  }

  private func body(of record: VectorValue, large: [UInt8]) throws -> [UInt8] {
    guard record["body"].isMissing else { return try record["body"].bytes }
    let index = try Int(String(record["what"].string.split(separator: " ")[2]))! - 1
    let start = index * TextMessage.fragmentByteCount
    let text = large[start..<min(start + TextMessage.fragmentByteCount, large.count)]
    let body = try record["body_start"].bytes + text
    #expect(try digest(body) == record["body_sha256"].bytes)
    return body
  }

  private func open(
    _ frames: [[UInt8]], _ sequence: VectorValue, _ suite: CipherSuite, _ sender: Role,
    _ key: [UInt8]
  ) throws -> Int {
    let chainKey = try Secret<ReceivingChainKey>(copying: key.span, in: region)
    var reader = try RecordReader(chainKey: chainKey, suite: suite, sender: sender, in: region)
    var texts: [TextMessage] = []
    for (frame, record) in zip(frames, try sequence["records"].list) {
      let type = UInt8(try record["type"].number)
      switch try reader.open(frame.span.extracting(droppingFirst: 3)) {
      case .text(let message):
        #expect(type == 1)
        texts.append(message)
      case .fragment:
        #expect(type == 1)
      case .other(.ignorable(let ignored)):
        #expect(ignored == type)
      case .ofGroups(let record):
        #expect(record.type == type)
      case .other(let body):
        #expect(body.type?.rawValue == type)
        #expect(try body.bytes == record["body"].bytes)
      }
    }
    #expect(texts.map(\.text.count) == [0, texts[1].text.count, 40_000, texts[3].text.count])
    #expect(try digest(texts[2].text) == sequence["big_text_sha256"].bytes)
    #expect(texts[3].head.id.isEphemeral)
    return frames.count
  }

  // [R-07] [R-08]
  @Test func everyBadRecordIsRefusedWithItsCode() throws {
    var count = 0
    for bad in try file()["bad"].list {
      let suite = try suite(bad)
      let what = try bad["what"].string
      let outcome = try outcome(bad, suite)
      #expect(try outcome == bad["expect"].string, "\(what)")
      count += 1
    }
    #expect(count >= 37)
  }

  private func outcome(_ bad: VectorValue, _ suite: CipherSuite) throws -> String {
    let frame = try bad["frame"].bytes
    let head = FrameHead(length: UInt16(frame[0]) << 8 | UInt16(frame[1]), type: frame[2])
    guard FrameGate.records(suite).admits(head) else { return "E_PROTO" }
    let key = try bad["chain_key"].bytes
    let chainKey = try Secret<ReceivingChainKey>(copying: key.span, in: region)
    var reader = try RecordReader(
      chainKey: chainKey, suite: suite, sender: try role(bad), epoch: UInt32(bad["epoch"].number),
      sequence: UInt64(bad["seq"].number), in: region)
    do {
      switch try reader.open(frame.span.extracting(droppingFirst: 3)) {
      case .other(.ignorable): return "ignored"
      case .ofGroups: return "ignored"
      case .text, .fragment, .other: return "taken"
      }
    } catch {
      return error.code.rawValue
    }
  }
}

private func digest(_ bytes: [UInt8]) -> [UInt8] { SHA256Hash.hash(bytes.span) }

private func * (bytes: [UInt8], count: Int) -> [UInt8] {
  Array(repeatElement(bytes, count: count).joined())
}

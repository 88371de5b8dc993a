import Foundation
import TestSupport
import Testing
import Wire

@Suite struct WireKnownAnswerTests {
  private struct ProfileSet: Decodable {
    struct Good: Decodable {
      let name: HexBytes
      let ikDH: HexBytes
      let ikSig: HexBytes
      let signed: HexBytes
      let profile: HexBytes

      enum CodingKeys: String, CodingKey {
        case name = "name_utf8"
        case ikDH = "ik_dh"
        case ikSig = "ik_sig"
        case signed
        case profile
      }
    }
    struct Bad: Decodable {
      let what: String
      let profile: HexBytes
    }
    let good: [Good]
    let bad: [Bad]
  }

  private static func decode<Value: Decodable>(_ file: String) throws -> Value {
    try VectorFiles.decode(from: "secure_chat-protocol/\(file)", in: VectorFiles.knownAnswers)
  }

  // [S-01] [S-02]
  @Test func goodProfilesComeBack() throws {
    let set: ProfileSet = try Self.decode("profile.json")
    #expect(!set.good.isEmpty)
    for good in set.good {
      let profile = try Profile(parsing: good.profile.bytes.span)
      #expect(profile.name.utf8 == good.name.bytes)
      #expect(profile.ikDH == good.ikDH.bytes && profile.ikSig == good.ikSig.bytes)
      #expect(profile.bytes == good.profile.bytes)
      #expect(good.signed.bytes == Array("secure_chat/1 profile".utf8) + profile.signedBytes)
    }
  }

  // [S-01] [S-05] [S-06] [S-07] [S-08]
  @Test func profilesOfAWrongFormAreRefused() throws {
    let set: ProfileSet = try Self.decode("profile.json")
    var count = 0
    // The others are wrong in their signature only, which is not proven here.
    for bad in set.bad where bad.what.hasPrefix("name:") || bad.what.hasPrefix("version") {
      count += 1
      #expect(throws: ProfileError.self, "\(bad.what)") { try Profile(parsing: bad.profile.bytes.span) }
    }
    #expect(count > 0)
    for good in set.good {
      let bytes = good.profile.bytes
      #expect(throws: ProfileError.wrongLength) {
        try Profile(parsing: bytes.span.extracting(droppingLast: 1))
      }
    }
  }

  private struct RecordSet: Decodable {
    struct Sequence: Decodable {
      let cipher: UInt8
      let records: [Record]
    }
    struct Record: Decodable {
      let what: String
      let type: UInt8
      let flags: UInt8
      let body: HexBytes?
      let bucket: Int
      let inner: HexBytes?
      let frame: HexBytes?
    }
    struct Bad: Decodable {
      let what: String
      let cipher: UInt8
      let expect: String
      let frame: HexBytes
    }
    let sequences: [Sequence]
    let bad: [Bad]
  }

  // [R-06]
  @Test func innerPlaintextsAreReadAndWritten() throws {
    let set: RecordSet = try Self.decode("records.json")
    var count = 0
    for record in set.sequences.flatMap(\.records) {
      guard let inner = record.inner?.bytes, let body = record.body?.bytes else { continue }
      count += 1
      let form = inner.span.extracting(droppingLast: 4)
      let head = try InnerRecord(parsing: form)
      #expect(head.type == record.type && head.flags.rawValue == record.flags, "\(record.what)")
      #expect([UInt8](copying: inner.span.extracting(head.bodyRange)) == body)
      #expect(inner.count == record.bucket - 16)
      let written: [UInt8]
      switch try RecordBody(parsing: form) {
      case .text(let text, more: false):
        let message = try TextMessage(head: text, text: Array(body.dropFirst(TextHead.byteCount)))
        #expect(message.fragmentCount == 1)
        #expect(message.size(ofFragment: 0).rawValue == record.bucket)
        written = Self.write(inner.count) { message.write(fragment: 0, into: &$0) }
      case .ignorable(let type):
        #expect(type == record.type)
        continue
      case let body:
        #expect(body.size?.rawValue == record.bucket)
        written = Self.write(inner.count) { body.write(into: &$0) }
      }
      #expect(written.dropLast(4) == inner.dropLast(4), "\(record.what)")
    }
    #expect(count > 0)
  }

  private static func write(_ count: Int, _ body: (inout MutableSpan<UInt8>) -> Void) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: count)
    var span = bytes.mutableSpan
    body(&span)
    return bytes
  }

  // [F-02]
  @Test func theGateAdmitsEveryFrameOfASequenceAndNoHeadOfAWrongLengthOrType() throws {
    let set: RecordSet = try Self.decode("records.json")
    for sequence in set.sequences {
      let gate = FrameGate.records(try #require(CipherSuite(rawValue: sequence.cipher)))
      for frame in sequence.records.compactMap(\.frame?.bytes) {
        var position = 0
        var assembler = FrameAssembler()
        #expect(assembler.next(frame.span, from: &position, gate: gate) == .inInput(3..<frame.count))
      }
    }
    var refusedCount = 0
    for bad in set.bad {
      let gate = FrameGate.records(try #require(CipherSuite(rawValue: bad.cipher)))
      var position = 0
      var assembler = FrameAssembler()
      let step = assembler.next(bad.frame.bytes.span, from: &position, gate: gate)
      let isHeadFault = bad.frame.bytes.count == 3 || bad.frame.bytes[2] != 0x10
      if case .refused = step { refusedCount += 1 }
      #expect((step != .inInput(3..<bad.frame.bytes.count)) == isHeadFault, "\(bad.what)")
      if isHeadFault { #expect(bad.expect == "E_PROTO") }
    }
    #expect(refusedCount > 0)
  }

  private struct WordSet: Decodable {
    struct Key: Decodable {
      let hash: HexBytes
      let indexes: [Int]
      let words: [String]

      enum CodingKeys: String, CodingKey {
        case hash = "W"
        case indexes
        case words
      }
    }
    struct Session: Decodable {
      let sas: HexBytes
      let indexes: [Int]
      let words: [String]
    }
    let cases: [Key]
    let sas: [Session]
  }

  // [K-05]
  @Test func wordsAreThoseOfTheirFirst66Bits() throws {
    let set: WordSet = try Self.decode("words.json")
    let answers =
      set.cases.map { ($0.hash, $0.indexes, $0.words) } + set.sas.map { ($0.sas, $0.indexes, $0.words) }
    #expect(!answers.isEmpty)
    for (bytes, indexes, words) in answers {
      #expect(WordList.indexes(of: bytes.bytes.span) == indexes)
      #expect(WordList.words(of: bytes.bytes.span) == words)
      #expect(WordList.words(of: bytes.bytes.span.extracting(first: 9)) == words)
      #expect(WordList.words(of: bytes.bytes.span.extracting(first: 8)) == nil)
    }
  }

  @Test func theWordListIsTheOneOfBIP39() throws {
    let path = "secure_chat-protocol/bip39-english.txt"
    let file = try VectorFiles.bytes(path, in: VectorFiles.knownAnswers)
    let words = String(decoding: file, as: UTF8.self).split(separator: "\n").map(String.init)
    #expect(words.count == 2_048)
    for (index, word) in words.enumerated() {
      // The word's index in the first 11 of 66 bits.
      let bytes: [UInt8] = [UInt8(index >> 3), UInt8(index & 7) << 5, 0, 0, 0, 0, 0, 0, 0]
      #expect(WordList.words(of: bytes.span)?.first == word)
    }
  }

  private struct HandshakeSet: Decodable {
    struct Case: Decodable {
      let name: String
      let wire: [String: HexBytes]
    }
    let cases: [Case]
  }

  // [F-03] [M-02] [M-06]
  @Test func clearPartsOfHandshakesAreReadAndWritten() throws {
    let set: HandshakeSet = try Self.decode("handshake.json")
    let gates: [String: FrameGate] = [
      "INIT": .initiation, "PAIR1": .pair1, "PAIR2": .pair2, "AUTH": .authentication, "FIN": .finish,
    ]
    for answer in set.cases {
      let initiationFrame = try #require(answer.wire["INIT"]).bytes
      let offer = try Initiation(parsing: initiationFrame.span.extracting(droppingFirst: 3))
      #expect(Array(initiationFrame.dropFirst(3).prefix(offer.clearByteCount)) == offer.clearBytes)
      let responseFrame = try #require(answer.wire["RESP"]).bytes
      let response = try Response(parsing: responseFrame.span.extracting(droppingFirst: 3), answering: offer)
      #expect(Array(responseFrame.dropFirst(3).prefix(response.clearByteCount)) == response.clearBytes)
      for (name, frame) in answer.wire {
        let gate = gates[name] ?? .response(to: offer.groups, mode: offer.mode)
        var position = 0
        var assembler = FrameAssembler()
        let step = assembler.next(frame.bytes.span, from: &position, gate: gate)
        #expect(step == .inInput(3..<frame.bytes.count), "\(answer.name) \(name)")
      }
    }
  }
}

import Cryptography
import Foundation
import SessionLog
import TestSupport
import Testing
import Wire

/// The worked example of docs/LOG_FORMAT.md, written again from its inputs, byte for byte.
@Suite struct LogKnownAnswerWriterTests {
  private static let folder = VectorFiles.knownAnswers.appendingPathComponent("secure_chat-log")

  @Test func theWorkedExampleIsWrittenByteForByte() throws {
    let values: VectorValue = try VectorFiles.decode(from: "values.json", in: Self.folder)
    let expected = try VectorFiles.bytes("worked-example.sclog", in: Self.folder)
    let stored = lines(expected).map { Array($0.dropLast()) }
    let opening = try LogOpening(beginning: expected.span, fileSize: expected.count)
    var header = opening.header
    let wrapped = header.wrappedKeys
    header.wrappedKeys = []

    let worked = values["worked"]
    let rootBytes = try Base64URL.decode(canonical: worked["R0"].string)
    // HPKE's ephemeral key cannot be given to the library: `w` is taken as it stands, all else is computed. The
    // test below opens it.
    var chain = try start(header, rootBytes, wrapped, at: time(stored[0]))
    var written = [chain.line]

    let keys = try worked["f of records 1 and 3"].list.map { try Base64URL.decode(canonical: $0.string) }
    let texts = try worked["texts"].list.map { try Array($0.string.utf8) }
    for (index, line) in stored.enumerated().dropFirst() {
      try write(line, index, message: index < 2 ? (keys[0], texts[0]) : (keys[1], texts[1]), to: &chain)
      written.append(chain.line)
    }
    let joined = written.flatMap { $0 }
    #expect(joined == expected)
  }

  private func root(of opening: LogOpening, _ secret: [UInt8]) throws -> [UInt8] {
    let region = try GuardedRegion(byteCount: 8192)
    let key = try Secret<LogSecretKey>(copying: secret.span, in: region)
    let root = try opening.unlock(with: key, in: region)
    return root.withBytes { root in root.indices.map { root[$0] } }
  }

  private func start(
    _ header: LogHeader, _ rootBytes: [UInt8], _ wrapped: [UInt8], at now: UnixTime
  ) throws -> LogChain {
    let region = try GuardedRegion(byteCount: 8192)
    let root = try Secret<ChainRoot>(copying: rootBytes.span, in: region)
    return try LogChain(header: header, at: now, root: root, in: region) { _ in wrapped }
  }

  /// Writes one record of the example anew.
  private func write(
    _ line: [UInt8], _ index: Int, message: (key: [UInt8], text: [UInt8]), to chain: inout LogChain
  ) throws {
    let now = try time(line)
    switch index {
    case 1, 3:
      let logged = LoggedMessage(
        direction: index == 1 ? .sent : .received, ordinal: 1,
        identifier: try Base64URL.decode(canonical: field("id", line)), commitmentKey: message.key,
        text: message.text)
      _ = try chain.append(.message(logged), at: now)
    case 2:
      let tag = try Base64URL.decode(canonical: field("ph", line))
      _ = try chain.append(.acknowledgement(ordinal: 1, peerRecord: 1, peerTag: tag), at: now)
    case 4, 5:
      // Heads are not written in this version: only the tag is computed.
      let (body, payload) = try parts(line)
      _ = chain.appendUncheckedForTestsOnly(body: body, payload: payload, at: now)
    default:
      _ = try chain.append(.close(why: .bye, sent: 1, received: 1), at: now)
    }
  }

  @Test func theWrappedKeysOfTheWorkedExampleOpenWithTheLogKeyAlone() throws {
    let expected = try VectorFiles.bytes("worked-example.sclog", in: Self.folder)
    let values: VectorValue = try VectorFiles.decode(from: "values.json", in: Self.folder)
    let opening = try LogOpening(beginning: expected.span, fileSize: expected.count)
    let secret = try Base64URL.decode(canonical: values["secrets"]["me log-verify"].string)
    let bytes = try root(of: opening, secret)
    #expect(bytes == (0..<32).map { UInt8($0) })
  }

  /// A line's covered bytes from its kind on, and its payload.
  private func parts(_ line: [UInt8]) throws -> (body: String, payload: String) {
    let text = String(decoding: line, as: UTF8.self)
    let match = try require(text.firstMatch(of: /"k":"(.*?),"h":"[^"]*",(.*)}$/))
    return (String(match.output.1), String(match.output.2))
  }

  private func time(_ line: [UInt8]) throws -> UnixTime {
    try require(UnixTime(rfc3339: field("t", line)))
  }

  private func field(_ name: String, _ line: [UInt8]) throws -> String {
    let text = String(decoding: line, as: UTF8.self)
    let start = try require(text.range(of: "\"\(name)\":\""))
    return String(text[start.upperBound...].prefix { $0 != "\"" })
  }
}

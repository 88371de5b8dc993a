import Cryptography
import SessionLog
import Testing
import Wire

/// Logs whose tags are right and whose writer was wrong: what only the rules and forms can find.
@Suite struct LogRuleTests {
  private static let digest = String(repeating: "A", count: 43)
  private static let zeroCommitment = "\"id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"m\":\"\(digest)\""

  /// A log that begins with a right message out and an acknowledgement of it, then what the test adds.
  private func log(
    text: LogTextMode = .plain, _ added: [(body: String, payload: String?)]
  ) throws -> (LogFixture, [UInt8]) {
    let fixture = try LogFixture()
    var chain = try fixture.chain(text: text)
    var bytes = chain.line
    for entry in LogFixture.conversation.prefix(2) {
      _ = try chain.append(entry, at: LogFixture.time(1))
      bytes += chain.line
    }
    for (body, payload) in added {
      _ = chain.appendUncheckedForTestsOnly(body: body, payload: payload, at: LogFixture.time(2))
      bytes += chain.line
    }
    return (fixture, bytes)
  }

  private func code(_ added: (String, String?)...) throws -> Finding {
    let (fixture, bytes) = try log(added.map { (body: $0.0, payload: $0.1) })
    return try fixture.check(bytes).finding
  }

  /// The covered bytes of a message whose payload hash is right.
  private func message(_ direction: String, _ ordinal: Int, payload: String) -> (String, String?) {
    let bytes = Array(payload.utf8)
    let hash = Base64URL.encode(SHA256Hash.hash(bytes.span))
    return ("msg\",\"d\":\"\(direction)\",\"q\":\(ordinal),\(Self.zeroCommitment),\"x\":\"\(hash)\"", payload)
  }

  private func plain(_ spelling: String) -> String { "\"f\":\"\(Self.digest)\",\"text\":\"\(spelling)\"" }

  @Test func ordinalsFollowEachOther() throws {
    #expect(try code(message("out", 2, payload: plain("a"))).code == .noClose)
    for (direction, ordinal) in [("out", 1), ("out", 3), ("out", 0), ("in", 0), ("in", 2)] {
      let finding = try code(message(direction, ordinal, payload: plain("a")))
      #expect(finding.code == .rule && finding.record == 3, "\(direction) \(ordinal)")
    }
  }

  @Test func acknowledgementsRiseAndNeverPassWhatWasSent() throws {
    for ordinal in [0, 1, 2] {
      let finding = try code(("ack\",\"q\":\(ordinal),\"pn\":1,\"ph\":\"\(Self.digest)\"", nil))
      #expect(finding.code == .rule && finding.record == 3, "\(ordinal)")
    }
  }

  @Test func epochsRise() throws {
    #expect(try code(("rekey\",\"epoch\":0", nil)).code == .rule)
    #expect(try code(("rekey\",\"epoch\":2", nil), ("rekey\",\"epoch\":2", nil)).record == 4)
    #expect(try code(("rekey\",\"epoch\":2", nil), ("rekey\",\"epoch\":5", nil)).code == .noClose)
  }

  @Test func aCloseCountsWhatWasSaid() throws {
    for (out, into) in [(0, 0), (2, 0), (1, 1)] {
      #expect(try code(("close\",\"why\":\"bye\",\"out\":\(out),\"in\":\(into)", nil)).code == .rule)
    }
    #expect(try code(("close\",\"why\":\"bye\",\"out\":1,\"in\":0", nil)).code == .ok)
  }

  @Test func headsDoNotStandInALogWithoutWitness() throws {
    let note = "\"note\":\"x\""
    let bytes = Array(note.utf8)
    let hash = Base64URL.encode(SHA256Hash.hash(bytes.span))
    #expect(try code(("cosig\",\"of\":1,\"x\":\"\(hash)\"", note)).code == .rule)
    #expect(try code(("ckpt\",\"size\":3,\"root\":\"\(Self.digest)\",\"x\":\"\(hash)\"", note)).code == .rule)
    let log = String(repeating: "0", count: 32)
    #expect(
      try code(("head\",\"log\":\"\(log)\",\"size\":0,\"root\":\"\(Self.digest)\",\"why\":\"open\"", nil))
        .code == .format)
  }

  @Test func aRedactionNamesAnEarlierMessageOnceAndRightly() throws {
    let length = plain("first").utf8.count
    let right = "redact\",\"of\":1,\"len\":\(length)"
    // The text is still there: announced and not done.
    let close: (String, String?) = ("close\",\"why\":\"bye\",\"out\":1,\"in\":0", nil)
    #expect(try code((right, nil), close) == Finding(.unfinishedRedaction, record: 1))
    #expect(try code(close, (right, nil)) == Finding(.unfinishedRedaction, record: 1))
    for wrong in [
      "redact\",\"of\":0,\"len\":5", "redact\",\"of\":2,\"len\":5", "redact\",\"of\":9,\"len\":5",
    ] {
      #expect(try code((wrong, nil)).code == .rule, "\(wrong)")
    }
    #expect(try code(("redact\",\"of\":1,\"len\":\(length + 1)", nil)).code == .rule)
    #expect(try code((right, nil), (right, nil)).record == 4)
    #expect(try code(("redact\",\"of\":1,\"len\":0", nil)).code == .format)
    #expect(try code(close, ("redact\",\"of\":2,\"len\":5", nil)).code == .afterClose)
  }

  @Test(
    "A text has one spelling",
    arguments: [
      #"\u0041"#, #"\u000a"#, #"\t"#, #"\/"#, #"\u001F"#, #"\u00e4"#, #"\"#, #"\u12"#, #"\ud800"#, "\u{1}",
      "\u{85}",
      "\u{202E}", "\u{2066}", "\u{61C}", "\u{7F}",
    ])
  func otherSpellingsAreRefused(spelling: String) throws {
    let finding = try code(message("in", 1, payload: plain(spelling)))
    #expect(finding.code == .format && finding.record == 3)
  }

  @Test(arguments: [
    #"\n\"\\"#, #"\u0000\u001f\u007f\u009f\u061c\u200e\u2028\u202e\u2069"#, "ä 日本 🙂 \u{200B}", "",
  ])
  func theCanonicalSpellingIsRead(spelling: String) throws {
    #expect(try code(message("in", 1, payload: plain(spelling))).code == .noClose)
  }

  @Test func payloadsOfTheWrongFormAreRefused() throws {
    let wrong = [
      "", "\"c\":\"AAAA\"", plain("a") + " ", "\"f\":\"AA\",\"text\":\"a\"", "\"text\":\"a\"",
      "\"r\":\"000\"",
      plain(String(repeating: "a", count: 65_537)),
    ]
    for payload in wrong {
      #expect(try code(message("in", 1, payload: payload)).code == .format, "\(payload.prefix(40))")
    }
  }

  @Test func everyTextSurvivesTheLog() throws {
    let scalars =
      (0...0x2100).compactMap { Unicode.Scalar($0 as Int) } + ["\u{FFFF}", "\u{10000}", "\u{10FFFF}"]
    let text = String(String.UnicodeScalarView(scalars))
    for mode in LogTextMode.allCases {
      let fixture = try LogFixture()
      let entry = LogFixture.message(.received, 1, text)
      let bytes = try fixture.log([entry, .close(why: .bye, sent: 0, received: 1)], text: mode)
      #expect(try fixture.check(bytes, texts: true).verdict == .verified)
      #expect(try fixture.texts(bytes) == [Array(text.utf8)])
    }
  }

  @Test func aCommitmentThatDoesNotFitIsFoundWhenTextsAreOpened() throws {
    let (fixture, bytes) = try log(
      [message("in", 1, payload: plain("a"))].map { (body: $0.0, payload: $0.1) })
    #expect(try fixture.check(bytes).finding.code == .noClose)
    #expect(
      try fixture.check(bytes, texts: true).finding
        == Finding(.commitment, record: 3, line: 4, offset: lines(bytes).prefix(3).joined().count))
  }
}

import Testing
import Wire

@Suite struct JSONReaderTests {
  private static func read(_ text: String, limits: JSONLimits = .standard) throws -> JSONValue {
    try JSONReader(parsing: Array(text.utf8).span, limits: limits).root
  }

  private static func error(_ bytes: [UInt8], limits: JSONLimits = .standard) -> JSONError? {
    do {
      _ = try JSONReader(parsing: bytes.span, limits: limits)
      return nil
    } catch { return error }
  }

  @Test func aUsersFileIsReadWithPlacesAndKeys() throws {
    let text = """
      [ {"username": "user1", "port": 12345, "ok": true},
        {"username": "zoë", "port": "12346", "none": null, "deep": {"a": [1, 2.5e3]}} ]
      """
    let bytes = Array(text.utf8)
    guard case .array(let users) = try JSONReader(parsing: bytes.span).root.kind,
      case .object(let first) = users[0].kind, case .object(let second) = users[1].kind
    else {
      Issue.record("not an array of objects")
      return
    }
    #expect(first.map(\.key) == ["username", "port", "ok"])
    #expect(first[1].value.kind == .number(JSONNumber(text: "12345", integer: 12_345)))
    #expect(first[2].value.kind == .boolean(true))
    guard case .string(let name) = second[0].value.kind else {
      Issue.record("no string")
      return
    }
    #expect(JSONReader.string(name, of: bytes.span) == "zoë")
    #expect(second[1].keyPosition == JSONPosition(line: 2, column: 23))
    #expect(second[1].value.position == JSONPosition(line: 2, column: 31))
    #expect(second[2].value.kind == .null)
    guard case .object(let deep) = second[3].value.kind, case .array(let numbers) = deep[0].value.kind else {
      Issue.record("no nested array")
      return
    }
    #expect(numbers[1].kind == .number(JSONNumber(text: "2.5e3", integer: nil)))
  }

  @Test(arguments: [
    (#""""#, ""), (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
    (#""\u0041\u00e9\u20AC\uD83D\ude00""#, "Aé€😀"), (#""€😀""#, "€😀"), (#""\u0000""#, "\0"),
    (#""\u00e9x\ud834\udd1ey""#, "éx𝄞y"),
  ])
  func aStringIsDecodedIntoTheCallersBuffer(_ text: String, _ expected: String) throws {
    let bytes = Array(text.utf8)
    guard case .string(let string) = try JSONReader(parsing: bytes.span).root.kind else {
      Issue.record("no string")
      return
    }
    #expect(string.decodedByteCount == expected.utf8.count)
    #expect(string.hasEscapes == text.contains("\\"))
    var buffer = [UInt8](repeating: 0xee, count: expected.utf8.count + 3)
    var span = buffer.mutableSpan
    let count = JSONReader.decode(string, of: bytes.span, into: &span)
    #expect(buffer.prefix(count).elementsEqual(expected.utf8))
    #expect(buffer.suffix(3) == [0xee, 0xee, 0xee])
    #expect(JSONReader.string(string, of: bytes.span) == expected)
    // A buffer that is too small is filled and never left.
    var small = [UInt8](repeating: 0, count: expected.utf8.count / 2)
    var smallSpan = small.mutableSpan
    let smallCount = JSONReader.decode(string, of: bytes.span, into: &smallSpan)
    #expect(smallCount == expected.utf8.count / 2)
    #expect(expected.utf8.starts(with: small))
  }

  typealias Problem = JSONError.Problem

  @Test(
    arguments: [
      ("", Problem.unexpectedEnd, 1, 1, nil), ("  \n ", .unexpectedEnd, 2, 2, nil),
      ("{", .unexpectedEnd, 1, 2, nil), ("[1", .unexpectedEnd, 1, 3, nil), ("\"a", .unexpectedEnd, 1, 3, nil),
      ("[1,]", .unexpectedByte(0x5d), 1, 4, nil), ("{\"a\":1,}", .unexpectedByte(0x7d), 1, 8, nil),
      ("[1 2]", .unexpectedByte(0x32), 1, 4, nil), ("{a:1}", .unexpectedByte(0x61), 1, 2, nil),
      ("{\"a\" 1}", .unexpectedByte(0x31), 1, 6, "a"), ("'a'", .unexpectedByte(0x27), 1, 1, nil),
      ("tru", .unexpectedEnd, 1, 4, nil), ("True", .unexpectedByte(0x54), 1, 1, nil),
      ("nul1", .unexpectedByte(0x31), 1, 4, nil), ("NaN", .unexpectedByte(0x4e), 1, 1, nil),
      ("// x\n1", .unexpectedByte(0x2f), 1, 1, nil),
      ("1 1", .trailingBytes, 1, 3, nil), ("{} x", .trailingBytes, 1, 4, nil),
      ("[]\0", .trailingBytes, 1, 3, nil),
      ("01", .wrongNumber, 1, 1, nil), ("-", .wrongNumber, 1, 1, nil), ("1.", .wrongNumber, 1, 1, nil),
      ("1e", .wrongNumber, 1, 1, nil), ("-01", .wrongNumber, 1, 1, nil), ("[ 1.e2]", .wrongNumber, 1, 3, nil),
      ("+1", .unexpectedByte(0x2b), 1, 1, nil), (".5", .unexpectedByte(0x2e), 1, 1, nil),
      ("0x10", .trailingBytes, 1, 2, nil),
      ("123456789012345678901234567890123", .numberTooLong(limit: 32), 1, 1, nil),
      ("{\"port\": 00}", .wrongNumber, 1, 10, "port"),
      ("{\"a\":1,\n \"a\":2}", .duplicateKey, 2, 2, "a"),
      ("{\"a\":1,\"\\u0061\":2}", .duplicateKey, 1, 8, "a"),
      ("{\"p\":\"x\ny\"}", .controlInString, 1, 8, "p"), ("\"\u{1f}\"", .controlInString, 1, 2, nil),
      ("{\"p\":\"\\x\"}", .wrongEscape, 1, 7, "p"), ("\"\\u12g4\"", .wrongEscape, 1, 2, nil),
      ("\"\\u12", .wrongEscape, 1, 2, nil), ("\"\\U0041\"", .wrongEscape, 1, 2, nil),
      ("\"é\\ud800\"", .loneSurrogate, 1, 3, nil), ("\"\\ud800\\u0041\"", .loneSurrogate, 1, 2, nil),
      ("\"\\udc00\"", .loneSurrogate, 1, 2, nil), ("\"\\ud800\\n\"", .loneSurrogate, 1, 2, nil),
      ("\u{FEFF}{}", .byteOrderMark, 1, 1, nil),
      ("\u{A0}1", .unexpectedByte(0xc2), 1, 1, nil), ("\r\n\r\rx", .unexpectedByte(0x78), 4, 1, nil),
      ("{\"a\":{\"b\":[1,{\"c\":?}]}}", .unexpectedByte(0x3f), 1, 19, "c"),
      ("{\"a\":{\"b\":1}?}", .unexpectedByte(0x3f), 1, 13, nil),
    ] as [(String, Problem, Int, Int, String?)])
  func whatIsNotJSONIsRefusedAtItsPlace(
    _ text: String, _ problem: Problem, _ line: Int, _ column: Int, _ key: String?
  ) {
    let expected = JSONError(problem: problem, position: JSONPosition(line: line, column: column), key: key)
    #expect(Self.error(Array(text.utf8)) == expected)
  }

  @Test(
    arguments: [
      ([0x22, 0xff, 0x22], 1, 2), ([0x5b, 0x0a, 0x20, 0x22, 0xc3, 0xa9, 0xc3, 0x22, 0x5d], 2, 4),
      ([0x22, 0xed, 0xa0, 0x80, 0x22], 1, 2), ([0x22, 0xc0, 0x80, 0x22], 1, 2),
      ([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 1, 2),
      ([0x80], 1, 1), ([0x22, 0xe2, 0x82], 1, 2),
    ] as [([UInt8], Int, Int)])
  func bytesThatAreNotUTF8AreRefusedAtTheirPlace(_ bytes: [UInt8], _ line: Int, _ column: Int) {
    let expected = JSONError(
      problem: .invalidUTF8, position: JSONPosition(line: line, column: column), key: nil)
    #expect(Self.error(bytes) == expected)
  }

  @Test func keysOfOneObjectAreComparedAsBytes() throws {
    // Composed and decomposed: equal as `String`, different keys.
    guard case .object(let members) = try Self.read("{\"\u{e9}\":1,\"e\u{301}\":2}").kind else {
      Issue.record("no object")
      return
    }
    #expect(members.count == 2)
    _ = try Self.read(#"[{"a":1},{"a":{"a":2}}]"#)
  }

  @Test func theLimitsHold() throws {
    let deep = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
    _ = try Self.read(deep)
    #expect(Self.error(Array("[\(deep)]".utf8))?.problem == .tooDeep(limit: 16))
    #expect(Self.error(Array(String(repeating: "[", count: 1 << 20).utf8))?.problem == .tooDeep(limit: 16))
    let spaces = [UInt8](repeating: 0x20, count: (1 << 20) - 1) + [UInt8(ascii: "1")]
    #expect(Self.error(spaces) == nil)
    #expect(Self.error([0x20] + spaces)?.problem == .tooLarge(limit: 1 << 20))
    let many = "[" + String(repeating: "1,", count: 65_534) + "1]"
    #expect(Self.error(Array(many.utf8)) == nil)
    #expect(Self.error(Array("[1,\(many.dropFirst())".utf8))?.problem == .tooManyValues(limit: 65_536))
  }

  @Test(
    arguments: [
      ("0", 0), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
      ("9223372036854775808", nil), ("1.0", nil), ("1e2", nil), ("1E+2", nil), ("-1.5e-3", nil),
    ] as [(String, Int64?)])
  func anIntegerOf64BitsHasAValue(_ text: String, _ integer: Int64?) throws {
    #expect(try Self.read(text).kind == .number(JSONNumber(text: text, integer: integer)))
  }

  @Test func everyTruncationAndEveryChangedByteIsReadWithoutATrap() {
    let good = Array(
      #"[{"username":"zo\u00eb\ud83d\ude00","port":-12.5e+3,"x":[true,false,null]}, "é"]"#.utf8)
    #expect(Self.error(good) == nil)
    for count in 0..<good.count { #expect(Self.error(Array(good.prefix(count))) != nil) }
    var refused = 0
    for index in good.indices {
      for value in UInt8.min ... .max {
        var changed = good
        changed[index] = value
        if Self.error(changed) != nil { refused += 1 }
      }
    }
    #expect(refused > good.count * 100)
  }
}

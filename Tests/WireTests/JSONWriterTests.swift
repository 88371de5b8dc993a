import Foundation
import Testing
import Wire

@Suite struct JSONWriterTests {
  @Test func anEventIsOneLineWithItsVersionFirst() {
    var writer = JSONWriter(event: "listening")
    writer.write("as", "zoë")
    writer.write("port", 12_345)
    writer.write("first_contact", true)
    writer.write("reason", nil as String?)
    writer.write("words", ["a", "b"])
    writer.write("none", [String]())
    writer.write("time", UnixTime(milliseconds: 0))
    writer.write("seq", UInt64.max)
    let expected =
      #"{"v":1,"event":"listening","as":"zoë","port":12345,"first_contact":true,"reason":null,"#
      + #""words":["a","b"],"none":[],"time":"1970-01-01T00:00:00.000Z","seq":18446744073709551615}"# + "\n"
    #expect(String(decoding: writer.line(), as: UTF8.self) == expected)
  }

  @Test(arguments: [
    ("a\"b\\c/d", #"a\"b\\c/d"#), ("a\nb\rc\t\u{8}\0", #"a\nb\u000dc\u0009\u0008\u0000"#),
    ("\u{1B}[31m\u{7F}", #"\u001b[31m\u007f"#), ("\u{80}\u{9B}\u{A0}", "\\u0080\\u009b\u{A0}"),
    ("\u{202E}\u{2066}\u{2069}\u{200E}\u{200F}\u{61C}", #"\u202e\u2066\u2069\u200e\u200f\u061c"#),
    ("\u{2027}\u{2028}\u{202F}\u{2065}\u{206A}\u{61B}", "\u{2027}\\u2028\u{202F}\u{2065}\u{206A}\u{61B}"),
    ("é€😀", "é€😀"), ("", ""),
  ])
  func whatSteersATerminalIsEscaped(_ text: String, _ expected: String) {
    var bytes: [UInt8] = []
    JSONWriter.appendString(Array(text.utf8).span, to: &bytes)
    #expect(bytes == Array("\"\(expected)\"".utf8))
  }

  @Test func everyCodePointComesBackThroughTwoReaders() throws {
    var text = ""
    for value in UInt32(0)...0x2100 {
      if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
    }
    text += "\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}"
    var writer = JSONWriter(event: "message")
    writer.write("text", utf8: Array(text.utf8))
    let line = writer.line()
    #expect(line.filter { $0 == 0x0a }.count == 1)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    #expect((object["text"] as? String).map { Array($0.utf8) } == Array(text.utf8))
    guard case .object(let members) = try JSONReader(parsing: line.span).root.kind,
      case .string(let string) = members[2].value.kind
    else {
      Issue.record("not what was written")
      return
    }
    #expect(Array(JSONReader.string(string, of: line.span).utf8) == Array(text.utf8))
  }

  @Test func bytesThatAreNotUTF8AreReplaced() {
    var writer = JSONWriter()
    writer.write("text", utf8: [0x61, 0xff, 0xe2])
    #expect(writer.line() == Array("{\"v\":1,\"text\":\"a\u{FFFD}\u{FFFD}\"}\n".utf8))
  }
}

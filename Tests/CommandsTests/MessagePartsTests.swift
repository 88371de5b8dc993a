import Commands
import Testing

@Suite struct MessagePartsTests {
  private func parts(_ input: [UInt8], by size: Int) throws -> [[UInt8]] {
    var parts = MessageParts()
    var messages: [[UInt8]] = []
    var rest = input[...]
    while !rest.isEmpty {
      messages += try parts.add(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    if let last = try parts.finish() { messages.append(last) }
    return messages
  }

  @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000], [1000, 65_536, 70_001])
  func partsAreTheInputAndNoneIsTooLong(count: Int, size: Int) throws {
    let input = (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 26) }
    let messages = try parts(input, by: size)
    #expect(messages.flatMap { $0 } == input)
    #expect(messages.allSatisfy { $0.count <= MessageParts.limit && !$0.isEmpty })
    #expect(messages.count == (count + 65_535) / 65_536)
  }

  @Test(arguments: ["é", "漢", "👩‍👩‍👧"])
  func noCharacterIsCutInTwo(character: String) throws {
    for shift in 0..<4 {
      let text = String(repeating: "x", count: shift) + String(repeating: character, count: 50_000)
      let messages = try parts(Array(text.utf8), by: 4093)
      #expect(messages.flatMap { $0 } == Array(text.utf8))
      for message in messages {
        #expect(String(validating: message, as: UTF8.self) != nil)
        #expect(message.count <= MessageParts.limit)
      }
    }
  }

  @Test(
    arguments: [
      ([0x61, 0xFF, 0x62], 1), ([0xC0, 0x80], 0), ([0xE0, 0x80, 0x80], 0), ([0xED, 0xA0, 0x80], 0),
      ([0xF5, 0x80, 0x80, 0x80], 0), ([0xF4, 0x90, 0x80, 0x80], 0), ([0x80], 0), ([0x61, 0xC3], 1),
      ([0xE2, 0x82], 0),
    ] as [([UInt8], Int)])
  func whatIsNotTextIsFoundWhereItStands(input: [UInt8], offset: Int) {
    for size in 1...4 {
      #expect(throws: MessageParts.NotText(offset: offset)) { try parts(input, by: size) }
    }
  }

  @Test func partsBeforeAFaultAreHandedOutFirst() throws {
    var parts = MessageParts()
    let first = try parts.add([UInt8](repeating: 0x61, count: 70_000))
    #expect(first.map(\.count) == [65_536])
    #expect(throws: MessageParts.NotText(offset: 70_000)) { try parts.add([0xFF]) }
  }

  @Test func linesAreMessagesWithoutTheirNewlinesAndEmptyOnesAreSkipped() throws {
    var lines = MessageLines()
    #expect(try lines.add(Array("one\n\ntw".utf8)) == [Array("one".utf8)])
    #expect(try lines.add(Array("o\nthree".utf8)) == [Array("two".utf8)])
    #expect(try lines.finish() == Array("three".utf8))
    #expect(try lines.finish() == nil)
  }

  @Test func aLineMayNotEndInTheMiddleOfACharacter() {
    var lines = MessageLines()
    #expect(throws: MessageParts.NotText.self) { try lines.add([0xC3, 0x0A]) }
  }

  @Test func aPipeGetsTheTextUntouchedAndANewlineOnlyWhereNoneIs() {
    #expect(EventTeller.payload(of: Array("a\n".utf8)) == Array("a\n".utf8))
    #expect(EventTeller.payload(of: Array("a".utf8)) == Array("a\n".utf8))
    #expect(EventTeller.payload(of: []) == [0x0A])
    let part = [UInt8](repeating: 0x61, count: 65_533)
    #expect(EventTeller.payload(of: part) == part)
  }
}

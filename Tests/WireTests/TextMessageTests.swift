import Testing
import Wire

@Suite struct TextMessageTests {
  private static let head = TextHead(
    id: MessageID(stream: 0x8000_0000_0000_0001, number: 7),
    sentAt: UnixTime(milliseconds: 1_795_176_000_123),
    commitmentKey: [UInt8](1...32))

  /// Every fragment's inner plaintext without its CRC32.
  private static func fragments(_ message: TextMessage) -> [[UInt8]] {
    (0..<message.fragmentCount).map { index in
      var inner = [UInt8](repeating: 0xee, count: message.size(ofFragment: index).innerByteCount)
      var span = inner.mutableSpan
      message.write(fragment: index, into: &span)
      return Array(inner.dropLast(4))
    }
  }

  @discardableResult
  private static func take(_ inner: [UInt8], _ assembler: inout TextAssembler) throws -> TextMessage? {
    let record = try InnerRecord(parsing: inner.span)
    let body = inner.span.extracting(record.bodyRange)
    guard case .text(let head, let more) = try RecordBody(record, body: body) else {
      throw RecordError.malformed
    }
    return try assembler.take(head, more: more, text: body.extracting(droppingFirst: TextHead.byteCount))
  }

  //
  @Test(arguments: [0, 1, 176, 177, 16_303, 16_304, 16_305, 32_608, 32_609, 40_000, 65_535, 65_536])
  func aTextOfAnyLengthComesBack(_ count: Int) throws {
    let text = (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 26) }
    let message = try TextMessage(head: Self.head, text: text)
    let fragments = Self.fragments(message)
    #expect(fragments.count == max(1, (count + 16_303) / 16_304))
    var assembler = TextAssembler()
    for fragment in fragments.dropLast() {
      #expect(try Self.take(fragment, &assembler) == nil)
      #expect(assembler.isInsideText)
    }
    #expect(try Self.take(try #require(fragments.last), &assembler) == message)
    #expect(!assembler.isInsideText && assembler.keptByteCount == 0)
  }

  //
  @Test func aCharacterMayBeSplitBetweenFragments() throws {
    let text = Array(String(repeating: "€", count: 13_333).utf8) + [UInt8(ascii: "x")]
    let message = try TextMessage(head: Self.head, text: text)
    #expect(text[16_304] & 0xc0 == 0x80)
    var assembler = TextAssembler()
    var whole: TextMessage?
    for fragment in Self.fragments(message) { whole = try Self.take(fragment, &assembler) }
    #expect(whole == message)
  }

  @Test func aTextThatIsTooLongOrNotUTF8IsNotMade() {
    #expect(throws: RecordError.malformed) {
      try TextMessage(head: Self.head, text: [UInt8](repeating: 0x61, count: 65_537))
    }
    for bad: [UInt8] in [[0xff], [0xe2, 0x82], [0xc0, 0x80], [0xed, 0xa0, 0x80]] {
      #expect(throws: RecordError.malformed) { try TextMessage(head: Self.head, text: bad) }
    }
    let zero = TextHead(
      id: MessageID(stream: 1, number: 0), sentAt: UnixTime(milliseconds: 0), commitmentKey: [UInt8](1...32))
    #expect(throws: RecordError.malformed) { try TextMessage(head: zero, text: []) }
  }

  //
  @Test func aReceivedTextThatIsNotUTF8IsRefusedWhenItIsWhole() throws {
    var assembler = TextAssembler()
    let cut = Array(repeating: UInt8(ascii: "a"), count: 16_303) + [0xe2]
    #expect(try assembler.take(Self.head, more: true, text: cut.span) == nil)
    let wrongRest: [UInt8] = [0x82, 0x61]
    #expect(throws: RecordError.malformed) {
      try assembler.take(Self.head, more: false, text: wrongRest.span)
    }
  }

  //
  @Test func aFragmentOfAnotherMessageOrWithOtherFactsIsRefused() throws {
    let full = [UInt8](repeating: 0x61, count: 16_304)
    let others = [
      TextHead(
        id: MessageID(stream: Self.head.id.stream, number: 8), sentAt: Self.head.sentAt,
        commitmentKey: Self.head.commitmentKey),
      TextHead(id: Self.head.id, sentAt: UnixTime(milliseconds: 0), commitmentKey: Self.head.commitmentKey),
      TextHead(id: Self.head.id, sentAt: Self.head.sentAt, commitmentKey: [UInt8](2...33)),
    ]
    for other in others {
      var assembler = TextAssembler()
      #expect(try assembler.take(Self.head, more: true, text: full.span) == nil)
      #expect(throws: RecordError.malformed) { try assembler.take(other, more: false, text: full.span) }
    }
  }

  //
  @Test func everyFragmentButTheLastIsFull() {
    for count in [0, 1, 16_303, 16_305] {
      let piece = [UInt8](repeating: 0x61, count: count)
      var assembler = TextAssembler()
      #expect(throws: RecordError.malformed) { try assembler.take(Self.head, more: true, text: piece.span) }
    }
  }

  //
  @Test func fragmentsThatGrowAboveTheLimitAreRefused() throws {
    let full = [UInt8](repeating: 0x61, count: 16_304)
    var assembler = TextAssembler()
    for _ in 0..<4 { #expect(try assembler.take(Self.head, more: true, text: full.span) == nil) }
    #expect(assembler.keptByteCount == 65_216)
    #expect(throws: RecordError.malformed) { try assembler.take(Self.head, more: true, text: full.span) }
    let rest = [UInt8](repeating: 0x61, count: 321)
    #expect(throws: RecordError.malformed) { try assembler.take(Self.head, more: false, text: rest.span) }
  }

  // [Y-01]
  @Test func anEphemeralStreamHasItsTopBitSet() {
    #expect(Self.head.id.isEphemeral)
    #expect(!MessageID(stream: 0x7fff_ffff_ffff_ffff, number: 1).isEphemeral)
    #expect(Self.head.id.bytes == [0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7])
  }
}

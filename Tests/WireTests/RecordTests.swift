import TestSupport
import Testing
import Wire

@Suite struct RecordTests {
  private static let bodies: [RecordBody] = [
    .acknowledgement(Acknowledgement(count: 3, position: LoggedPosition(record: 9, tag: [UInt8](1...32)))),
    .acknowledgement(Acknowledgement(count: .max, position: nil)),
    .ping(0x0102_0304_0506_0708), .pong(.max),
    .close(Closing(reason: .verified, sent: 1, received: .max)),
    .alert(.blocked),
    .rekey(
      .begin(
        epoch: 1, ephemeral: [UInt8](repeating: 1, count: 32),
        encapsulationKey: [UInt8](repeating: 2, count: 1184))),
    .rekey(
      .answer(
        epoch: 2, ephemeral: [UInt8](repeating: 3, count: 32), ciphertext: [UInt8](repeating: 4, count: 1088),
        confirmation: [UInt8](repeating: 5, count: 32))),
    .rekey(.finish(epoch: .max, confirmation: [UInt8](repeating: 6, count: 32))),
    .synchronisation(.nothing),
    .synchronisation(Synchronisation(stream: 1, number: 2, headSize: 3, headRoot: [UInt8](1...32))),
  ]

  /// An inner plaintext without its CRC32.
  static func inner(_ type: UInt8, flags: UInt8 = 0, _ body: [UInt8], size: RecordSize? = nil) throws
    -> [UInt8]
  {
    let size = try size ?? #require(RecordSize(holding: body.count))
    let head = [type, flags, UInt8(body.count >> 8), UInt8(body.count & 0xff)]
    let filler = size.innerByteCount - RecordSize.overhead - body.count
    return head + body + [UInt8](repeating: 0, count: filler)
  }

  //
  @Test(arguments: bodies)
  func everyBodyComesBackFromEverySizeThatHoldsIt(_ body: RecordBody) throws {
    let smallest = try #require(body.size)
    #expect(body.bytes?.count == body.bodyCount)
    for size in RecordSize.allCases where size >= smallest {
      // What was in the buffer before must not be sent.
      var inner = [UInt8](repeating: 0xee, count: size.innerByteCount)
      var span = inner.mutableSpan
      let isWritten = body.write(into: &span)
      #expect(isWritten)
      #expect(inner.suffix(4) == [0, 0, 0, 0])
      #expect(try RecordBody(parsing: inner.span.extracting(droppingLast: 4)) == body)
    }
  }

  @Test func aBodyIsNotWrittenWhereItHasNoRoom() {
    for body in Self.bodies {
      var inner = [UInt8](repeating: 0, count: (body.bodyCount ?? 0) + RecordSize.overhead - 1)
      var span = inner.mutableSpan
      let isWritten = body.write(into: &span)
      #expect(!isWritten)
    }
  }

  //
  @Test(arguments: bodies)
  func aBodyOfAnyOtherLengthIsRefused(_ body: RecordBody) throws {
    let type = try #require(body.type).rawValue
    let problem: RecordError = (7...9).contains(type) ? .rekey : .malformed
    let bytes = try #require(body.bytes)
    for count in 0...1_300 where count != bytes.count {
      let other = try Self.inner(type, [UInt8](repeating: 0, count: count))
      #expect(throws: problem) { try RecordBody(parsing: other.span) }
    }
  }

  //
  @Test func sizesAreSeven() {
    #expect(RecordSize.largestBody == 16_360)
    let wrong = (0...16_360).filter { bodyCount in
      guard let size = RecordSize(holding: bodyCount) else { return true }
      return size.rawValue < bodyCount + 24
        || RecordSize.allCases.contains { $0 < size && $0.rawValue >= bodyCount + 24 }
    }
    #expect(wrong.isEmpty)
    #expect(RecordSize(holding: 16_361) == nil)
    #expect(RecordSize(holding: -1) == nil)
  }

  //
  @Test func aFramesLengthIsOneOfSevenForEachCipher() throws {
    for cipher in CipherSuite.allCases {
      let beside = cipher == .aes256CBCHMACCRC32 ? 32 : 0
      let allowed = Set(RecordSize.allCases.map { UInt16(1 + $0.rawValue + beside) })
      let lengths = 0...UInt16.max
      let sized = lengths.filter { RecordSize(frameLength: $0, cipher: cipher) != nil }
      let admitted = lengths.filter {
        FrameGate.records(cipher).admits(FrameHead(length: $0, type: 0x10))
      }
      #expect(Set(sized) == allowed && Set(admitted) == allowed)
      #expect(sized.allSatisfy { RecordSize(frameLength: $0, cipher: cipher)?.frameLength(cipher) == $0 })
    }
  }

  //
  @Test(
    arguments: [
      (200, 2), (16, 2), (63, 2), (0, 2), (255, 2), (64, 2),
    ] as [(UInt8, UInt8)])
  func anUnknownTypeThatMayBeIgnoredIsIgnored(_ type: UInt8, _ flags: UInt8) throws {
    let record = try Self.inner(type, flags: flags, [1, 2, 3])
    #expect(try RecordBody(parsing: record.span) == .ignorable(type: type))
  }

  //
  @Test func onlyAnUnknownTypeWithItsFlagIsIgnored() throws {
    let known = Set(RecordType.allCases.map(\.rawValue))
    var taken: Set<UInt8> = []
    for type in UInt8.min ... .max where !known.contains(type) {
      for flags in UInt8.min ... .max {
        let record = try Self.inner(type, flags: flags, [])
        if (try? RecordBody(parsing: record.span)) != nil { taken.insert(flags) }
      }
    }
    #expect(taken == [2])
  }

  //
  @Test func aKnownTypeHasNoFlagThatIsNotItsOwn() throws {
    for body in Self.bodies {
      let type = try #require(body.type).rawValue
      for flags in UInt8.min ... .max {
        let record = try Self.inner(type, flags: flags, try #require(body.bytes))
        if flags & ~2 == 0 {
          #expect(try RecordBody(parsing: record.span) == body)
        } else {
          #expect(throws: RecordError.malformed) { try RecordBody(parsing: record.span) }
        }
      }
    }
  }

  //
  @Test func everyFillerByteMustBeZero() throws {
    let good = try Self.inner(3, [UInt8](1...8))
    var taken: [Int] = []
    for index in 12..<good.count {
      for bit in UInt8(0)..<8 {
        var bad = good
        bad[index] ^= 1 << bit
        if (try? RecordBody(parsing: bad.span)) != nil { taken.append(index) }
      }
    }
    #expect(taken.isEmpty)
  }

  //
  @Test func aBodyLengthBeyondTheRoomIsRefused() throws {
    let good = try Self.inner(3, [UInt8](1...8))
    let taken = ((good.count - 3)...Int(UInt16.max)).filter { length in
      var bad = good
      (bad[2], bad[3]) = (UInt8(length >> 8), UInt8(length & 0xff))
      return (try? RecordBody(parsing: bad.span)) != nil
    }
    #expect(taken.isEmpty)
    for count in 0..<4 {
      #expect(throws: RecordError.malformed) { try InnerRecord(parsing: good.span.extracting(0..<count)) }
    }
  }

  //
  @Test func aTextOfNumberZeroIsRefused() throws {
    var body = [UInt8](repeating: 1, count: 56)
    for index in 8..<16 { body[index] = 0 }
    let record = try Self.inner(1, body)
    #expect(throws: RecordError.malformed) { try RecordBody(parsing: record.span) }
  }

  // [Y-11]
  @Test func aCloseReasonThatDoesNotExistIsRefused() throws {
    for reason in UInt8.min ... .max {
      let record = try Self.inner(5, [reason] + [UInt8](repeating: 0, count: 16))
      if reason <= 3 {
        _ = try RecordBody(parsing: record.span)
      } else {
        #expect(throws: RecordError.malformed) { try RecordBody(parsing: record.span) }
      }
    }
  }

  // [E-02]
  @Test func anAlertOfAnUnknownCodeIsAnError() throws {
    let record = try Self.inner(6, [200])
    #expect(try RecordBody(parsing: record.span) == .alert(.error))
  }

  //
  @Test func anAcknowledgementWithoutALogHasNoTag() throws {
    let none = [UInt8](repeating: 0, count: 8) + [UInt8](repeating: 0xff, count: 8)
    let record = try Self.inner(2, none + [UInt8](repeating: 1, count: 32))
    #expect(throws: RecordError.malformed) { try RecordBody(parsing: record.span) }
  }

  // [E-06]
  @Test func randomRecordsAreReadWithoutATrap() {
    var generator = SeededGenerator(seed: 11)
    var readCount = 0
    for round in 0..<20_000 {
      var inner = generator.bytes([0, 1, 3, 4, 60, 236, 492].randomElement(using: &generator) ?? 236)
      if inner.count > 4, round % 4 != 0 {
        (inner[0], inner[1]) = (UInt8.random(in: 0...12, using: &generator), 0)
        (inner[2], inner[3]) = (0, [1, 8, 17, 48, 56].randomElement(using: &generator) ?? 8)
        for index in inner.indices.dropFirst(4 + Int(inner[3])) { inner[index] = 0 }
      }
      if (try? RecordBody(parsing: inner.span)) != nil { readCount += 1 }
    }
    #expect(readCount > 500)
  }
}

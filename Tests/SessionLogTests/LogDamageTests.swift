import Foundation
import SessionLog
import TestSupport
import Testing
import Wire

/// Every small damage of a log is found, and named with the record it is in.
@Suite struct LogDamageTests {
  /// A log of five records, and the number of the line that each of its bytes belongs to.
  private static func fiveRecords() throws -> (fixture: LogFixture, bytes: [UInt8], line: [Int]) {
    let fixture = try LogFixture()
    let bytes = try fixture.log([
      LogFixture.message(.sent, 1, "hello"),
      .acknowledgement(ordinal: 1, peerRecord: 1, peerTag: .init(repeating: 4, count: 32)),
      LogFixture.message(.received, 1, "hi"), .close(why: .peer, sent: 1, received: 1),
    ])
    return (
      fixture, bytes, lines(bytes).enumerated().flatMap { line in line.element.map { _ in line.offset } }
    )
  }

  @Test("Row 1: each bit of each byte of a five-record log")
  func everyFlippedBitIsFoundInItsRecord() throws {
    let (fixture, bytes, line) = try Self.fiveRecords()
    #expect(lines(bytes).count == 5)
    #expect(try fixture.check(bytes, texts: true).verdict == .verified)
    let header = Array(lines(bytes)[0].dropLast())
    for position in bytes.indices {
      for bit in 0..<8 {
        var edited = bytes
        edited[position] ^= 1 << bit
        let report = try fixture.check(edited, knownHeader: header)
        if position == bytes.count - 1 {
          #expect(report.finding.code == .torn, "last newline, bit \(bit)")
          #expect(report.exitStatus == 3)
          continue
        }
        let codes: [VerdictCode] = [.tag, .text, .format]
        // A header of another version cannot be told from a later format's: it is never called verified.
        let isLaterVersion = report.finding.code == .version && line[position] == 0
        #expect(
          codes.contains(report.finding.code) || isLaterVersion, "\(position) bit \(bit): \(report.finding)")
        #expect(report.finding.record == (isLaterVersion ? nil : line[position]), "\(position) bit \(bit)")
      }
    }
  }

  @Test("Row 25: a cut at every byte")
  func everyCutIsIncompleteAndNeverTampered() throws {
    let (fixture, bytes, line) = try Self.fiveRecords()
    for count in 0..<bytes.count {
      let report = try fixture.check(Array(bytes[..<count]))
      if count == 0 {
        #expect(report.finding.code == .nothing)
      } else if bytes[count - 1] == 0x0A {
        #expect(report.finding.code == .noClose, "\(count)")
        #expect(report.finding.record == line[count - 1], "\(count)")
      } else {
        let start = line.firstIndex(of: line[count - 1]) ?? 0
        #expect(report.finding.code == .torn, "\(count)")
        #expect(report.finding.torn == count - start, "\(count)")
        #expect(report.finding.record == (line[count - 1] == 0 ? nil : line[count - 1] - 1), "\(count)")
      }
      #expect(report.exitStatus == (count == 0 ? 4 : 3))
    }
  }

  @Test func everyDeletedDoubledAndExchangedLineIsNamed() throws {
    let fixture = try LogFixture()
    let whole = lines(try fixture.log())
    for index in 1..<whole.count {
      var edited = whole
      edited.remove(at: index)
      let report = try fixture.check(edited.flatMap { $0 })
      if index == whole.count - 1 {
        #expect(report.finding == Finding(.noClose, record: index - 1))
      } else {
        #expect(report.finding.code == .missing, "\(index)")
        #expect(report.finding.record == index && report.finding.last == index)
        let after = index + 2 < whole.count ? [(index + 2)...(whole.count - 1)] : []
        #expect(report.intact == [0...(index - 1)] + after)
      }
      edited = whole
      edited.insert(whole[index], at: index)
      let doubled = try fixture.check(edited.flatMap { $0 })
      if index == whole.count - 1 {
        #expect(doubled.finding.code == .afterClose)
      } else {
        #expect(doubled.finding.code == .duplicate && doubled.finding.record == index, "\(index)")
        #expect(doubled.intact == [0...(whole.count - 1)])
      }
      for other in (index + 1)..<max(index + 1, whole.count - 1) {
        edited = whole
        edited.swapAt(index, other)
        let swapped = try fixture.check(edited.flatMap { $0 })
        #expect(swapped.finding.code == .order, "\(index) and \(other)")
        #expect(swapped.finding.record == index && swapped.finding.other == other)
      }
    }
  }

  @Test func theVerdictDoesNotDependOnHowTheFileIsCutIntoChunks() throws {
    let fixture = try LogFixture()
    let bytes = try fixture.log()
    var damaged = bytes
    damaged[bytes.count / 2] ^= 1
    for log in [bytes, damaged, Array(bytes.dropLast(20))] {
      let whole = try fixture.check(log)
      for chunk in [1, 2, 7, 63, 64, 65, 500] {
        let pieces = try fixture.check(log, chunk: chunk)
        #expect(pieces.finding == whole.finding)
        #expect(pieces.intact == whole.intact)
        #expect(pieces.records == whole.records)
      }
    }
  }

  /// How many edits are made in all: 50,000, or what `SECURE_CHAT_EDITS` says.
  private static var edits: Int {
    #if DEBUG
      let usual = 1_600
    #else
      let usual = 50_000
    #endif
    return ProcessInfo.processInfo.environment["SECURE_CHAT_EDITS"].flatMap { Int($0) } ?? usual
  }

  @Test("Seeded random edits are all found, and named with their record", arguments: UInt64(1)...4)
  func randomEditsAreFound(seed: UInt64) throws {
    let checked = try RandomEdits(seed: seed).run(Self.edits / 4)
    print("log edits: seed \(seed), \(checked) that change something, all looked for")
  }
}

/// Random damage: substitutions, insertions, deletions, truncations, swapped and foreign lines.
struct RandomEdits {
  private var random: SeededGenerator
  private let seed: UInt64

  init(seed: UInt64) {
    self.seed = seed
    random = SeededGenerator(seed: seed)
  }

  /// Returns how many of them changed anything.
  func run(_ count: Int) throws -> Int {
    var edits = self
    var changed = 0
    let fixture = try LogFixture()
    let whole = lines(try fixture.log())
    let foreign = lines(try fixture.log(random: 2))
    let bytes = whole.flatMap { $0 }
    let line = whole.enumerated().flatMap { line in line.element.map { _ in line.offset } }
    for number in 0..<count {
      let (edited, record, what) = edits.next(bytes, line, whole, foreign)
      guard edited != bytes else { continue }
      changed += 1
      let report = try fixture.check(edited, knownHeader: whole[0].dropLast())
      let place = "seed \(seed) edit \(number): \(what), \(report.finding)"
      #expect(report.exitStatus != 0, "\(place)")
      switch report.verdict {
      case .tampered: #expect(report.finding.record == record, "\(place), expected record \(record)")
      case .incomplete:
        #expect(report.finding.code == .torn || report.finding.code == .noClose, "\(place)")
        // True so far: everything before the damage, which reaches to the end of the file.
        #expect((report.finding.record ?? -1) == record - 1, "\(place)")
      case .error, .cannotCheck: #expect(record == 0, "\(place)")
      case .verified, .agree, .disagree: Issue.record("\(place)")
      }
    }
    return changed
  }

  private mutating func next(
    _ bytes: [UInt8], _ line: [Int], _ whole: [[UInt8]], _ foreign: [[UInt8]]
  ) -> (edited: [UInt8], record: Int, what: String) {
    let position = random.below(bytes.count)
    var edited = bytes
    switch random.below(7) {
    case 0:
      edited[position] = UInt8(truncatingIfNeeded: random.next())
      return (edited, line[position], "substitute at \(position)")
    case 1:
      let inserted = (0...random.below(20)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      edited.insert(contentsOf: inserted, at: position)
      return (edited, line[firstDifference(bytes, edited)], "insert \(inserted.count) at \(position)")
    case 2:
      let end = min(bytes.count, position + 1 + random.below(400))
      edited.removeSubrange(position..<end)
      let place = firstDifference(bytes, edited)
      return (edited, line[place], "delete \(position)..<\(end)")
    case 3:
      return (Array(bytes[..<position]), line[position], "truncate to \(position)")
    case 4:
      let first = 1 + random.below(whole.count - 2)
      let second = first + random.below(whole.count - 1 - first)
      var moved = whole
      moved.swapAt(first, second)
      return (moved.flatMap { $0 }, first, "swap \(first) and \(second)")
    case 5:
      let index = 1 + random.below(whole.count - 1)
      var spliced = whole
      spliced[index] = foreign[index]
      return (spliced.flatMap { $0 }, index, "line \(index) of another log")
    default:
      edited[position] ^= 1 << UInt8(random.below(8))
      let other = position + random.below(bytes.count - position)
      edited[other] ^= 1 << UInt8(random.below(8))
      return (edited, line[firstDifference(bytes, edited)], "flips at \(position) and \(other)")
    }
  }

  private func firstDifference(_ first: [UInt8], _ second: [UInt8]) -> Int {
    zip(first, second).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      ?? min(first.count - 1, second.count)
  }
}

extension SeededGenerator {
  fileprivate mutating func below(_ limit: Int) -> Int { limit <= 1 ? 0 : Int(next() % UInt64(limit)) }
}

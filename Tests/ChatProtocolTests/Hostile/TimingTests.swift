import ChatProtocol
import Cryptography
import Testing
import Wire

@Suite("Clocks, windows and back-pressure")
struct TimingTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 3))

  init() throws { cast = try Cast() }

  // [E-01] [L-02]
  @Test func aHandshakeHasTenSecondsInAll() throws {
    let (alice, bob) = (try cast.dialling(), try cast.accepting())
    bob.pass(seconds: 9)
    bob.receive(alice.sent()[0])
    #expect(bob.code == nil)
    bob.pass(seconds: 1)
    #expect(bob.code == .timeout)
    alice.pass(seconds: 10)
    #expect(alice.code == .timeout)
    #expect(alice.refusal?.peerSentBytes == false)
    #expect(alice.sent().isEmpty)
  }

  // [L-02]
  @Test func oneByteASecondDoesNotStretchAHandshake() throws {
    let bob = try cast.accepting()
    let initiation = try cast.dialling().sent()[0]
    for byte in initiation.prefix(11) {
      bob.receive([byte])
      bob.pass(seconds: 1)
    }
    #expect(bob.code == .timeout)
  }

  // [L-06]
  @Test("attack 34: a record that comes a byte a second after its half is given up at 20 s, as a cut")
  func slowRecord() throws {
    let (alice, bob) = try cast.session()
    alice.say("one", stream)
    let record = alice.sent()[0]
    bob.receive(Array(record.prefix(10)))
    for byte in record[10..<29] {
      bob.pass(seconds: 1)
      bob.receive([byte])
    }
    #expect(bob.code == nil)
    bob.pass(seconds: 1)
    #expect(bob.code == .timeout)
    #expect(bob.end?.isTruncated == true)
    #expect(bob.end?.reason == .truncated)
    #expect(bob.shown.isEmpty)
  }

  // [L-06]
  @Test("attack 34: half a frame and then silence is given up at 20 s, before silence alone would be")
  func halfARecord() throws {
    let (alice, bob) = try cast.session()
    alice.say("one", stream)
    bob.receive(Array(alice.sent()[0].prefix(150)))
    bob.pass(seconds: 19)
    #expect(bob.code == nil)
    bob.pass(seconds: 1)
    #expect(bob.code == .timeout)
    #expect(bob.end?.isTruncated == true)
  }

  // [Y-12]
  @Test func aSilentPeerIsAskedAndThenGivenUp() throws {
    let (alice, _) = try cast.session()
    _ = alice.sent()
    alice.pass(seconds: 12)
    #expect(alice.sent().isEmpty)
    alice.pass(seconds: 5)
    #expect(alice.sent().map(\.count) == [291])
    alice.pass(seconds: 12)
    #expect(alice.code == nil)
    alice.pass(seconds: 1)
    #expect(alice.code == .timeout)
  }

  // [Y-12]
  @Test func anAnswerToAPingKeepsTheSession() throws {
    let (alice, bob) = try cast.session()
    for _ in 0..<20 {
      for peer in [alice, bob] { peer.pass(seconds: 5) }
      cast.talk(alice, bob)
    }
    #expect(alice.isUp && bob.isUp)
  }

  // [L-07] [Y-12]
  @Test func readingStopsWhileMoreThanTheWindowWaitsAndTheSilenceClockStands() throws {
    let (alice, bob) = try cast.session()
    bob.answersLogs = false
    let text = [UInt8](repeating: 65, count: TextMessage.maximumByteCount)
    for _ in 0..<17 {
      alice.tell(.send(stream.next(text: text, at: UnixTime(milliseconds: 1))))
      for frame in alice.sent() { bob.receive(frame) }
    }
    #expect(!bob.machine.wantsToRead)
    _ = bob.sent()
    bob.pass(seconds: 120)
    #expect(bob.code == nil)
    // It still says that it is there.
    #expect(bob.sent().count >= 6)
    bob.answerLogs()
    #expect(bob.machine.wantsToRead)
    #expect(bob.shown.count == 17)
    bob.pass(seconds: 29)
    #expect(bob.code == nil)
    bob.pass(seconds: 2)
    #expect(bob.code == .timeout)
  }

  @Test func textsAreTakenWhileLessThanTheWindowWaits() throws {
    let (alice, _) = try cast.session()
    alice.answersLogs = false
    let text = [UInt8](repeating: 65, count: TextMessage.maximumByteCount)
    var taken = 0
    while alice.machine.canTakeText, taken < 100 {
      alice.tell(.send(stream.next(text: text, at: UnixTime(milliseconds: 1))))
      taken += 1
    }
    #expect(taken == 16)
    alice.answerLogs()
    // Now the bytes wait for the link.
    #expect(!alice.machine.canTakeText)
    _ = alice.sent()
    #expect(alice.machine.canTakeText)
  }

  /// Whoever takes texts and acknowledges none makes this side keep so much, and no more.
  @Test(arguments: [0, TextMessage.maximumByteCount])
  func textsAreTakenWhileFewAreUnacknowledged(length: Int) throws {
    let (alice, bob) = try cast.session()
    bob.answersLogs = false
    let text = [UInt8](repeating: 65, count: length)
    var taken = 0
    while alice.machine.canTakeText, taken < 10_000 {
      alice.tell(.send(stream.next(text: text, at: UnixTime(milliseconds: 1))))
      for frame in alice.sent() { bob.receive(frame) }
      taken += 1
    }
    let weight = length + Limits.textOverheadBytes
    #expect(
      taken == min(Limits.unacknowledgedTexts, (Limits.unacknowledgedBytes + weight - 1) / weight))
    bob.answerLogs()
    cast.talk(alice, bob)
    #expect(alice.receipts.reduce(0) { $0 + $1.ids.count } == taken)
    #expect(alice.machine.canTakeText)
  }

  // [F-01]
  @Test func bytesComeInAnyPieces() throws {
    let (alice, bob) = (try cast.dialling(), try cast.accepting())
    for _ in 0..<6 {
      for (from, to) in [(alice, bob), (bob, alice)] {
        for frame in from.sent() {
          for byte in frame { to.receive([byte]) }
        }
      }
    }
    #expect(alice.isUp && bob.isUp)
  }
}

import Commands
import Messenger
import Testing
import Wire

@Suite struct JSONEventsTests {
  private let session = SessionID(bytes: [UInt8](repeating: 0, count: 32))
  private let id = MessageID(stream: .max, number: .max)
  private let noon = UnixTime(milliseconds: 1_795_176_000_123)

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func anErrorSaysItsCodeExitMessageAndHint() throws {
    let failure = try #require(CommandLineReader.failure(of: ["daemon"]))
    #expect(
      text(JSONEvents.error(failure)).hasPrefix(
        #"{"v":1,"event":"error","code":"E_USAGE","exit":2,"message":"`daemon` comes later"#))
    #expect(text(JSONEvents.error(failure)).hasSuffix("\"}\n"))
    #expect(text(JSONEvents.error(failure)).contains(#","hint":""#))
  }

  @Test func aDialSaysToWhomAndWhere() throws {
    let target = DialTarget(name: try PeerName("bob"), host: "::1", port: 7)
    #expect(
      text(JSONEvents.connecting(target))
        == #"{"v":1,"event":"connecting","to":"bob","address":"[::1]:7"}"# + "\n")
  }

  @Test func aMessageIsExactAndItsTimesAreUTC() throws {
    let event = MessageEvent(
      session: session, id: id, from: try PeerName("alice"), seq: 3, text: Array("a\u{1b}[2J\"é\n".utf8),
      time: noon, sent: noon, verified: false)
    #expect(
      text(JSONEvents.message(event))
        == #"{"v":1,"event":"message","id":"_____________________w","from":"alice","seq":3,"#
        + #""text":"a\u001b[2J\"é\n","time":"2026-11-20T12:00:00.123Z","sent":"2026-11-20T12:00:00.123Z","#
        + #""verified":false}"# + "\n")
  }

  @Test func aDeliveryNamesTheRecordAndItsTagOrNull() throws {
    let bob = try PeerName("bob")
    let logged = DeliveredEvent(
      session: session, id: id, to: bob, seq: 1, logged: 31, tag: [UInt8](repeating: 0, count: 32),
      milliseconds: 84)
    #expect(
      text(JSONEvents.delivered(logged, part: 2))
        == #"{"v":1,"event":"delivered","id":"_____________________w","to":"bob","seq":1,"part":2,"logged":31,"#
        + #""tag":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","ms":84}"# + "\n")
    let notLogged = DeliveredEvent(
      session: session, id: id, to: bob, seq: 1, logged: nil, tag: nil, milliseconds: 0)
    #expect(text(JSONEvents.delivered(notLogged)).contains(#""seq":1,"logged":null,"tag":null,"ms":0}"#))
  }

  @Test func anEndSaysWhyAndHowMuch() throws {
    let event = ClosedEvent(
      session: session, peer: try PeerName("bob"), address: "127.0.0.1:1", dialled: true, reason: .peer,
      peerReason: .bye, alert: nil, code: nil, logProblem: nil, sent: 1, received: 2, truncated: false,
      lastConfirmed: nil)
    #expect(
      text(JSONEvents.closed(event))
        == #"{"v":1,"event":"closed","session":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","peer":"bob","#
        + #""reason":"peer","sent":1,"received":2,"truncated":false}"# + "\n")
    // What failed, where something did.
    let failed = ClosedEvent(
      session: session, peer: try PeerName("bob"), address: "127.0.0.1:1", dialled: true, reason: .error,
      peerReason: nil, alert: nil, code: .state, logProblem: nil, sent: 1, received: 2, truncated: true,
      lastConfirmed: nil)
    #expect(text(JSONEvents.closed(failed)).hasSuffix(#""truncated":true,"code":"E_STATE"}"# + "\n"))
  }

  @Test func aRefusalNamesAnybodyOnlyAfterAFirstContactRan() throws {
    let stranger = RefusedEvent(address: "[::1]:9", code: .proto, name: nil, triesLeft: nil, count: 1)
    #expect(
      text(JSONEvents.refused(stranger))
        == #"{"v":1,"event":"refused","address":"[::1]:9","code":"E_PROTO","#
        + #""reason":"what came is not this protocol, or breaks its rules"}"# + "\n")
    let guess = RefusedEvent(
      address: "[::1]:9", code: .auth, name: try PeerName("bob"), triesLeft: 4, count: 1)
    #expect(text(JSONEvents.refused(guess)).hasSuffix(#","name":"bob","tries_left":4}"# + "\n"))
    let many = RefusedEvent(address: "[::1]:9", code: .proto, name: nil, triesLeft: nil, count: 40)
    #expect(text(JSONEvents.refused(many)).hasSuffix(#","count":40}"# + "\n"))
  }
}

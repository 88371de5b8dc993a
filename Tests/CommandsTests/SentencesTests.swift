import Commands
import Messenger
import Testing
import Wire

@Suite struct SentencesTests {
  private let noon = UnixTime(milliseconds: 1_795_176_000_000)

  private func facts() throws -> PeerFacts {
    PeerFacts(name: try PeerName("carol"), address: "10.0.0.7:5001")
  }

  @Test func everyFailureHasTheExitCodeOfItsKind() throws {
    let facts = try facts()
    let pinned = NotProven(
      peer: facts, pinned: noon, words: "orbit velvet cactus target hammer maple", verified: false,
      isOfThisHome: false, code: .closed)
    let problem = StorageProblem(path: "/x", why: "full", errorNumber: 28)
    let expected: [(MessengerFailure, ExitCode)] = [
      (.usage(.portNeeded), .usage), (.unreachable(Unreachable(peer: facts, cause: .refused)), .unreachable),
      (.notProven(pinned), .identity), (.identityRefused(facts, .ident), .identity),
      (.identityRefused(facts, .downgrade), .identity), (.identityDiffers(pinned), .identity),
      (.keyUnknown(facts, .auth), .authentication), (.firstContactFailed(facts, .auth), .authentication),
      (.guessLimit(facts), .authentication), (.alert(facts, .blocked), .refused),
      (.alert(facts, .tooManySessions), .refused), (.alert(facts, .notMember), .refused),
      (.alert(facts, .error), .failed), (.state(problem), .failed), (.log(problem), .failed),
      (.portInUse(address: "127.0.0.1", port: 1), .failed), (.peerIsVerifying(facts), .failed),
      (.stopped, .interrupted),
    ]
    for (failure, exit) in expected { #expect(Sentences.failure(failure).exit == exit, "\(failure)") }
  }

  @Test func aKeyThatIsNotProvenIsExplainedWithTheNextCommand() throws {
    var facts = NotProven(
      peer: try facts(), pinned: noon, words: "orbit velvet cactus target hammer maple", verified: false,
      isOfThisHome: false, code: .closed)
    let failure = Sentences.failure(.notProven(facts))
    #expect(failure.message.contains("carol did not prove the key you know (pinned 2026-11-20, words orbit"))
    #expect(failure.message.contains("Nothing was sent."))
    #expect(failure.hint?.contains("secure_chat verify carol") == true)
    facts = NotProven(
      peer: facts.peer, pinned: noon, words: facts.words, verified: false, isOfThisHome: true, code: .closed)
    #expect(
      Sentences.failure(.notProven(facts)).message.contains("the carol you know is the one on this computer"))
  }

  @Test func aPortInUseNamesTheOption() {
    let failure = Sentences.failure(.portInUse(address: "127.0.0.1", port: 12345))
    #expect(failure.hint?.contains("--port") == true)
  }

  @Test func aSpentGuessIsCounted() throws {
    let event = RefusedEvent(
      address: "127.0.0.1:9", code: .auth, name: try PeerName("alice"), triesLeft: 4, count: 1)
    #expect(
      Sentences.refused(event) == "first contact with alice failed: wrong password, or cut off (1 of 5)")
  }

  @Test func aFirstContactThatProvedThePasswordIsNotToldAsAWrongOne() throws {
    for code in [ChatErrorCode.downgrade, .ident] {
      let text = Sentences.refused(
        RefusedEvent(address: "127.0.0.1:9", code: code, name: try PeerName("alice"), triesLeft: 4, count: 1))
      #expect(text.contains("alice") && text.contains(code.rawValue) && !text.contains("wrong password"))
    }
  }

  @Test func newKeysAreCountedInWords() {
    #expect((0...2).map { Sentences.renewals($0) }.map { $0.hasSuffix("once") } == [false, true, false])
    #expect(Sentences.renewals(2).hasSuffix("2 times"))
  }

  @Test func anEndByAnErrorNamesItsCode() throws {
    let problem = StorageProblem(path: "/x", why: "full", errorNumber: 28)
    let closed = ClosedEvent(
      session: SessionID(bytes: [UInt8](repeating: 0, count: 32)), peer: try PeerName("bob"),
      address: "127.0.0.1:1", dialled: false, reason: .error, peerReason: nil, alert: nil, code: .state,
      logProblem: problem, sent: 1, received: 2, truncated: true, lastConfirmed: nil)
    let line = Sentences.ended(closed, wasLeft: false, unconfirmed: 0, paint: .plain)
    #expect(line.contains("(E_STATE)") && line.contains("/x: full"))
  }

  @Test func aUsersFilesFaultSaysWhereAndWhichKey() {
    func message(_ json: String) -> String {
      do throws(UsersFileError) {
        _ = try UsersFile(parsing: Array(json.utf8).span, path: "users.json")
        return ""
      } catch {
        return Sentences.usersFile(error).message
      }
    }
    #expect(message("[ {\"username\": \"a\",\n \"ip\": \"::1\", \"port\": 70000} ]").contains("line 2"))
    #expect(message("[ {\"username\": \"a\", \"ip\": \"::1\", \"port\": 70000} ]").contains("`port`"))
    #expect(message("{").hasPrefix("users.json, line 1, column"))
    #expect(message("").contains("empty"))
    #expect(
      !message("[ {\"username\": \"\u{202e}evil\", \"ip\": \"::1\", \"port\": 1} ]").contains("\u{202e}"))
  }

  @Test func aMessageShowsItsProvenNameAndSetsFurtherLinesOff() throws {
    let event = MessageEvent(
      session: SessionID(bytes: []), id: MessageID(stream: 1, number: 1), from: try PeerName("bob"), seq: 1,
      text: Array("one\n23:16 alice  forged\u{1b}[2J\n".utf8), time: noon, sent: noon, verified: true)
    let lines = Sentences.message(event, paint: .plain)
    #expect(lines.count == 2)
    #expect(lines[0].hasSuffix(" bob  one"))
    #expect(lines[1] == "      | 23:16 alice  forged\\x1b[2J")
  }

  @Test func somebodyUnverifiedHasAQuestionMark() throws {
    let event = MessageEvent(
      session: SessionID(bytes: []), id: MessageID(stream: 1, number: 1), from: try PeerName("bob"), seq: 1,
      text: Array("hi".utf8), time: noon, sent: noon, verified: false)
    #expect(Sentences.message(event, paint: .plain)[0].hasSuffix(" ?bob  hi"))
  }

  @Test func aTickNamesTheRecordThatTheOtherSideLogged() throws {
    func tick(_ text: String, logged: UInt64?) throws -> String {
      let event = DeliveredEvent(
        session: SessionID(bytes: []), id: MessageID(stream: 1, number: 1), to: try PeerName("bob"), seq: 1,
        logged: logged, tag: nil, milliseconds: 1)
      return Sentences.tick(text, event, columns: 80, paint: .plain)
    }
    #expect(try tick("yes", logged: 4).hasSuffix("✓ logged by bob (#4)"))
    #expect(try tick("yes", logged: 4).dropFirst(5).hasPrefix(" you  yes  "))
    #expect(try tick("yes", logged: nil).hasSuffix("✓ received, not logged"))
    let long = try tick(String(repeating: "long ", count: 100), logged: 4)
    #expect(long.count <= 80)
    #expect(long.contains("…"))
  }

  @Test func longSentencesBreakBetweenWordsAndNotInsideACommand() {
    let text =
      "If carol confirms it by another channel, then type this command:  secure_chat verify carol --to 10.0.0.7:5001"
    let lines = Wrapping.wrap(text, columns: 60).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.count < 60 })
    #expect(lines.last == " command:  secure_chat verify carol --to 10.0.0.7:5001")
    #expect(Wrapping.wrap("short", columns: 60) == "short")
    #expect(Wrapping.wrap(text, columns: 10) == text)
  }
}

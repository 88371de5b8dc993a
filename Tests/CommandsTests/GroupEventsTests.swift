import Commands
import Foundation
import Messenger
import TestSupport
import Testing
import Wire

/// The events and the sentences of groups.
@Suite struct GroupEventsTests {
  private enum Kind { case text, number, truth, texts, time }

  /// Fields that every event of a name has, as the manual names them.
  private static let fields: [String: [String: Kind]] = [
    "invited": ["group": .text, "id": .text, "by": .text, "members": .texts],
    "member": ["group": .text, "name": .text, "change": .text],
    "message": [
      "id": .text, "group": .text, "from": .text, "seq": .number, "text": .text, "time": .time, "sent": .time,
      "verified": .truth,
    ],
    "accepted": ["group": .text, "id": .text, "seq": .number, "ms": .number],
    "text_refused": ["group": .text, "id": .text, "reason": .text],
    "misdeed": ["group": .text, "code": .text, "message": .text],
    "group_ended": ["group": .text, "reason": .text],
    "group_connected": ["group": .text, "address": .text, "members": .texts],
    "warning": ["code": .text, "message": .text],
  ]

  private func has(_ line: JSONLine, _ field: String, _ kind: Kind) -> Bool {
    switch kind {
    case .text: return line.text(field)?.isEmpty == false
    case .time: return line.text(field) == "2026-11-20T12:00:00.123Z"
    case .number: return line.number(field).map { $0 >= 0 } == true
    case .truth: return line.truth(field) != nil
    case .texts:
      guard case .list(let values)? = line.members[field] else { return false }
      return values.allSatisfy { if case .text = $0 { true } else { false } }
    }
  }

  @Test func everyEventHasEveryFieldOfTheManual() throws {
    var seen: Set<String> = []
    for happening in try GroupSamples.all() {
      guard let bytes = JSONEvents.group(happening) else {
        guard case .logged = happening else {
          Issue.record("no event for \(happening)")
          continue
        }
        continue
      }
      for text in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
        let line = try JSONLine(String(text))
        let event = try #require(line.event)
        seen.insert(event)
        #expect(text.hasPrefix(#"{"v":1,"event":""#))
        for (field, kind) in try #require(Self.fields[event], "\(text)") {
          #expect(has(line, field, kind), "\(field) of \(text)")
        }
      }
    }
    #expect(seen == Set(Self.fields.keys))
  }

  @Test func theChangesOfAMemberAreThoseOfTheManual() throws {
    #expect(
      JSONEvents.MemberChange.allCases.map(\.rawValue)
        == ["invited", "joined", "left", "removed", "online", "offline"])
    let (team, bob) = (try GroupName("team"), try PeerName("bob"))
    #expect(
      String(
        decoding: JSONEvents.member(team, bob, .invited, by: try PeerName("alice"), waits: true),
        as: UTF8.self)
        == #"{"v":1,"event":"member","group":"team","name":"bob","change":"invited","by":"alice","waits":true}"#
        + "\n")
  }

  @Test func aGroupsMessageIsExactAndSaysWhereItMayHaveBeenShown() throws {
    let text = String(
      decoding: JSONEvents.message(try GroupSamples.message("a\u{1b}\n", again: true)), as: UTF8.self)
    #expect(
      text == #"{"v":1,"event":"message","id":"_____________________w","group":"team","from":"bob","seq":3,"#
        + #""text":"a\u001b\n","time":"2026-11-20T12:00:00.123Z","sent":"2026-11-20T12:00:00.123Z","#
        + #""verified":false,"again":true}"# + "\n")
  }

  @Test func whatHappensIsToldToOthersAndNotToWhomItIsAbout() throws {
    let (alice, carol) = (try PeerName("alice"), try PeerName("carol"))
    for happening in try GroupSamples.all() {
      if case .message = happening { continue }
      #expect(Sentences.told(happening, me: alice, typing: .lobby)?.isEmpty == false, "\(happening)")
    }
    let joined = GroupHappening.joined(
      group: try GroupName("team"), name: carol, words: "one two three four five six")
    #expect(Sentences.told(joined, me: carol, typing: .lobby) == nil)
    #expect(
      Sentences.told(joined, me: alice, typing: .lobby)?.contains("one two three four five six") == true)
  }

  @Test func anInvitationSaysWhatToTypeWhereOneIs() throws {
    let invited = try #require(try GroupSamples.all().first)
    func told(_ typing: Sentences.Typing) throws -> String? {
      Sentences.told(invited, me: try PeerName("alice"), typing: typing)
    }
    #expect(try told(.lobby)?.hasSuffix("To join:  join team") == true)
    #expect(try told(.conversation)?.hasSuffix("To join:  /join team") == true)
    #expect(try told(.shell)?.hasSuffix("To join:  secure_chat join team") == true)
    #expect(try told(.lobby)?.contains("bob has invited you to team, with carol.") == true)
  }

  @Test func everyMisdeedSaysWhatItMeansAndWhatToDo() throws {
    var codes: Set<String> = []
    for trouble in GroupSamples.troubles(try PeerName("bob")) {
      let words = Sentences.misdeed(trouble, in: try GroupName("team"))
      #expect(words.hasPrefix("! team: ") && words.contains(" That means: "), "\(words)")
      // A sentence after what it means: what to do.
      #expect(words.components(separatedBy: ". ").count >= 3, "\(words)")
      let (code, name) = Sentences.code(of: trouble)
      codes.insert(code)
      if let name { #expect(words.contains(name.text)) }
    }
    #expect(
      codes == [
        "chain_broken", "rolled_back", "forgotten", "forked", "gap", "replayed", "bad_signature", "garbage",
        "bad_receipt",
        "bad_commit",
      ])
  }

  @Test func aTextThatOnlyLooksLikeAnotherMembersIsSetOff() throws {
    let lines = Sentences.message(try GroupSamples.message("one\n[team] alice  two"), paint: .plain)
    #expect(lines.count == 2)
    #expect(lines[0].hasSuffix(" [team] ?bob  one"))
    #expect(lines[1].hasSuffix("| [team] alice  two") && lines[1].hasPrefix("   "))
  }
}

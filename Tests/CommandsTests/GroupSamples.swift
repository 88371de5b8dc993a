import Commands
import Foundation
import Messenger
import TestSupport
import Wire

/// Happenings in a group "team" of alice (oneself), bob and carol.
enum GroupSamples {
  static let noon = UnixTime(milliseconds: 1_795_176_000_123)
  static let id = MessageID(stream: .max, number: .max)

  static func message(_ text: String, again: Bool = false) throws -> GroupMessageEvent {
    GroupMessageEvent(
      group: try GroupName("team"), groupID: GroupID(bytes: [UInt8](repeating: 0, count: 32)), id: id,
      from: try PeerName("bob"), seq: 3, text: Array(text.utf8), time: noon, sent: noon, verified: false,
      again: again)
  }

  /// One of each.
  static func all() throws -> [GroupHappening] {
    let (team, bob, carol) = (try GroupName("team"), try PeerName("bob"), try PeerName("carol"))
    return [
      .invited(
        group: team, id: GroupID(bytes: [UInt8](repeating: 0, count: 32)), by: bob, members: [bob, carol]),
      .memberInvited(group: team, name: carol, words: "one two three four five six", by: bob),
      .joined(group: team, name: carol, words: "one two three four five six"),
      .left(group: team, name: carol), .removed(group: team, name: carol, by: bob),
      .removed(group: team, name: carol, by: nil), .offline(group: team, names: [bob, carol], by: bob),
      .presence(group: team, name: bob, online: true), .presence(group: team, name: bob, online: false),
      .message(try message("hello")),
      .accepted(GroupAcceptedEvent(group: team, id: id, seq: 7, milliseconds: 12)),
      .refused(group: team, id: id, why: "its limit"), .ended(group: team, .left),
      .ended(group: team, .removed(by: bob)), .ended(group: team, .forked),
      .connected(group: team, address: "127.0.0.1:1", members: [bob]),
      .reconnecting(group: team, address: "127.0.0.1:1", seconds: 4),
      .logged(group: team, path: "/logs/team"), .invitationDropped(from: carol),
      .invitationDropped(from: nil),
      .storageFailed(
        group: team, StorageProblem(path: "/x", why: "no space left on device", errorNumber: 28)),
    ] + troubles(bob).map { .misdeed(group: team, $0) }
  }

  static func troubles(_ name: PeerName) -> [GroupTrouble] {
    [
      .chainBroken, .rolledBack, .forgotten(entries: 3), .forked(name), .forked(nil), .gap(name, missing: 2),
      .replayed(name),
      .replayed(nil), .badSignature(name), .badSignature(nil), .garbage, .badReceipt, .badCommit(name),
      .badCommit(nil),
    ]
  }
}

/// A home whose only user, alice, has logs of two groups and of a contact.
final class LogFolders {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for path in [
      "home/profiles/alice/contacts", "logs/alice/team-00112233", "logs/alice/night-00112233",
      "logs/alice/night-44556677", "logs/alice/bob-00112233", "logs/alice/$(x)-00112233",
    ] {
      try FileManager.default.createDirectory(
        atPath: folder.file(path), withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    }
    try folder.write("", to: "home/profiles/alice/contacts/bob")
    try folder.write("", to: "home/profiles/alice/identity")
  }

  func complete(_ more: String...) -> [String] {
    UserNames.completeGroups(
      ["secure_chat", "join", "--home", folder.file("home"), "--logs", folder.file("logs")] + more, 0, "")
  }
}

import Foundation
import LogFiles
import Messenger
import Places
import SessionLog
import TestSupport
import Testing
import Wire

/// A relay on the loopback, and five users whose users file reaches nobody: they meet by ports that the test knows.
final class GroupHouse {
  let household: Household
  private var server: RelayServer?
  private let port: UInt16

  static let users = """
    [ {"username": "alice", "password": "password1", "ip": "127.0.0.1", "port": 1},
      {"username": "bob", "password": "password2", "ip": "127.0.0.1", "port": 1},
      {"username": "carol", "password": "password3", "ip": "127.0.0.1", "port": 1},
      {"username": "dave", "password": "password4", "ip": "127.0.0.1", "port": 1} ]
    """

  init() async throws {
    household = try Household(users: Self.users)
    let server = try await Self.relay(in: household, port: 0)
    self.server = server
    port = server.summary.port
  }

  var relay: RelayServer { get throws { try #require(server) } }

  private static func relay(in household: Household, port: UInt16) async throws -> RelayServer {
    try await RelayServer.start(
      RelayServerOptions(
        home: household.folder.file("relay"), name: try PeerName("relay"), host: "127.0.0.1", port: port))
  }

  var address: RelayAddress { RelayAddress(host: "127.0.0.1", port: port) }

  func stopRelay() async {
    await server?.stop()
    server = nil
  }

  /// The same relay again, at the same place; what the old one held may be let go of a moment later.
  func startRelay() async throws {
    for _ in 0..<600 {
      server = try? await Self.relay(in: household, port: port)
      if server != nil { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    server = try await Self.relay(in: household, port: port)
  }

  /// Lines of all logs of a user's groups.
  func logLineCount(of name: String) throws -> Int {
    try household.folder.allFiles.filter { $0.hasPrefix("logs-\(name)/") && $0.contains("/team") }.reduce(0) {
      $0 + (try Data(contentsOf: URL(fileURLWithPath: household.folder.file($1)))).count { $0 == 0x0A }
    }
  }

  /// A user who has come; `home` gives another user of the same name.
  func come(_ name: String, home: String? = nil, startsTaking: Bool = true) async throws -> GroupUser {
    let messenger = try await household.open(name, home: home)
    return GroupUser(name: name, messenger: messenger, startsTaking: startsTaking)
  }

  /// alice and bob, in a group "team" that alice made.
  func twoInTeam() async throws -> (alice: GroupUser, bob: GroupUser) {
    let (alice, bob) = (try await come("alice"), try await come("bob"))
    try await alice.meet(bob)
    try await alice.messenger.openGroups(relay: address)
    _ = try await alice.create("team", with: ["bob"])
    try await bob.join("team")
    #expect(await alice.seen.waits { $0.joined == ["bob"] })
    return (alice, bob)
  }

  /// Whether every log of this user's group is whole, and closed.
  func logVerdicts(of name: String) throws -> [Verdict] {
    let home = HomePath(household.folder.file("home-" + name))
    let checker = LogChecker(LogKeyring(.profiles(home)) { _, _, _ in nil }, texts: true)
    return try checker.check(household.folder.file("logs-" + name)).filter { !$0.isFolder }.compactMap {
      $0.path.contains("/team") ? $0.report.verdict : nil
    }
  }

  /// Files of a user's groups in which one of these bytes stands.
  func groupFiles(of name: String, holding needles: [[UInt8]]) throws -> [String] {
    let folder = "home-\(name)/profiles/\(name)/groups/"
    return try household.folder.allFiles.filter { $0.hasPrefix(folder) }.filter { file in
      let content = try Data(contentsOf: URL(fileURLWithPath: household.folder.file(file)))
      return needles.contains { content.range(of: Data($0)) != nil }
    }
  }
}

/// A user of the groups' tests, and what they saw.
final class GroupUser {
  let name: String
  let messenger: Messenger
  let seen: Watcher

  init(name: String, messenger: Messenger, startsTaking: Bool) {
    self.name = name
    self.messenger = messenger
    seen = Watcher(messenger, startTaking: startsTaking)
  }

  var peer: PeerName { get throws { try PeerName(name) } }

  /// A session with another user, which stays up.
  func meet(_ other: GroupUser) async throws {
    let port = try await other.messenger.listenAnywhere()
    _ = try await messenger.dial(other.name, port: port)
    #expect(await other.seen.waits { $0.connected.contains { $0.peer.text == self.name } })
  }

  func create(_ group: String, with others: [String]) async throws -> GroupInvited {
    try await messenger.createGroup(try GroupName(group), inviting: others.map { try PeerName($0) })
  }

  func join(_ group: String) async throws {
    #expect(
      await seen.waits {
        $0.happenings.contains {
          if case .invited(let name, _, _, _) = $0 { name.text == group } else { false }
        }
      })
    _ = try await messenger.join(try GroupName(group))
  }

  func say(_ text: String, in group: String) async throws {
    _ = try await messenger.send(Array(text.utf8), toGroup: try GroupName(group))
  }

  func reads(_ count: Int) async -> Bool { await seen.waits { $0.groupMessages.count >= count } }

  /// What was shown, as "NAME: text".
  var lines: [String] {
    seen.groupMessages.map { "\($0.from.text): \(String(decoding: $0.text, as: UTF8.self))" }
  }

  func lines(of author: String) -> [String] { lines.filter { $0.hasPrefix(author + ": ") } }

  func group(_ name: String) async throws -> GroupSummary? {
    try await messenger.groups().first { $0.name.text == name }
  }

  /// Waits until the group's members are just these.
  func sees(_ members: Set<String>, in group: String) async throws -> Bool {
    for _ in 0..<6000 {
      if Set(try await self.group(group)?.members.map(\.name.text) ?? []) == members { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  func go() async { await messenger.shutDown() }
}

extension Watcher {
  var happenings: [GroupHappening] {
    events.compactMap { if case .group(let happening) = $0 { happening } else { nil } }
  }
  var groupMessages: [GroupMessageEvent] {
    happenings.compactMap { if case .message(let message) = $0 { message } else { nil } }
  }
  var joined: [String] {
    happenings.compactMap { if case .joined(_, let name, _) = $0 { name.text } else { nil } }
  }
  var ended: [GroupSummary.Standing] {
    happenings.compactMap { if case .ended(_, let standing) = $0 { standing } else { nil } }
  }
  func wasRemoved(by remover: String) -> Bool {
    ended.contains { if case .removed(let by) = $0 { by?.text == remover } else { false } }
  }
  var offline: [[String]] {
    happenings.compactMap { if case .offline(_, let names, _) = $0 { names.map(\.text) } else { nil } }
  }
  /// The last that was told of somebody's presence.
  func presence(of name: String) -> Bool? {
    happenings.compactMap {
      if case .presence(_, let who, let online) = $0, who.text == name { online } else { nil }
    }.last
  }
  var accepted: [GroupAcceptedEvent] {
    happenings.compactMap { if case .accepted(let event) = $0 { event } else { nil } }
  }
  var troubles: [GroupTrouble] {
    happenings.compactMap { if case .misdeed(_, let trouble) = $0 { trouble } else { nil } }
  }
}

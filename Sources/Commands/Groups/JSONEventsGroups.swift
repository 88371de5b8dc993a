package import Messenger
package import Wire

// The events of groups.
extension JSONEvents {
  /// What changed about a member.
  package enum MemberChange: String, Sendable, CaseIterable {
    case invited, joined, left, removed, online, offline
  }

  /// Nil for what only people are told.
  package static func group(_ happening: GroupHappening) -> [UInt8]? {
    switch happening {
    case .invited(let group, let id, let by, let members):
      line("invited") { fields in
        fields.write("group", group.text)
        fields.write("id", id.text)
        fields.write("by", by.text)
        fields.write("members", members.map(\.text))
      }
    case .memberInvited(let group, let name, let words, let by):
      member(group, name, .invited, by: by, words: words)
    case .joined(let group, let name, let words): member(group, name, .joined, words: words)
    case .left(let group, let name): member(group, name, .left)
    case .removed(let group, let name, let by): member(group, name, .removed, by: by)
    case .offline(let group, let names, let by): unreached(names, in: group, by: by)
    case .presence(let group, let name, let online): member(group, name, online ? .online : .offline)
    case .message(let event): message(event)
    case .accepted(let event): accepted(event)
    case .refused(let group, let id, let why):
      line("text_refused") { fields in
        fields.write("group", group.text)
        fields.write("id", id.text)
        fields.write("reason", why)
      }
    case .misdeed(let group, let trouble): misdeed(trouble, in: group)
    case .ended(let group, let standing): ended(group, standing)
    case .connected(let group, let address, let members):
      line("group_connected") { fields in
        fields.write("group", group.text)
        fields.write("address", address)
        fields.write("members", members.map(\.text))
      }
    case .reconnecting: warning("W_RELAY", happening)
    case .invitationDropped: warning("W_INVITATION", happening)
    case .storageFailed: warning("W_GROUP_STATE", happening)
    case .logged: nil
    }
  }

  /// `waits`: an invitation that did not reach its member yet.
  package static func member(
    _ group: GroupName, _ name: PeerName, _ change: MemberChange, by: PeerName? = nil, words: String? = nil,
    waits: Bool? = nil
  ) -> [UInt8] {
    line("member") { fields in
      fields.write("group", group.text)
      fields.write("name", name.text)
      fields.write("change", change.rawValue)
      if let by { fields.write("by", by.text) }
      if let words { fields.write("words", words) }
      if let waits { fields.write("waits", waits) }
    }
  }

  private static func unreached(_ names: [PeerName], in group: GroupName, by: PeerName) -> [UInt8] {
    names.flatMap { member(group, $0, .invited, by: by, waits: true) }
  }

  package static func message(_ event: GroupMessageEvent) -> [UInt8] {
    line("message") { fields in
      fields.write("id", event.id.text)
      fields.write("group", event.group.text)
      fields.write("from", event.from.text)
      fields.write("seq", event.seq)
      fields.write("text", utf8: event.text)
      fields.write("time", event.time)
      fields.write("sent", event.sent)
      fields.write("verified", event.verified)
      if event.again { fields.write("again", true) }
    }
  }

  package static func accepted(_ event: GroupAcceptedEvent) -> [UInt8] {
    line("accepted") { fields in
      fields.write("group", event.group.text)
      fields.write("id", event.id.text)
      fields.write("seq", event.seq)
      fields.write("ms", max(0, event.milliseconds))
    }
  }

  private static func misdeed(_ trouble: GroupTrouble, in group: GroupName) -> [UInt8] {
    let (code, name) = Sentences.code(of: trouble)
    return line("misdeed") { fields in
      fields.write("group", group.text)
      fields.write("code", code)
      if let name { fields.write("name", name.text) }
      if case .gap(_, let missing) = trouble { fields.write("missing", missing) }
      if case .forgotten(let entries) = trouble { fields.write("missing", entries) }
      fields.write("message", Sentences.misdeed(trouble, in: group))
    }
  }

  static func ended(_ group: GroupName, _ standing: GroupSummary.Standing) -> [UInt8] {
    let (reason, by) = Self.reason(standing)
    return line("group_ended") { fields in
      fields.write("group", group.text)
      fields.write("reason", reason)
      if let by { fields.write("by", by.text) }
    }
  }

  private static func reason(_ standing: GroupSummary.Standing) -> (String, PeerName?) {
    switch standing {
    case .invited(let by): ("invited", by)
    case .member: ("member", nil)
    case .left: ("left", nil)
    case .removed(let by): ("removed", by)
    case .forked: ("forked", nil)
    }
  }

  private static func warning(_ code: String, _ happening: GroupHappening) -> [UInt8]? {
    Sentences.told(happening, me: nil, typing: .shell).map { warning(code: code, message: $0) }
  }

  /// One group of `group list` or `group show`.
  package static func group(_ summary: GroupSummary) -> [UInt8] {
    let (standing, by) = Self.reason(summary.standing)
    return line("group") { fields in
      fields.write("name", summary.name.text)
      fields.write("id", summary.id.text)
      fields.write("standing", standing)
      if let by { fields.write("by", by.text) }
      fields.write("members", summary.members.map(\.name.text))
      fields.write("online", summary.members.filter(\.online).map(\.name.text))
      fields.write("admins", summary.members.filter(\.isAdmin).map(\.name.text))
      fields.write("relay", summary.relay)
      fields.write("relay_words", summary.relayWords)
      fields.write("epoch", summary.epoch)
    }
  }

  /// A member's line of `group show`.
  package static func groupMember(_ member: GroupMemberSummary, of group: GroupName) -> [UInt8] {
    line("group_member") { fields in
      fields.write("group", group.text)
      fields.write("name", member.name.text)
      fields.write("words", member.words)
      fields.write("verified", member.verified)
      fields.write("admin", member.isAdmin)
      fields.write("me", member.isMe)
      fields.write("online", member.online)
    }
  }
}

package import Messenger
package import Wire

/// The events of `--json`: one object a line, `"v":1` first, then `"event"`, then fields in the order of
/// the manual; times are RFC 3339 in UTC with milliseconds.
package enum JSONEvents {
  package static func listening(as me: PeerName, _ summary: ListeningSummary) -> [UInt8] {
    line("listening") { fields in
      fields.write("as", me.text)
      fields.write("address", summary.address)
      fields.write("port", summary.port)
      fields.write("first_contact", summary.firstContact)
    }
  }

  package static func relayListening(_ summary: RelayServerSummary) -> [UInt8] {
    line("listening") { fields in
      fields.write("as", summary.identity.name.text)
      fields.write("address", summary.address)
      fields.write("port", summary.port)
      fields.write("words", summary.identity.words)
      fields.write("profile", summary.identity.profile)
      fields.write("keep_s", summary.keepSeconds)
      fields.write("quota", summary.quota)
    }
  }

  package static func counters(_ counters: RelayServerCounters) -> [UInt8] {
    line("counters") { fields in
      fields.write("links", counters.links)
      fields.write("mailboxes", counters.mailboxes)
      fields.write("entries", counters.entries)
      fields.write("appends", counters.appends)
      fields.write("received_bytes", counters.receivedByteCount)
      fields.write("deliveries", counters.deliveries)
      fields.write("delivered_bytes", counters.deliveredByteCount)
      fields.write("refused", counters.refusals)
      fields.write("conflicts", counters.conflicts)
      fields.write("bad_commits", counters.badCommits)
      fields.write("closed_links", counters.closedLinks)
      fields.write("store_failures", counters.storeFailures)
      fields.write("connections", counters.connections)
      fields.write("handshakes", counters.handshakes)
      fields.write("refused_handshakes", counters.refusedHandshakes)
    }
  }

  package static func connecting(_ target: DialTarget) -> [UInt8] {
    line("connecting") { fields in
      fields.write("to", target.name.text)
      fields.write("address", target.address)
    }
  }

  package static func step(_ step: StepEvent) -> [UInt8] {
    line("step") { fields in
      fields.write("name", step.name)
      fields.write("dir", step.direction.rawValue)
    }
  }

  package static func connected(_ event: ConnectedEvent) -> [UInt8] {
    line("connected") { fields in
      fields.write("session", event.session.text)
      fields.write("peer", event.peer.text)
      fields.write("address", event.address)
      fields.write("group", event.group.name)
      fields.write("cipher", event.cipher.name)
      fields.write("known", event.known)
      fields.write("verified", event.verified)
      if !event.known { fields.write("words", event.words) }
    }
  }

  package static func message(_ event: MessageEvent) -> [UInt8] {
    line("message") { fields in
      fields.write("id", event.id.text)
      fields.write("from", event.from.text)
      fields.write("seq", event.seq)
      fields.write("text", utf8: event.text)
      fields.write("time", event.time)
      fields.write("sent", event.sent)
      fields.write("verified", event.verified)
    }
  }

  /// `part`: the message's number, where standard input was split into several.
  package static func delivered(_ event: DeliveredEvent, part: Int? = nil) -> [UInt8] {
    line("delivered") { fields in
      fields.write("id", event.id.text)
      fields.write("to", event.to.text)
      fields.write("seq", event.seq)
      if let part { fields.write("part", part) }
      if let logged = event.logged { fields.write("logged", logged) } else { fields.writeNull("logged") }
      fields.write("tag", event.tag.map { Base64URL.encode($0) })
      fields.write("ms", max(0, event.milliseconds))
    }
  }

  package static func closed(_ event: ClosedEvent) -> [UInt8] {
    line("closed") { fields in
      fields.write("session", event.session.text)
      fields.write("peer", event.peer.text)
      fields.write("reason", event.reason.rawValue)
      fields.write("sent", event.sent)
      fields.write("received", event.received)
      fields.write("truncated", event.truncated)
      if let code = event.code { fields.write("code", code.rawValue) }
    }
  }

  package static func refused(_ event: RefusedEvent) -> [UInt8] {
    line("refused") { fields in
      fields.write("address", event.address)
      fields.write("code", event.code.rawValue)
      fields.write("reason", Sentences.reason(event))
      if let name = event.name { fields.write("name", name.text) }
      if let left = event.triesLeft { fields.write("tries_left", max(0, left)) }
      if event.count > 1 { fields.write("count", event.count) }
    }
  }

  package static func repairWanted(_ event: RepairWantedEvent) -> [UInt8] {
    line("repair_wanted") { fields in
      fields.write("name", event.name.text)
      fields.write("address", event.address)
    }
  }

  package static func error(_ failure: Failure) -> [UInt8] {
    line("error") { fields in
      fields.write("code", failure.code)
      fields.write("exit", failure.exit.rawValue)
      fields.write("message", failure.message)
      if let hint = failure.hint { fields.write("hint", hint) }
    }
  }

  package static func warning(code: String, message: String) -> [UInt8] {
    line("warning") { fields in
      fields.write("code", code)
      fields.write("message", message)
    }
  }

  package static func identity(_ identity: IdentitySummary) -> [UInt8] {
    line("identity") { fields in
      fields.write("name", identity.name.text)
      fields.write("words", identity.words)
      fields.write("profile", identity.profile)
    }
  }

  package static func usersFile(_ path: String, count: Int) -> [UInt8] {
    line("users_file") { fields in
      fields.write("path", path)
      fields.write("users", count)
    }
  }

  package static func contact(_ contact: ContactSummary, blocked: UnixTime?) -> [UInt8] {
    line("contact") { fields in
      fields.write("name", contact.name.text)
      fields.write("words", contact.words)
      fields.write("verified", contact.verified)
      if let verifiedAt = contact.verifiedAt { fields.write("verified_at", verifiedAt) }
      if !contact.isFromUsersFile { fields.write("paired", contact.pinned) }
      fields.write("provisional", contact.isProvisional)
      fields.write("floor", contact.floor.name)
      fields.write("blocked", blocked != nil)
      if let blocked { fields.write("blocked_at", blocked) }
      fields.write("profile", contact.profile)
    }
  }

  /// A blocked name that is no contact.
  package static func blocked(_ name: PeerName, since: UnixTime) -> [UInt8] {
    line("contact") { fields in
      fields.write("name", name.text)
      fields.write("blocked", true)
      fields.write("blocked_at", since)
    }
  }

  package static func profile(_ contact: ContactSummary) -> [UInt8] {
    line("profile") { fields in
      fields.write("name", contact.name.text)
      fields.write("words", contact.words)
      fields.write("profile", contact.profile)
    }
  }

  package static func version(_ number: String) -> [UInt8] {
    line("version") { $0.write("version", number) }
  }

  static func line(_ event: String, _ fields: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter(event: event)
    fields(&writer)
    return writer.line()
  }
}

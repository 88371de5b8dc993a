package import Wire

/// Which of several sessions with one contact are given up: one that is idle beside another is closed by its
/// initiator (PROTOCOL 1.4).
///
/// Both sides judge by clocks and orders of their own, and two sessions of crossing dials must not both go.
/// So an idle one goes beside one that is clearly in use, or else beside one of a greater session id, which
/// is the same on both sides: of idle ones the greatest stays.
package struct IdleDoubles {
  package struct Session {
    package let id: [UInt8]
    /// The contact's profile id.
    package let contact: [UInt8]
    /// This side is its initiator.
    package let isDialled: Bool
    /// When the last text of either direction went or came.
    package let lastText: Moment

    package init(id: [UInt8], contact: [UInt8], isDialled: Bool, lastText: Moment) {
      self.id = id
      self.contact = contact
      self.isDialled = isDialled
      self.lastText = lastText
    }
  }

  /// Without a text for so long a session is idle.
  package let limitMilliseconds: Int64

  package init(limitMilliseconds: Int64) { self.limitMilliseconds = limitMilliseconds }

  /// Places of the sessions that this side closes now.
  package func surplus(among sessions: [Session], at now: Moment) -> [Int] {
    sessions.indices.filter { index in
      let session = sessions[index]
      guard session.isDialled, now.milliseconds(since: session.lastText) >= limitMilliseconds else {
        return false
      }
      return sessions.contains { other in
        other.contact == session.contact && other.id != session.id
          && (isInUse(other, at: now) || session.id.lexicographicallyPrecedes(other.id))
      }
    }
  }

  /// In use on this side is not idle on the other, by a third of the limit for the way and the clocks.
  private func isInUse(_ session: Session, at now: Moment) -> Bool {
    now.milliseconds(since: session.lastText) < limitMilliseconds * 2 / 3
  }
}

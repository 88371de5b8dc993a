import Wire

extension Session {
  /// The next moment at which something is due without anything having happened.
  var deadline: Moment? {
    switch phase {
    case .draining, .over: nil
    case .storing, .confirming: nil
    case .awaitingFirstRecord: clock.silenceEnds
    case .open: [clock.silenceEnds, pingDue, closingEnds, rekeyDeadline].compactMap { $0 }.min()
    }
  }

  /// After its own CLOSE a side sends no PINGs.
  private var pingDue: Moment? { closeSentAt == nil ? clock.pingDue : nil }

  /// When the other side's CLOSE, or its last ACKs, are given up. While this side's own log is
  /// behind, it is not the other that is late.
  private var closingEnds: Moment? {
    guard let closeSentAt, logs.incomingCount == 0 else { return nil }
    return max(closeSentAt, clock.lastHeard).advanced(bySeconds: Limits.closingSeconds)
  }

  func alarm(at now: Moment) {
    switch phase {
    case .storing, .confirming, .draining, .over: return
    case .awaitingFirstRecord, .open: break
    }
    if let silenceEnds = clock.silenceEnds, now >= silenceEnds {
      fail(.timeout, at: now)
    } else if let closingEnds, now >= closingEnds {
      if peerClose == nil {
        fail(.truncated, at: now)
      } else {
        linkClosed(at: now)
      }
    } else if case .open = phase, let pingDue, now >= pingDue {
      clock.sentPing(at: now)
      send(.ping(context.entropy.publicNumber()), at: now)
    }
    advanceRekey(at: now)
  }
}

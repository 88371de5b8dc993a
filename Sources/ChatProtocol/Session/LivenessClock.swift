import Wire

/// When a session's peer has been silent too long, and when to ask whether it is there.
///
/// While this side does not read, its silence and frame clocks stand still; it still sends PINGs
/// (PROTOCOL 1.9).
struct LivenessClock {
  private(set) var lastHeard: Moment
  private var frameBegan: Moment?
  /// I: KU1 was sent then, and KU2 has not come.
  private var rekeyBegan: Moment?
  private var pausedSince: Moment?
  private var nextPing: Moment
  /// The time to the next PING, drawn anew for each.
  private var interval: Int64
  private let jitter: Jitter

  /// The PING intervals of one session: 15 s, give or take 2 s.
  struct Jitter {
    let draw: () -> UInt64

    func interval() -> Int64 {
      let width = UInt64(2 * Limits.pingJitterMilliseconds + 1)
      return Limits.pingMilliseconds - Limits.pingJitterMilliseconds + Int64(draw() % width)
    }
  }

  init(at now: Moment, jitter: Jitter) {
    lastHeard = now
    self.jitter = jitter
    interval = jitter.interval()
    nextPing = now.advanced(byMilliseconds: interval)
  }

  /// A whole record came.
  mutating func heard(at now: Moment) {
    lastHeard = now
    nextPing = now.advanced(byMilliseconds: interval)
  }

  mutating func sentPing(at now: Moment) {
    interval = jitter.interval()
    nextPing = now.advanced(byMilliseconds: interval)
  }

  /// The bytes so far end inside a frame, or between two.
  mutating func setInsideFrame(_ isInside: Bool, newFrame: Bool, at now: Moment) {
    guard isInside else {
      frameBegan = nil
      return
    }
    if newFrame || frameBegan == nil { frameBegan = now }
  }

  /// Stops the clocks of what is read while nothing is.
  mutating func setReading(_ reads: Bool, at now: Moment) {
    if reads, let since = pausedSince {
      let pause = now.nanoseconds - since.nanoseconds
      lastHeard.nanoseconds += pause
      frameBegan?.nanoseconds += pause
      rekeyBegan?.nanoseconds += pause
      pausedSince = nil
    } else if !reads, pausedSince == nil {
      pausedSince = now
    }
  }

  /// KU1 was sent, or answered.
  mutating func setAwaitingRekey(since began: Moment?) { rekeyBegan = began }

  var pingDue: Moment { nextPing }

  /// When KU2 is given up; nil while none is awaited, and while nothing is read.
  var rekeyEnds: Moment? {
    guard pausedSince == nil else { return nil }
    return rekeyBegan?.advanced(bySeconds: Limits.rekeyAnswerSeconds)
  }

  /// When the peer counts as dead; nil while nothing is read.
  var silenceEnds: Moment? {
    guard pausedSince == nil else { return nil }
    let silence = lastHeard.advanced(bySeconds: Limits.silenceSeconds)
    guard let frameBegan else { return silence }
    return min(silence, frameBegan.advanced(bySeconds: Limits.frameSeconds))
  }
}

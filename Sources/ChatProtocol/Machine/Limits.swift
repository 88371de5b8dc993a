import Wire

/// The figures of PROTOCOL 1.9 and 1.10, in one place.
package enum Limits {
  /// A handshake has this long in all.
  package static let handshakeSeconds: Int64 = 10
  /// A begun frame completes in this time.
  package static let frameSeconds: Int64 = 20
  /// PING when nothing came for this long, give or take `pingJitterMilliseconds`.
  package static let pingMilliseconds: Int64 = 15_000
  package static let pingJitterMilliseconds: Int64 = 2_000
  /// Nothing for this long: the session is dead.
  package static let silenceSeconds: Int64 = 30
  /// After the own CLOSE and the last record received, the peer's CLOSE must be here.
  package static let closingSeconds: Int64 = 5
  /// Reading stops while more than this is received but not yet logged and delivered.
  package static let receiveWindowBytes = 1 << 20
  /// Texts are taken while less than this waits for the log and the link.
  package static let sendWindowBytes = 1 << 20
  /// What a text counts in both windows besides its bytes, so that empty ones count, too.
  package static let textOverheadBytes = 256
  /// Answers to PINGs that wait for the link; more are dropped, oldest first.
  package static let waitingPongs = 16
}

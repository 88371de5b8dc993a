import Wire

/// How far a handshake is, in what a refusal tells its user.
struct HandshakeProgress {
  let role: Role
  var mode: HandshakeMode?
  var stage = HandshakeStage.initiation
  var peerSentBytes = false
  var claimed: ClaimedName?
  var guess = Guess.unspent
  var peerIsProven = false

  /// What became of the guess of R's claimed name.
  enum Guess {
    /// Not asked for, in flight, or being written.
    case unspent
    case spent
    case returned
  }

  func refusal(_ code: ChatErrorCode) -> HandshakeRefusal {
    HandshakeRefusal(
      code: code, role: role, mode: mode, stage: stage, peerSentBytes: peerSentBytes,
      claimed: claimed, guessSpent: guess == .spent, peerIsProven: peerIsProven)
  }
}

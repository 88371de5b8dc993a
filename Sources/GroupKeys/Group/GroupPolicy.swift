/// What a group allows beyond what RFC 9420 demands. The defaults are the product's.
package struct GroupPolicy: Sendable {
  /// Suites that a new group may have and that a Welcome may lead into; 1 and 3 have signatures that the proof of
  /// MLS asks for.
  package var suites: [UInt16] = [1, 3]
  /// Whoever commits itself into a group is seen by nobody before: off.
  package var allowsExternalCommits = false
  /// Proposals of those who are no members: off.
  package var allowsExternalProposals = false
  /// Whether X.509 credentials are carried, opaque; nobody here can judge them.
  package var carriesX509 = false
  /// Longest lifetime of a key package, in seconds; nil for any.
  package var longestLifetime: UInt64? = 120 * 24 * 3600
  /// How far clocks may differ, in seconds.
  package var clockSkew: UInt64 = 3600
  /// How many past epochs' messages can still be opened; each costs forward secrecy for as long.
  package var pastEpochs = 4
  /// What a credential must be; throws what is wrong with it.
  package var checkCredential: @Sendable (Credential) throws(Refusal) -> Void = { _ throws(Refusal) in }

  package init() {}

  /// Everything that the code can follow: for the published vectors.
  package static let everythingForTestsOnly: GroupPolicy = {
    var policy = GroupPolicy()
    policy.suites = [1, 2, 3, 5, 7]
    policy.allowsExternalCommits = true
    policy.allowsExternalProposals = true
    policy.carriesX509 = true
    policy.longestLifetime = nil
    policy.pastEpochs = 16
    return policy
  }()
}

/// A time that a step is told, in seconds since 1970; nil where lifetimes are not to be looked at.
package typealias GroupTime = UInt64

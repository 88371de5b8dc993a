import ChatProtocol
import Cryptography
import GroupKeys
import Transport
import Wire

/// One group of this user while the program runs: the member's machine, its link, its log. It lives in its keeper.
final class GroupRoom {
  let id: GroupID
  var facts: GroupFacts
  /// Nil where this user's part is over.
  var member: GroupMember?

  // The link
  var connection: RelayConnection?
  /// What goes to the relay, in order.
  var outgoing: AsyncStream<RelayRequest>.Continuation?
  var linkTask: Task<Void, Never>?
  var isStopping = false
  /// What ends this user's part, once it is over.
  var ending: Task<Void, Never>?
  /// The relay has forgotten what this side had not read: only another invitation leads on.
  var isBehindFloor = false
  /// Why the last link did not come up, or ended; nil while one stands.
  var failure: MessengerFailure?
  var alarm: LoopTask?
  /// Bytes of entries that were read and not given back as credit.
  var owedCredit: UInt32 = 0
  /// Whether ``GroupHappening/connected(group:address:members:)`` was said of this link.
  var isAnnounced = false

  // Storing
  var storesBegun: UInt64 = 0
  var storesDone: UInt64 = 0

  // Showing
  var log: GroupLog?
  var shows: AsyncStream<GroupShow>.Continuation?
  var showTask: Task<Void, Never>?
  /// Texts that were stored by an earlier run, to be shown again.
  var kept: [GroupText]
  /// Bytes of texts that the user has not taken.
  var untakenBytes = 0
  var takenIDs: [MessageID] = []
  var isForgetting = false

  // Sending
  let stream = MessageStream(entropy: SystemEntropy.shared)
  var sentSince: [MessageID: Moment] = [:]
  /// Invitations that are not in their inboxes yet, by the id of their rows.
  var undelivered: [[UInt8]: PeerName] = [:]
  /// Names that are being asked at the moment.
  var asking: Set<PeerName> = []

  private var waiters: [CheckedContinuation<Void, Never>] = []

  init(id: GroupID, facts: GroupFacts, member: GroupMember?, kept: [GroupText] = []) {
    self.id = id
    self.facts = facts
    self.member = member
    self.kept = kept
  }

  var name: GroupName { facts.name }

  /// Returns at the next change of the group, or when the caller's patience is asked.
  func change() async {
    await withCheckedContinuation { waiters.append($0) }
  }

  /// Something changed: whoever waits looks again.
  func changed() {
    let woken = waiters
    waiters = []
    for waiter in woken { waiter.resume() }
  }
}

/// Something that goes into the group's log and then to the user.
enum GroupShow: Sendable {
  case text(GroupText)
  case invited(Profile, by: Profile)
  case joined(Profile)
  case left(Profile)
  case removed(Profile, by: Profile)
  case offline([PeerName], by: Profile)
}

/// How long to wait before the next link: 1, 2, 4, 8, 10 s, each up to a quarter longer by chance. So a relay that
/// comes back is used again within 15 s.
struct LinkBackOff {
  private static let longestSeconds: Int64 = 10
  private var seconds: Int64 = 1

  mutating func next(from entropy: any EntropySource) -> (seconds: Int, milliseconds: Int64) {
    defer { seconds = min(Self.longestSeconds, 2 * seconds) }
    let jitter = Int64(entropy.publicBytes(count: 1)[0]) * seconds
    return (Int(seconds), seconds * 1000 + jitter)
  }

  mutating func reset() { seconds = 1 }
}

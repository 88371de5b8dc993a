import ChatProtocol
import Testing
import Wire

/// Everything that somebody on the path can do to one frame of one whole session.
@Suite("Every change to a recorded session")
struct RecordedSessionTests {
  #if DEBUG
    /// Debug builds try a part; CI runs in release and tries all.
    static let stride = 41
  #else
    static let stride = 1
  #endif

  /// One change: to whom, to which frame, and the bytes or bits of it.
  private struct Change: Sendable {
    let role: Role
    let index: Int
    let detail: Int
  }

  private struct Count {
    var tried = 0
    var atOnce = 0
    var findings: [String] = []

    mutating func find(_ what: String, _ change: Change) {
      findings.append("\(what): frame \(change.index) to \(change.role), \(change.detail)")
    }
  }

  /// Tries every change, on both processors.
  private func tryAll(
    _ changes: [Change], _ attempt: @escaping @Sendable (Change, inout Count) throws -> Void
  ) async throws -> Count {
    try await withThrowingTaskGroup(of: Count.self) { group in
      for part in 0..<2 {
        group.addTask {
          var count = Count()
          for number in Swift.stride(from: part, to: changes.count, by: 2) {
            count.tried += 1
            // Tests that wait for programs want a turn, too.
            if count.tried % 16 == 0 { await Task.yield() }
            try attempt(changes[number], &count)
          }
          return count
        }
      }
      var total = Count()
      for try await part in group {
        total.tried += part.tried
        total.atOnce += part.atOnce
        total.findings += part.findings
      }
      return total
    }
  }

  /// What must hold of a machine that got something else than what was sent.
  private static func judge(
    _ peer: TestPeer, _ recorded: RecordedSession, _ change: Change, _ count: inout Count
  ) {
    if peer.code == nil { count.find("not refused", change) }
    if peer.isUp { count.find("still up", change) }
    let whole = recorded.shown[change.role] ?? []
    if !whole.starts(with: peer.shown.map(\.text)) { count.find("altered text shown", change) }
  }

  private static func changes(
    _ recorded: RecordedSession, _ details: (Role, Int, [UInt8]) -> any Sequence<Int>
  ) -> [Change] {
    [Role.responder, .initiator].flatMap { role in
      (recorded.sent[role.other] ?? []).enumerated().flatMap { index, frame in
        details(role, index, frame).map { Change(role: role, index: index, detail: $0) }
      }
    }
  }

  @Test(arguments: HandshakeMode.betweenUsers)
  func aPlayedSessionWithoutAChangeIsTheRecordedOne(mode: HandshakeMode) throws {
    let recorded = try RecordedSession(mode)
    for role in [Role.initiator, .responder] {
      let frames = try #require(recorded.sent[role.other])
      #expect(frames.count >= 7)
      for index in frames.indices.dropFirst(role == .responder ? 1 : 0) {
        let (peer, isRefused) = try recorded.play(role, taking: [frames[index]], at: index)
        #expect(!isRefused)
        #expect(peer.end != nil)
        #expect(peer.code == nil)
        #expect(peer.shown.map(\.text) == recorded.shown[role])
      }
    }
    #expect(
      recorded.shown == [
        .initiator: [Array("two".utf8)], .responder: [Array("one".utf8), Array("three".utf8)],
      ])
  }

  @Test(
    "attack 11: every bit of a whole session flipped is refused, in both modes",
    arguments: HandshakeMode.betweenUsers)
  func everyBitOfASessionIsHeld(mode: HandshakeMode) async throws {
    let recorded = try RecordedSession(mode)
    let bits = Self.changes(recorded) { _, _, frame in
      Swift.stride(from: 0, to: frame.count * 8, by: Self.stride)
    }
    let total = try await tryAll(bits) { change, count in
      let flip: ([UInt8]) -> [UInt8] = { frame in
        var frame = frame
        frame[change.detail / 8] ^= 1 << UInt8(change.detail % 8)
        return frame
      }
      let frame = recorded.sent[change.role.other]?[change.index] ?? []
      let (peer, isRefusedAtOnce) = try recorded.play(change.role, taking: [flip(frame)], at: change.index)
      Self.judge(peer, recorded, change, &count)
      if isRefusedAtOnce {
        count.atOnce += 1
      } else if change.detail >= 16 {
        // A clear value of a first contact, which the next tag shows: the peer made its own over the other.
        guard mode == .pair, change.index == 0 else {
          count.find("taken", change)
          return
        }
        for peer in try recorded.playBoth(changingFirstTo: change.role, flip) {
          if peer.code == nil || peer.summary != nil || !peer.stored.isEmpty {
            count.find("a session", change)
          }
        }
      }
    }
    print(
      "\(mode): \(total.tried) bits flipped, \(total.atOnce) refused at once, the others at the next message or the time limit"
    )
    #expect(total.findings.isEmpty, "\(total.findings.count): \(total.findings.prefix(10))")
    #expect(total.tried > (Self.stride == 1 ? 40_000 : 1_000))
    #expect(total.atOnce > total.tried / 2)
  }

  @Test(
    "attack 16: every cut of a session is told from its end, in both modes",
    arguments: HandshakeMode.betweenUsers
  )
  func everyCutOfASessionIsTold(mode: HandshakeMode) async throws {
    let recorded = try RecordedSession(mode)
    let cuts = Self.changes(recorded) { _, _, frame in Swift.stride(from: 0, to: frame.count, by: Self.stride)
    }
    let total = try await tryAll(cuts) { change, count in
      let frame = recorded.sent[change.role.other]?[change.index] ?? []
      let (peer, _) = try recorded.play(
        change.role, taking: [Array(frame.prefix(change.detail))], at: change.index, stopping: true)
      Self.judge(peer, recorded, change, &count)
      if peer.summary != nil, peer.end?.isTruncated != true { count.find("not truncated", change) }
    }
    print("\(mode): \(total.tried) cuts, all told")
    #expect(total.findings.isEmpty, "\(total.findings.count): \(total.findings.prefix(10))")
    #expect(total.tried > (Self.stride == 1 ? 5_000 : 100))
  }

  @Test(
    "attack 10: every frame of a session dropped, doubled or swapped is refused, in both modes",
    arguments: HandshakeMode.betweenUsers)
  func everyFrameDroppedDoubledOrSwappedIsRefused(mode: HandshakeMode) async throws {
    let recorded = try RecordedSession(mode)
    // What comes behind the last frame finds nobody.
    let changes = Self.changes(recorded) { role, index, _ in
      index + 1 == recorded.sent[role.other]?.count ? 0..<1 : 0..<3
    }
    let total = try await tryAll(changes) { change, count in
      let frames = recorded.sent[change.role.other] ?? []
      let frame = frames[change.index]
      let changed =
        switch change.detail {
        case 0: [[UInt8]]()
        case 1: [frame, frame]
        default: [frames[change.index + 1], frame]
        }
      let (peer, _) = try recorded.play(change.role, taking: changed, at: change.index)
      Self.judge(peer, recorded, change, &count)
    }
    print("\(mode): \(total.tried) frames dropped, doubled or swapped, all refused")
    #expect(total.findings.isEmpty, "\(total.findings.count): \(total.findings.prefix(10))")
    #expect(total.tried >= 36)
  }
}

import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Wire

/// One user: what is on the disk and outlives a crash, and the process that does not.
final class Party {
  let name: PeerName
  let identity: IdentityKeys
  let world: World
  let disk: Disk
  /// Everything of the process; a crash takes a new one.
  private(set) var process: Process

  final class Process {
    let shares = OutstandingShares()
    var seen = SeenMessages()
    let stream: MessageStream
    /// Texts of this process, in order, that no receipt covers yet: sent again on the next session.
    var unacknowledged: [OutgoingText] = []
    /// What this process's screen showed.
    var shown: [MessageID] = []
    var endpoints: [Endpoint] = []
    var isAlive = true
    /// First contacts that this process dials and that are not over.
    var firstContacts = 0

    init(entropy: any EntropySource) { stream = MessageStream(entropy: entropy) }
  }

  let entropy: ScriptedEntropy

  /// What this user offers and accepts.
  let policy: NegotiationPolicy

  init(_ name: String, world: World, faults: Disk.Faults, policy: NegotiationPolicy) throws {
    self.policy = policy
    self.name = try PeerName(name)
    self.world = world
    entropy = ScriptedEntropy(seed: world.random.next())
    identity = try IdentityKeys.generate(name: self.name, entropy: entropy)
    disk = Disk(world: world, faults: faults)
    process = Process(entropy: entropy)
  }

  var context: ConnectionContext {
    ConnectionContext(
      identity: identity,
      policy: policy,
      outstandingShares: process.shares, seenMessages: process.seen, entropy: entropy,
      encapsulation: MLKEM768Encapsulation())
  }

  /// The process dies and what was not synced is gone.
  func crash(silently: Bool) {
    process.isAlive = false
    for endpoint in process.endpoints { endpoint.die(silently: silently) }
    process.endpoints = []
    disk.crash()
    process = Process(entropy: entropy)
  }

  /// Lets go of the endpoints, which hold this party.
  func end() { process.endpoints = [] }
}

/// A disk that delays, fails, and loses what was not synced.
final class Disk {
  struct Faults {
    /// Percent of syncs that fail.
    var failing = 0
    var delay: ClosedRange<Int64> = 0...30
  }

  /// What a log says of one text.
  struct Line: Hashable {
    let session: [UInt8]
    let direction: LogDirection
    let ordinal: UInt64
    let identifier: [UInt8]
    let text: [UInt8]
  }

  private let world: World
  var faults: Faults
  /// Synced lines of all sessions, by message and direction.
  private(set) var texts: [[UInt8]: Line] = [:]
  private(set) var pin: Pin?
  private(set) var pinVersion = 0
  private(set) var guesses: [[UInt8]: Int] = [:]
  /// Counts crashes, so that what was under way before one never ends after it.
  private var life = 0

  /// A death in the middle of one durable write.
  struct Death {
    /// Which of the disk's writes, from 0.
    let write: Int
    /// What it wrote is there afterwards.
    let lands: Bool
    let die: () -> Void
  }

  var death: Death?
  /// The write of a death has begun.
  private(set) var isDying = false
  private var writes = 0

  init(world: World, faults: Faults) {
    self.world = world
    self.faults = faults
  }

  func crash() {
    life += 1
    isDying = false
  }

  /// Writes and syncs lines; `done` says whether they are durable.
  func append(_ lines: [Line], done: @escaping (Bool) -> Void) {
    durably(
      { [self] in
        for line in lines { texts[line.identifier + [line.direction == .sent ? 0 : 1]] = line }
      }, done)
  }

  /// Replaces the pin if it is still the one of `version`.
  func store(_ newPin: Pin, over version: Int, done: @escaping (Bool) -> Void) {
    guard version == pinVersion else {
      world.after(milliseconds: 0) { done(false) }
      return
    }
    pinVersion += 1
    durably({ [self] in pin = newPin }, done)
  }

  /// The other side has shown that it stored `proven`: it takes the place of a provisional pin, also
  /// of another run's; never that of another confirmed one.
  func confirm(_ proven: Pin, done: @escaping (Bool) -> Void) {
    let isSame = pin.map { $0.secret.key.revealed() == proven.secret.key.revealed() } ?? false
    if isSame, pin?.standing == .confirmed {
      world.after(milliseconds: 0) { done(true) }
      return
    }
    guard isSame || pin?.standing == .provisional else {
      world.after(milliseconds: 0) { done(false) }
      return
    }
    pinVersion += 1
    durably(
      { [self] in
        pin = proven
        pin?.standing = .confirmed
      }, done)
  }

  func spend(_ key: [UInt8], done: @escaping (Bool) -> Void) {
    durably({ [self] in guesses[key, default: 0] += 1 }, done)
  }

  func giveBack(_ key: [UInt8]) { durably({ [self] in guesses[key, default: 1] -= 1 }, { _ in }) }

  func forgetGuesses() { guesses = [:] }

  func contains(_ id: MessageID, _ direction: LogDirection) -> Line? {
    texts[id.bytes + [direction == .sent ? 0 : 1]]
  }

  private func durably(_ change: @escaping () -> Void, _ done: @escaping (Bool) -> Void) {
    let number = writes
    writes += 1
    if let death, death.write == number {
      isDying = true
      if death.lands { change() }
      // What leaves in the same turn has left.
      world.after(milliseconds: 0) { death.die() }
      return
    }
    let fails = world.chance(faults.failing)
    // A write that failed or was cut by a crash may be on the disk all the same.
    let lands = !fails || world.chance(30)
    let began = life
    world.after(milliseconds: world.milliseconds(faults.delay)) { [self] in
      guard began == life else { return }
      if lands { change() }
      done(!fails)
    }
  }
}

import ChatProtocol
import ProtocolTestSupport
import Wire

/// Two users face to face in virtual time: first contact, sessions, storms, crashes, and calm again.
final class Pair {
  struct Outcome {
    var findings: [String]
    var shown: Int
    var acknowledged: Int
    var sessions: Int
    var rekeys: Int
    /// Group and cipher of the sessions that were up.
    var suites: Set<[UInt8]>
  }

  private let world: World
  private let judge: Judge
  private let alice: Party
  private let bob: Party
  private let password: PasswordSecret
  private let wrongPassword: PasswordSecret
  private let fault: Endpoint.Fault
  private let policy: NegotiationPolicy
  private var sessions = 0
  private var suites: Set<[UInt8]> = []
  private var links: [(SimulatedLink, Endpoint, Endpoint)] = []

  /// With a `policy` it is that one, and no disk fails.
  init(seed: UInt64, fault: Endpoint.Fault = .none, policy: NegotiationPolicy? = nil) throws {
    world = World(seed: seed)
    judge = Judge(world: world)
    self.fault = fault
    var faults = Disk.Faults(failing: world.chance(20) ? 8 : 0, delay: 0...30)
    let usual = Pair.policy(&world.random)
    if policy != nil { faults.failing = 0 }
    self.policy = policy ?? usual
    alice = try Party("alice", world: world, faults: faults, policy: self.policy)
    bob = try Party("bob", world: world, faults: faults, policy: self.policy)
    judge.parties = [alice, bob]
    password = try makePasswordSecret([UInt8](repeating: 1, count: 32))
    wrongPassword = try makePasswordSecret([UInt8](repeating: 2, count: 32))
  }

  func run() -> Outcome {
    for _ in 0..<Int.random(in: 1...3, using: &world.random) { storm() }
    calm()
    defer { end() }
    return outcome
  }

  private var outcome: Outcome {
    Outcome(
      findings: judge.findings, shown: judge.shownCount, acknowledged: judge.acknowledgedCount,
      sessions: sessions, rekeys: judge.rekeyCount, suites: suites)
  }

  /// What interrupts a first contact that alice dials.
  enum Interruption {
    /// One side dies in one of its durable writes; `silently`: what it sent before still arrives.
    case death(ofDialler: Bool, write: Int, lands: Bool, silently: Bool)
    /// Both links end behind so many bytes of the listener.
    case cut(afterBytes: Int)
  }

  /// A first contact with an interruption, and calm weather behind it; also says whether there was one, and what
  /// the two hold in between.
  func firstContact(
    _ interruption: Interruption
  ) -> (outcome: Outcome, isInterrupted: Bool, pins: (dialler: Bool, listener: Bool)) {
    var limit: Int?
    var isDead = false
    switch interruption {
    case .death(let ofDialler, let write, let lands, let silently):
      let victim = ofDialler ? alice : bob
      victim.disk.death = Disk.Death(write: write, lands: lands) {
        victim.crash(silently: silently)
        isDead = true
      }
    case .cut(let count): limit = count
    }
    connect(.calm, dialler: alice, listener: bob, mayMistype: false, limit: limit)
    finish(isCalm: false) { !alice.disk.isDying && !bob.disk.isDying }
    for party in [alice, bob] { party.disk.death = nil }
    let pins = (alice.disk.pin != nil, bob.disk.pin != nil)
    calm()
    defer { end() }
    return (outcome, isDead || limit != nil, pins)
  }

  /// One strongest group a seed, so that no floor is in the way, and beside it what is weaker; the classic field
  /// seldom, since it is slow.
  private static func policy(_ random: inout SeededGenerator) -> NegotiationPolicy {
    let strongest: KeyAgreementGroup =
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<2: .x25519FFDHE3072
      case 2..<10: .x25519
      default: .x25519MLKEM768
      }
    let weaker: [KeyAgreementGroup] =
      strongest != .x25519 && Bool.random(using: &random) ? [.x25519] : []
    let ciphers = CipherSuite.allCases.shuffled(using: &random)
    return NegotiationPolicy(
      groups: (weaker + [strongest]).shuffled(using: &random),
      ciphers: Array(ciphers.prefix(Int.random(in: 1...3, using: &random))))
  }

  /// Lets the scene go: a run's guarded memory must not outlive it, and there are many runs.
  private func end() {
    world.end()
    judge.parties = []
    links = []
    for party in [alice, bob] { party.end() }
  }

  /// One or two connections with whatever can go wrong.
  private func storm() {
    var weather = SimulatedLink.Storm.calm
    switch Int.random(in: 0..<8, using: &world.random) {
    case 0: weather.flip = 4
    case 1: weather.drop = 4
    case 2: weather.double = 4
    case 3: weather.reorder = 4
    case 4: weather.cut = 4
    case 5: weather = SimulatedLink.Storm(drop: 1, double: 1, reorder: 1, flip: 1, cut: 1)
    default: break
    }
    connect(weather, dialler: alice, listener: bob, mayMistype: true)
    if world.chance(20) { connect(weather, dialler: alice, listener: bob, mayMistype: false) }
    if world.chance(10) { connect(weather, dialler: bob, listener: alice, mayMistype: false) }
    var isCrashDue = world.chance(30)
    if isCrashDue {
      let victim = world.chance(50) ? alice : bob
      let silently = world.chance(30)
      world.after(milliseconds: world.milliseconds(0...(world.chance(80) ? 600 : 60_000))) {
        victim.crash(silently: silently)
        isCrashDue = false
      }
    }
    finish(isCalm: false) { !isCrashDue }
  }

  /// With everything well again the two must find each other, and agree.
  private func calm() {
    for party in [alice, bob] {
      party.disk.faults.failing = 0
      party.disk.forgetGuesses()
    }
    // Who knows nobody must be able to begin anew; else either dials.
    let dialler = bob.disk.pin == nil && alice.disk.pin != nil ? bob : alice
    let listener = dialler === alice ? bob : alice
    if dialler.disk.pin == nil, listener.disk.pin?.standing == .confirmed {
      judge.find("the dialler was locked out of its pairing")
      return
    }
    connect(.calm, dialler: dialler, listener: listener, mayMistype: false)
    let before = judge.acknowledgedCount
    guard let (_, dialler, listener) = links.last else { return }
    finish(isCalm: true)
    if dialler.end == nil || dialler.end?.code != nil || listener.end?.code != nil {
      judge.find("no clean session in calm weather: \(describe(dialler)), \(describe(listener))")
    }
    if judge.acknowledgedCount == before { judge.find("nothing arrived in calm weather") }
    let secrets = [alice, bob].map { $0.disk.pin?.secret.key.revealed() }
    if secrets[0] == nil || secrets[0] != secrets[1] { judge.find("two different pins") }
    if listener.party.disk.pin?.standing != .confirmed { judge.find("the pin was never confirmed") }
  }

  private func describe(_ endpoint: Endpoint) -> String {
    if let refusal = endpoint.refusal { return "refused \(refusal.code) at \(refusal.stage)" }
    return "ended \(endpoint.end?.code?.rawValue ?? "cleanly")"
  }

  private func connect(
    _ weather: SimulatedLink.Storm, dialler: Party, listener: Party, mayMistype: Bool, limit: Int? = nil
  ) {
    sessions += 1
    // A process makes one first contact with a name at a time.
    guard dialler.disk.pin != nil || dialler.process.firstContacts == 0 else { return }
    if !links.isEmpty { judge.sessionsOverlapped = true }
    let link = SimulatedLink(world: world, storm: weather)
    link.limits[1] = limit
    let typed = mayMistype && world.chance(10) ? wrongPassword : password
    let target: DialSetup.Target =
      dialler.disk.pin.map { .known($0) }
      ?? .firstContact(
        name: listener.name, password: typed, floor: nil, purpose: .conversation)
    let accepting = Endpoint(
      party: listener, peer: dialler.name, target: nil, password: password, link: link, side: 1,
      judge: judge, fault: fault)
    let dialling = Endpoint(
      party: dialler, peer: listener.name, target: target, password: nil, link: link, side: 0,
      judge: judge, fault: fault)
    links.append((link, dialling, accepting))
    accepting.start()
    dialling.start()
    // Some talk for minutes, so that their keys are renewed on the way; most only for a moment.
    let isLong = world.chance(25)
    for endpoint in [dialling, accepting] { converse(endpoint, isLong: isLong) }
  }

  /// The user of one end: sends again what is unacknowledged, writes some texts, and closes.
  private func converse(_ endpoint: Endpoint, isLong: Bool) {
    var left = Int.random(in: isLong ? 8...20 : 1...5, using: &world.random)
    let pause: ClosedRange<Int64> = isLong ? 1...9_000 : 1...120
    var hasResent = false
    func act() {
      guard !endpoint.isOver, endpoint.process.isAlive else { return }
      if endpoint.summary != nil, !hasResent {
        hasResent = true
        for text in endpoint.process.unacknowledged { endpoint.send(text) }
      }
      if endpoint.summary != nil, endpoint.machine.canTakeText, left > 0 {
        left -= 1
        let text = endpoint.process.stream.next(text: makeText(), at: UnixTime(milliseconds: 5))
        endpoint.process.unacknowledged.append(text)
        endpoint.send(text)
      } else if endpoint.summary != nil, left == 0, world.chance(30) {
        endpoint.close(.bye)
        return
      }
      world.after(milliseconds: world.milliseconds(pause)) { act() }
    }
    world.after(milliseconds: world.milliseconds(0...50)) { act() }
  }

  private func makeText() -> [UInt8] {
    let count =
      world.chance(85)
      ? Int.random(in: 0...300, using: &world.random)
      : Int.random(in: 0...TextMessage.maximumByteCount, using: &world.random)
    let letter = UInt8(ascii: "a") + UInt8(Int.random(in: 0..<26, using: &world.random))
    return [UInt8](repeating: letter, count: count)
  }

  /// Lets every connection come to its end; none may hang.
  private func finish(isCalm: Bool, _ isDone: () -> Bool = { true }) {
    let ended = world.run { isDone() && links.allSatisfy { $0.1.isOver && $0.2.isOver } }
    if !ended || !links.allSatisfy({ $0.1.isOver && $0.2.isOver }) {
      judge.find("a connection never ended")
    }
    for (_, one, two) in links {
      judge.compare(one, two, isCalm: isCalm)
      for summary in [one.summary, two.summary].compactMap({ $0 }) {
        suites.insert([summary.group.rawValue, summary.cipher.rawValue])
        if summary.group.strength < policy.offeredGroups.map(\.strength).max() ?? 0
          || summary.cipher != policy.offeredCiphers.first
        {
          judge.find("a session is not what both prefer")
        }
      }
    }
    links = []
  }
}

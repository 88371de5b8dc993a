import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Synchronization
import Testing
import Wire

/// What a thief of a session's keys can do until the next rekey, and not after it.
@Suite("A rekey heals")
struct RekeyHealingTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 3))

  init() throws { cast = try Cast() }

  /// Somebody who copied chain keys at the start and reads the wire from then on.
  private final class Eavesdropper {
    private var readers: [Role: Reader] = [:]

    private final class Reader {
      var value: RecordReader?

      init(_ value: consuming RecordReader) { self.value = consume value }
    }

    init(_ chains: [Role: [UInt8]], epoch: UInt32 = 0, sequences: [Role: UInt64] = [:]) throws {
      for (role, chain) in chains {
        let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
        readers[role] = Reader(
          try RecordReader(
            chainKey: Secret(copying: chain.span, in: region), suite: .aes256CBCHMACCRC32,
            sender: role, epoch: epoch, sequence: sequences[role] ?? 0, in: region))
      }
    }

    func sequence(of role: Role) -> UInt64 { readers[role]?.value?.sequence ?? 0 }

    /// Whether the next record of that side could be read.
    func reads(_ frame: [UInt8], from role: Role) -> Bool {
      guard let reader = readers[role], var value = reader.value.take() else { return false }
      guard (try? value.open(frame.span.extracting(droppingFirst: 3))) != nil else { return false }
      reader.value = consume value
      return true
    }
  }

  // [U-02] [U-04]
  @Test(
    "attack 40: a decryptor with RK, both chains and both private keys follows until the rekey and is lost after it"
  )
  func aDecryptorIsLost() throws {
    let end = try OpenEnd.dialling(cast)
    // SYNC went before, both ways.
    let thief = try Eavesdropper(
      try end.chains.mapValues(next), sequences: [.initiator: 1, .responder: 1])
    let words = MessageStream(entropy: ScriptedEntropy(seed: 4))
    for _ in 0..<3 {
      #expect(thief.reads(try end.sendText(words), from: .initiator))
      end.peer.say("to alice", stream)
      for frame in end.peer.sent() {
        #expect(thief.reads(frame, from: .responder))
        _ = try end.open(frame)
      }
    }
    // The rekey itself goes over the stolen chains: the thief sees all three messages.
    let oldRoot = end.rekey.root
    let begin = try end.seal(.rekey(try end.rekey.offer(epoch: 1)))
    #expect(thief.reads(begin, from: .initiator))
    end.peer.receive(begin)
    let answered = end.peer.sent()
    #expect(thief.reads(answered[0], from: .responder))
    guard case .rekey(let answer)? = try end.open(answered[0]) else {
      Issue.record("no KU2")
      return
    }
    let keys = try end.rekey.accept(answer)
    try end.switchReceiving(to: keys)
    // What the thief can compute: everything but the two secrets of the ephemeral keys.
    let guess = try guessed(
      root: oldRoot, session: end.rekey.sessionID, begin: try opened(begin, end), answer: answer)
    #expect(guess.root != keys.root)
    let sequences: [Role: UInt64] = [.responder: thief.sequence(of: .responder)]
    let guessing = try Eavesdropper(guess.chains, epoch: 1, sequences: sequences)
    let knowing = try Eavesdropper(keys.chains, epoch: 1, sequences: sequences)
    end.peer.say("after KU2", stream)
    let healed = try #require(end.peer.sent().first)
    #expect(!thief.reads(healed, from: .responder))
    #expect(!guessing.reads(healed, from: .responder))
    #expect(knowing.reads(healed, from: .responder), "it is the keys that the thief lacks")
    #expect(try end.open(healed) != nil, "alice reads it")

    try end.finish(keys, epoch: 1)
    #expect(end.peer.code == nil)
    let later = try end.sendText(words)
    #expect(!thief.reads(later, from: .initiator))
    #expect(end.peer.shown.count == 4, "bob reads it")
  }

  /// KU1 as it was sent.
  private func opened(_ frame: [UInt8], _ end: OpenEnd) throws -> RekeyMessage {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    var chain = end.chains[.initiator] ?? []
    // SYNC and three texts went before.
    for _ in 0..<4 { chain = try next(chain) }
    var reader = try RecordReader(
      chainKey: Secret(copying: chain.span, in: region), suite: .aes256CBCHMACCRC32,
      sender: .initiator, sequence: 4, in: region)
    guard case .other(.rekey(let message)) = try reader.open(frame.span.extracting(droppingFirst: 3))
    else { throw ProtocolFailure(.proto) }
    return message
  }

  private enum Key: SecretPurpose { static let byteCount = 32 }

  private func next(_ chain: [UInt8]) throws -> [UInt8] {
    let key: Secret<Key> = try makeSecret(chain)
    return HMACSHA256.authenticate([2].span, key: key)
  }

  private func guessed(
    root: [UInt8], session: [UInt8], begin: RekeyMessage, answer: RekeyMessage
  ) throws -> HandmadeRekey.Keys {
    guard case .begin(_, let shareI, _) = begin, case .answer(_, let shareR, _, _) = answer else {
      throw ProtocolFailure(.proto)
    }
    func agree(_ key: borrowing Secret<IdentityAgreementKey>, _ share: [UInt8]) throws -> [UInt8] {
      var point = try Secret<Key>(in: GuardedRegion(byteCount: 32))
      try X25519.sharedSecret(private: key, public: share.span, into: &point)
      return point.revealed()
    }
    let blank = [UInt8](repeating: 0, count: 32)
    let input =
      try blank + agree(cast.bob.agreementKey, shareI) + agree(cast.alice.agreementKey, shareR)
      + blank
    return HandmadeRekey.derive(
      root: root, session: session, begin: begin, answer: answer, input: input)
  }

  // [U-02] [U-03]
  @Test("attack 40: whoever stole RK and both chains and poses as I fails at the rekey")
  func anActiveThiefAsI() throws {
    let end = try OpenEnd.dialling(cast)
    // Until then he is alice to bob.
    try end.sendText(MessageStream(entropy: ScriptedEntropy(seed: 4)))
    #expect(end.peer.shown.count == 1)
    let thief = HandmadeRekey(
      .initiator, root: end.rekey.root, sessionID: end.rekey.sessionID,
      peerKey: cast.bob.profile.ikDH, identity: nil)
    try end.send(.rekey(try thief.offer(epoch: 1)))
    let answered = end.peer.sent()
    guard case .rekey(let answer)? = try end.open(answered[0]) else {
      Issue.record("no KU2")
      return
    }
    let keys = try thief.accept(answer)
    // Bob speaks in his new chain at once: the thief cannot read it.
    end.peer.say("for alice", stream)
    let text = try #require(end.peer.sent().first)
    let reading = try Eavesdropper(keys.chains, epoch: 1, sequences: [.responder: 3])
    #expect(!reading.reads(text, from: .responder))
    try end.send(
      .rekey(.finish(epoch: 1, confirmation: keys.confirmations[.initiator] ?? [])))
    #expect(end.peer.code == .ku)
    #expect(end.peer.loggedEpochs.isEmpty)
  }

  // [U-02] [U-03]
  @Test("attack 40: whoever stole RK and both chains and poses as R fails at the rekey")
  func anActiveThiefAsR() throws {
    let end = try OpenEnd.accepting(cast)
    let thief = HandmadeRekey(
      .responder, root: end.rekey.root, sessionID: end.rekey.sessionID,
      peerKey: cast.alice.profile.ikDH, identity: nil)
    let (answer, _) = try thief.answer(try end.awaitOffer(stream))
    try end.send(.rekey(answer))
    #expect(end.peer.code == .ku)
    #expect(end.peer.loggedEpochs.isEmpty)
    #expect(try end.heard() == [.alert(.error)])
  }

  // [U-02]
  @Test("attack 40: the same rekeys by the owners of the keys succeed")
  func theOwnersSucceed() throws {
    let dialling = try OpenEnd.dialling(cast)
    try dialling.finish(try dialling.begin(epoch: 1), epoch: 1)
    #expect(dialling.peer.loggedEpochs == [1])
    let accepting = try OpenEnd.accepting(cast)
    let (answer, keys) = try accepting.rekey.answer(try accepting.awaitOffer(stream))
    try accepting.send(.rekey(answer))
    try accepting.switchSending(to: keys)
    guard case .rekey(.finish(1, let confirmation))? = try accepting.heard().first else {
      Issue.record("no KU3")
      return
    }
    #expect(confirmation == keys.confirmations[.initiator])
    try accepting.sendText(MessageStream(entropy: SystemEntropy.shared))
    #expect(accepting.peer.loggedEpochs == [1])
    #expect(accepting.peer.shown.count == 2)
  }

  // MARK: 41

  /// Entropy that remembers what it gave.
  private final class RememberedEntropy: EntropySource {
    private let given = Mutex<[[UInt8]]>([])

    var values: [[UInt8]] { given.withLock { $0 } }

    func fill(_ bytes: inout MutableSpan<UInt8>) {
      SystemEntropy.shared.fill(&bytes)
      let value = [UInt8](copying: bytes.span)
      given.withLock { $0.append(value) }
    }
  }

  // [K-03] [R-02] [U-04]
  @Test(
    "attack 41: of old chain and record keys, RK, e and ek nothing is left in the session's guarded memory")
  func nothingOldIsLeft() throws {
    let entropy = RememberedEntropy()
    let fixed = cast.context(of: cast.alice)
    var context = fixed
    context.entropy = entropy
    let end = try OpenEnd.accepting(cast, context)
    let region = try #require(end.peer.summary).exports.witnessKey.region
    func holds(_ bytes: [UInt8]?) -> Bool { bytes.map { region.holds($0.span) } ?? false }

    // Alice is I: her chain is "chain I". SYNC is sent.
    var chain = try next(try #require(end.chains[.initiator]))
    var old: [[UInt8]] = [try #require(end.chains[.initiator])]
    #expect(holds(chain) && holds(end.rekey.root), "the search finds what is there")
    for _ in 0..<32 {
      let key: Secret<Key> = try makeSecret(chain)
      old += [chain, HMACSHA256.authenticate([1].span, key: key)]
      end.peer.say("text", stream)
      chain = try next(chain)
    }
    #expect(holds(chain))
    for key in old { #expect(!holds(key)) }

    let before = entropy.values.count
    let offer = try end.awaitOffer(MessageStream(entropy: ScriptedEntropy(seed: 5)))
    let drawn = entropy.values.dropFirst(before).filter { $0.count == 32 || $0.count == 64 }
    let secrets = drawn.suffix(2)
    #expect(secrets.map(\.count) == [32, 64])
    for secret in secrets { #expect(holds(secret), "e and the seed of ek wait for KU2") }
    let oldRoot = end.rekey.root
    let (answer, keys) = try end.rekey.answer(offer)
    try end.send(.rekey(answer))
    #expect(end.peer.loggedEpochs == [1])
    #expect(holds(keys.root) && holds(keys.chains[.initiator]) && holds(keys.chains[.responder]))
    for value in entropy.values where value.count >= 32 { #expect(!holds(value)) }
    #expect(!holds(oldRoot))
    for key in old + [chain, try #require(end.chains[.responder])] { #expect(!holds(key)) }
    #expect(!holds(keys.confirmations[.initiator]) && !holds(keys.confirmations[.responder]))
    #expect(region.freeBytesAreZero)

    // And when the session is over, nothing of the new keys either.
    end.peer.tell(.linkClosed)
    #expect(end.peer.end != nil)
    for key in [keys.root] + keys.chains.values { #expect(!holds(key)) }
  }

  // [U-04]
  @Test(
    "attack 41: R keeps neither the old RK nor its e after KU2, and the new receiving chain alone until KU3")
  func nothingOldIsLeftAtR() throws {
    let entropy = RememberedEntropy()
    var context = cast.context(of: cast.bob)
    context.entropy = entropy
    let end = try OpenEnd.dialling(cast, context)
    let region = try #require(end.peer.summary).exports.witnessKey.region
    func holds(_ bytes: [UInt8]?) -> Bool { bytes.map { region.holds($0.span) } ?? false }
    let oldRoot = end.rekey.root
    #expect(holds(oldRoot))
    let keys = try end.begin(epoch: 1)
    #expect(!holds(oldRoot))
    #expect(holds(keys.root) && holds(keys.chains[.initiator]) && holds(keys.chains[.responder]))
    for value in entropy.values where value.count >= 32 { #expect(!holds(value)) }
    try end.finish(keys, epoch: 1)
    let chain = keys.chains[.initiator]
    #expect(holds(keys.root) && holds(chain))
    try end.sendText(MessageStream(entropy: SystemEntropy.shared))
    #expect(!holds(chain), "it moved on")
    #expect(region.freeBytesAreZero)
  }
}

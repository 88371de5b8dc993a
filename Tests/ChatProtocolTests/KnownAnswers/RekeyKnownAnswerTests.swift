import ChatProtocol
import Cryptography
import ProtocolTestSupport
import TestSupport
import Testing
import Wire

private func cases() throws -> [VectorValue] {
  let file: VectorValue = try VectorFiles.decode(
    from: "secure_chat-protocol/ku.json", in: VectorFiles.knownAnswers)
  return try file["cases"].list
}

@Suite("KnownAnswer: rekeys")
struct RekeyKnownAnswerTests {
  // [R-19] [U-01] [U-02] [U-03] [U-04]
  @Test("two rekeys one after the other, every value and every record around the switches")
  func everyValueAndEveryRecord() throws {
    let cases = try cases()
    #expect(Set(try cases.map { try $0["cipher"].number }) == [1, 2, 3])
    for answer in cases {
      let walk = try RekeyWalk(answer)
      for record in try answer["records"].list { try walk.take(record) }
      #expect(walk.completed == 2)
    }
  }

  // [U-03]
  @Test func theEchoOfRsConfirmationIsRefused() throws {
    for answer in try cases() {
      let round = try #require(try answer["rounds"].list.first)
      #expect(try round["values"]["confirm_B_echoed_as_A"].string == "E_KU")
      let walk = try RekeyWalk(answer)
      for record in try answer["records"].list.prefix(while: { try $0["what"].string != "KU3" }) {
        try walk.take(record)
      }
      #expect(throws: ProtocolFailure(.ku)) {
        try walk.finish(epoch: 1, confirmation: try round["values"]["confirm_B"].bytes)
      }
    }
  }
}

/// Both sides of one case, record by record in its order.
private final class RekeyWalk {
  private let rounds: [VectorValue]
  private let region: GuardedRegion
  private let facts: [Role: RekeyFacts]
  private var chains: [Role: Chain] = [:]
  private var rootOfI: RekeyRoot?
  private var rootOfR: RekeyRoot?
  private var offer: RekeyOffer?
  private var awaiting: AwaitingRekeyFinish?
  private(set) var completed = 0

  init(_ answer: VectorValue) throws {
    let start = answer["start"]
    let region = try GuardedRegion(byteCount: 4 * GuardedRegion.pageByteCount)
    self.region = region
    let suite = try #require(CipherSuite(rawValue: UInt8(answer["cipher"].number)))
    rounds = try answer["rounds"].list
    let inputs = rounds[0]["inputs"]
    let identities = try [Role.initiator, .responder].map { role in
      try IdentityKeys(
        name: PeerName(role == .initiator ? "i" : "r"),
        agreementKey: makeSecret(inputs["ik_dh_private_\(role.letter)"].bytes),
        signingSeed: makeSecret([UInt8](repeating: role.rawValue, count: 32)))
    }
    let (root, session) = (try start["root"].bytes, try start["session_id"].bytes)
    facts = [
      .initiator: RekeyFacts(
        role: .initiator, identity: identities[0], peerKey: identities[1].profile.ikDH,
        sessionID: session),
      .responder: RekeyFacts(
        role: .responder, identity: identities[1], peerKey: identities[0].profile.ikDH,
        sessionID: session),
    ]
    rootOfI = RekeyRoot(
      try Secret(copying: root.span, in: region), facts: try #require(facts[.initiator]))
    rootOfR = RekeyRoot(
      try Secret(copying: root.span, in: region), facts: try #require(facts[.responder]))
    for role in [Role.initiator, .responder] {
      chains[role] = try Chain(
        start["chain_\(role.letter)"].bytes, suite, role,
        UInt64(start["next_seq_\(role.letter)"].number), region)
    }
  }

  private var round: VectorValue { rounds[completed] }

  /// What goes over the wire in its turn: a side makes it, its writer seals it, the other's reader opens it.
  func take(_ record: VectorValue) throws {
    let what = try record["what"].string
    let sender: Role = try record["sender"].string == "I" ? .initiator : .responder
    let body = try record["body"].bytes
    switch what {
    case "KU1": try begin(body)
    case "KU2": try reply(body)
    case "KU3": try confirm(body)
    case let other: #expect(other == "TEXT")
    }
    try pass(record, body, from: sender)
    switch what {
    case "KU2": try switchChains(of: .responder)
    case "KU3":
      try finish(epoch: UInt32(round["id"].number), confirmation: Array(body.dropFirst(4)))
      try switchChains(of: .initiator)
      completed += 1
    case _: break
    }
  }

  private func begin(_ body: [UInt8]) throws {
    let inputs = round["inputs"]
    let script = ScriptedEntropy([
      try inputs["e_A_private"].bytes, try inputs["mlkem_seed_A"].bytes,
    ])
    guard let root = rootOfI.take() else { return }
    let made = try RekeyOffer(root, from: script)
    #expect(RecordBody.rekey(made.message).bytes == body)
    #expect(script.isUsedUp)
    offer = consume made
  }

  private func reply(_ body: [UInt8]) throws {
    let inputs = round["inputs"]
    let script = ScriptedEntropy([try inputs["e_B_private"].bytes])
    let values = round["values"]
    guard let root = rootOfR.take() else { return }
    let made = try RekeyReply(
      root, epoch: UInt32(round["id"].number), ephemeral: values["e_A"].bytes,
      encapsulationKey: values["mlkem_ek"].bytes, from: script,
      encapsulation: ScriptedEncapsulation(
        ciphertext: inputs["mlkem_ct"].bytes, secret: inputs["mlkem_secret"].bytes))
    #expect(RecordBody.rekey(made.message).bytes == body)
    #expect(try made.sendingKey.revealed() == values["chain_R_new"].bytes)
    #expect(script.isUsedUp)
    awaiting = made.sent()
  }

  private func confirm(_ body: [UInt8]) throws {
    let values = round["values"]
    guard let offer = offer.take() else { return }
    let keys = try offer.accept(
      epoch: UInt32(round["id"].number), ephemeral: values["e_B"].bytes,
      ciphertext: round["inputs"]["mlkem_ct"].bytes, confirmation: values["confirm_B"].bytes)
    #expect(RecordBody.rekey(keys.finish()).bytes == body)
    #expect(try keys.sendingKey.revealed() == values["chain_I_new"].bytes)
    #expect(try keys.receivingKey.revealed() == values["chain_R_new"].bytes)
    rootOfI = try newRoot(.initiator, keys.root.withKeyForTestsOnly { [UInt8](copying: $0) })
  }

  func finish(epoch: UInt32, confirmation: [UInt8]) throws {
    guard let awaiting = awaiting.take() else { return }
    let done = try awaiting.accept(epoch: epoch, confirmation: confirmation)
    #expect(try done.receivingKey.revealed() == round["values"]["chain_I_new"].bytes)
    rootOfR = try newRoot(.responder, done.root.withKeyForTestsOnly { [UInt8](copying: $0) })
  }

  /// The root of the next round, made from what this round gave.
  private func newRoot(_ role: Role, _ key: [UInt8]) throws -> RekeyRoot {
    #expect(try key == round["values"]["RK_new"].bytes)
    return RekeyRoot(
      try Secret(copying: key.span, in: region), epoch: UInt32(try round["id"].number),
      facts: try #require(facts[role]))
  }

  private func pass(_ record: VectorValue, _ body: [UInt8], from sender: Role) throws {
    let chain = try #require(chains[sender])
    let size = try #require(RecordSize(rawValue: record["bucket"].number))
    let type = UInt8(try record["type"].number)
    #expect(try chain.writer.sequence == UInt64(record["seq"].number))
    var frame: [UInt8] = []
    try chain.writer.seal(size, appendingTo: &frame) { inner in
      inner[0] = type
      inner[2] = UInt8(body.count >> 8)
      inner[3] = UInt8(body.count & 0xff)
      for index in body.indices { inner[4 + index] = body[index] }
    }
    let what = try record["what"].string
    #expect(try frame == record["frame"].bytes, "\(what)")
    switch try chain.reader.open(frame.span.extracting(droppingFirst: 3)) {
    case .text: #expect(type == 1)
    case .fragment: Issue.record("no text of these has fragments")
    case .other(let opened): #expect(opened.bytes == body)
    case .ofGroups: Issue.record("none of these is for groups")
    }
  }

  private func switchChains(of sender: Role) throws {
    let key = try round["values"]["chain_\(sender.letter)_new"].bytes
    let chain = try #require(chains[sender])
    chain.writer.switchEpoch(to: try Secret(copying: key.span, in: region))
    chain.reader.switchEpoch(to: try Secret(copying: key.span, in: region))
  }
}

/// One direction: who seals it and who opens it.
private final class Chain {
  var writer: RecordWriter
  var reader: RecordReader

  init(_ key: [UInt8], _ suite: CipherSuite, _ sender: Role, _ sequence: UInt64, _ region: GuardedRegion)
    throws
  {
    writer = try RecordWriter(
      chainKey: Secret(copying: key.span, in: region), suite: suite, sender: sender,
      sequence: sequence, in: region)
    reader = try RecordReader(
      chainKey: Secret(copying: key.span, in: region), suite: suite, sender: sender,
      sequence: sequence, in: region)
  }
}

extension Role {
  fileprivate var letter: String { self == .initiator ? "I" : "R" }
}

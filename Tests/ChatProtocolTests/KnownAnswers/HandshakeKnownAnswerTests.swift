import ChatProtocol
import Cryptography
import ProtocolTestSupport
import TestSupport
import Testing
import Wire

private enum Value32: SecretPurpose { static let byteCount = 32 }
private enum Value64: SecretPurpose { static let byteCount = 64 }
private enum Value384: SecretPurpose { static let byteCount = 384 }

private func cases() throws -> [VectorValue] {
  let file: VectorValue = try VectorFiles.decode(
    from: "secure_chat-protocol/handshake.json", in: VectorFiles.knownAnswers)
  return try file["cases"].list
}

private func isFirstContact(_ answer: VectorValue) throws -> Bool { try answer["mode"].string == "P" }

@Suite("KnownAnswer: the handshake")
struct HandshakeKnownAnswerTests {
  @Test func everyModeGroupAndCipherIsAmongTheCases() throws {
    let cases = try cases()
    #expect(
      Set(try cases.map { try "\($0["mode"].string)\($0["group"].number)" })
        == ["K1", "K2", "K3", "P1", "P2", "P3"])
    #expect(Set(try cases.map { try $0["cipher"].number }) == [1, 2, 3])
  }

  // [F-05] [F-06] [F-07] [F-09] [K-01] [M-01] [M-17] [N-02]
  @Test("h, ck and k after every MixHash and MixKey, and every exported key")
  func everyStepOfTheSymmetricState() throws {
    for answer in try cases() {
      let walk = try Walk(answer)
      try walk.run()
    }
  }

  // [K-01] [M-02] [M-03] [M-06] [M-08] [M-11] [M-12] [M-14] [M-16] [M-17] [N-01] [N-02]
  @Test("both machines, byte for byte on the wire")
  func bothMachinesByteForByte() throws {
    for answer in try cases() {
      let (initiator, responder) = try makeMachines(answer)
      var frames: [[UInt8]] = []
      var stored: [[UInt8]] = []
      var summaries: [SessionSummary] = []
      let now = Moment(nanoseconds: 0)
      initiator.start(at: now)
      responder.start(at: now)
      for turn in 0..<12 {
        let (speaker, listener) = turn % 2 == 0 ? (initiator, responder) : (responder, initiator)
        let bytes = speaker.outbound(at: now)
        if frames.count < 6, !bytes.isEmpty { frames.append(bytes) }
        listener.received(bytes.span, at: now)
        for machine in [listener, speaker] {
          try Self.answerAll(machine, answer, &stored, &summaries)
        }
      }
      let order =
        try isFirstContact(answer) ? ["INIT", "RESP", "PAIR1", "PAIR2", "AUTH"] : ["INIT", "RESP", "AUTH"]
      for (name, frame) in zip(order, frames) {
        #expect(try frame == answer["wire"][name].bytes, "\(name)")
      }
      // FIN and the first record leave in one turn.
      let confirmation = try answer["wire"]["FIN"].bytes
      try #require(frames.count > order.count)
      #expect(frames[order.count].starts(with: confirmation))
      #expect(summaries.count == 2)
      for summary in summaries {
        let keys = answer["result"]["keys"]
        #expect(try summary.group.rawValue == answer["group"].number)
        #expect(try summary.cipher.rawValue == answer["cipher"].number)
        #expect(try summary.transcriptHash == answer["result"]["th"].bytes)
        #expect(try summary.sessionID == keys["session id"].bytes)
        #expect(try summary.shortAuthenticationString == keys["sas"].bytes)
        #expect(try summary.exports.witnessKey.revealed() == keys["log"].bytes)
        #expect(try summary.exports.exporter.revealed() == keys["exporter"].bytes)
      }
      let expected = try isFirstContact(answer) ? [answer["result"]["pin_pair_psk"].bytes] : []
      #expect(Set(stored) == Set(expected))
      #expect(stored.count == 2 * expected.count)
    }
  }

  private static func answerAll(
    _ machine: ConnectionMachine, _ answer: VectorValue, _ stored: inout [[UInt8]],
    _ summaries: inout [SessionSummary]
  ) throws {
    let now = Moment(nanoseconds: 0)
    while let action = machine.nextAction() {
      switch action {
      case .lookUpPairing(let claimed):
        #expect(try claimed.name?.utf8 == answer["inputs"]["I"]["name_utf8"].bytes)
        let password = try makePasswordSecret(answer["inputs"]["prs"].bytes)
        machine.handle(.pairing(PairingAnswer(password: password)), at: now)
      case .spendGuess, .confirmPin, .raiseFloor: machine.handle(.stored, at: now)
      case .storePin(let pin):
        stored.append(pin.secret.key.revealed())
        machine.handle(.stored, at: now)
      case .lookUpContact(let key):
        #expect(try key == answer["public"]["ik_dh_I"].bytes)
        machine.handle(.contact(ContactAnswer(pin: try pin(of: "I", answer))), at: now)
      case .lookUpKeyOwner: machine.handle(.keyOwner(isAnother: false), at: now)
      case .connected(let summary): summaries.append(summary)
      case .releaseGuess, .dialGuessFailed, .refused, .ended, .closeLink, .notSent, .groupRecord,
        .peerClosing,
        .pinHeld, .log, .deliver, .delivered:
        Issue.record("unexpected: \(action)")
      case .returnGuess, .step: break
      }
    }
  }

  private func makeMachines(
    _ answer: VectorValue
  ) throws -> (ConnectionMachine, ConnectionMachine) {
    let inputs = answer["inputs"]
    let isPairing = try isFirstContact(answer)
    var script = [try inputs["I"]["c"].bytes, try inputs["I"]["e_private"].bytes]
    // The shares are made in the order of the offer.
    for group in try groups(inputs["groups_offered"]) {
      switch group {
      case .x25519MLKEM768: script.append(try inputs["I"]["mlkem_seed"].bytes)
      case .x25519FFDHE3072: script.append(try inputs["I"]["ffdhe_x"].bytes)
      case .x25519: break
      }
    }
    if isPairing { script.append(try inputs["I"]["cpace_scalar"].bytes) }
    let forInitiator = ScriptedEntropy(script)
    script = [try inputs["R"]["c"].bytes, try inputs["R"]["e_private"].bytes]
    if !inputs["R"]["ffdhe_x"].isMissing { script.append(try inputs["R"]["ffdhe_x"].bytes) }
    // R draws what stands in for an unknown password before its scalar.
    if isPairing {
      script.append([UInt8](repeating: 9, count: 32))
      script.append(try inputs["R"]["cpace_scalar"].bytes)
    }
    let encapsulation: any KeyEncapsulation =
      inputs["R"]["mlkem_ct"].isMissing
      ? MLKEM768Encapsulation()
      : ScriptedEncapsulation(
        ciphertext: try inputs["R"]["mlkem_ct"].bytes, secret: try inputs["R"]["mlkem_secret"].bytes)
    let dialling = ConnectionContext(
      identity: try identity("I", answer),
      policy: NegotiationPolicy(
        groups: try groups(inputs["groups_offered"]), ciphers: try ciphers(inputs["ciphers_offered"])),
      outstandingShares: OutstandingShares(), seenMessages: SeenMessages(),
      entropy: forInitiator, encapsulation: encapsulation)
    let accepting = ConnectionContext(
      identity: try identity("R", answer),
      policy: NegotiationPolicy(
        groups: try groups(inputs["groups_accepted_by_R"]),
        ciphers: try ciphers(inputs["ciphers_accepted_by_R"])),
      outstandingShares: OutstandingShares(), seenMessages: SeenMessages(),
      entropy: ScriptedEntropy(script), encapsulation: encapsulation)
    let target: DialSetup.Target
    if isPairing {
      target = .firstContact(
        name: try PeerName(inputs["R"]["name"].string),
        password: try makePasswordSecret(inputs["prs"].bytes), floor: nil, purpose: .conversation)
    } else {
      target = .known(try pin(of: "R", answer))
    }
    return (
      ConnectionMachine(dialling: DialSetup(context: dialling, target: target)),
      ConnectionMachine(accepting: AcceptSetup(context: accepting, takesFirstContact: isPairing))
    )
  }
}

private func groups(_ list: VectorValue) throws -> [KeyAgreementGroup] {
  try list.list.compactMap { KeyAgreementGroup(rawValue: UInt8(try $0.number)) }
}

private func ciphers(_ list: VectorValue) throws -> [CipherSuite] {
  try list.list.compactMap { CipherSuite(rawValue: UInt8(try $0.number)) }
}

private func identity(_ side: String, _ answer: VectorValue) throws -> IdentityKeys {
  let inputs = answer["inputs"][side]
  let name = try inputs["name_utf8"].bytes
  let agreementKey = try makeSecret(inputs["ik_dh_private"].bytes, IdentityAgreementKey.self)
  let signingSeed = try makeSecret(inputs["ik_sig_seed"].bytes, IdentitySigningSeed.self)
  let keys = try IdentityKeys(
    name: PeerName(utf8: name.span), agreementKey: agreementKey, signingSeed: signingSeed)
  #expect(try keys.profile.bytes == answer["public"]["profile_\(side)"].bytes)
  return keys
}

private func pin(of side: String, _ answer: VectorValue) throws -> Pin {
  let bytes = try answer["public"]["profile_\(side)"].bytes
  let profile = try Profile(parsing: bytes.span)
  return Pin(
    profile: try ProvenProfile(verifying: profile),
    secret: try makePairSecret(answer["inputs"]["pair_psk"].bytes), floor: .x25519,
    standing: .confirmed, isVerified: false, pairedAt: UnixTime(milliseconds: 0), verifiedAt: nil)
}

/// One case's steps, driven by hand with the values of the file.
private final class Walk {
  private let answer: VectorValue
  private var state: SymmetricState
  private var steps: ArraySlice<VectorValue>

  init(_ answer: VectorValue) throws {
    let list = try answer["steps"].list[...]
    let mode: HandshakeMode = try isFirstContact(answer) ? .pair : .known
    let start = try SymmetricState(mode: mode, in: GuardedRegion(byteCount: 4064))
    self.answer = answer
    steps = list
    state = start
  }

  func run() throws {
    try check("start")
    let isPairing = try isFirstContact(answer)
    let profileI = try answer["public"]["profile_I"].bytes
    let profileR = try answer["public"]["profile_R"].bytes
    if !isPairing { try mixHash(Array(profileR.prefix(129)), "MixHash(profile_R 129)") }
    let initiation = try body("INIT")
    let clear = try Initiation(parsing: initiation.span).clearByteCount
    try mixHash(Array(initiation.prefix(clear)), "MixHash(INIT clear)")
    if !isPairing {
      try mixKey("es", as: .es)
      try seal([], .initiator, Array(initiation.dropFirst(clear)), "MixHash(Enc empty)")
    }
    let response = try body("RESP")
    let group = try #require(KeyAgreementGroup(rawValue: UInt8(answer["group"].number)))
    let responseClear = HandshakeSize.response(group, mode: .pair)
    try mixHash(Array(response.prefix(responseClear)), "MixHash(RESP clear)")
    try mixKey("ee", as: .ee)
    switch group {
    case .x25519MLKEM768: try mixKey("kem_ss", as: .encapsulated, "MixKey(ML-KEM secret)")
    case .x25519FFDHE3072: try mixKey("ffdhe_Z", as: .finiteField, "MixKey(ffdhe Z)")
    case .x25519: break
    }
    if isPairing {
      let field = try PeerName(answer["inputs"]["I"]["name"].string).field
      #expect(try state.hash == answer["values"]["sid"].bytes)
      try seal(
        field + answer["values"]["Ya"].bytes, .initiator, try body("PAIR1"),
        "MixHash(Enc name64 | Ya)")
      let reply = try body("PAIR2")
      try seal(
        try answer["values"]["Yb"].bytes, .responder, Array(reply[0..<80]), "MixHash(Enc Yb)")
      try mixKey("isk", as: .password, "MixKey(ISK)")
      try seal(profileR, .responder, Array(reply[80..<320]), "MixHash(Enc profile_R)")
      try mixKey("es", as: .es)
      try sealResponse(.firstOfResponder, "resp_R1", to: "I", .responder, Array(reply[320...]), "R1")
    } else {
      try sealResponse(
        .firstOfResponder, "resp_R1", to: "I", .responder,
        Array(response.dropFirst(responseClear)), "R1")
    }
    let authentication = try body("AUTH")
    try seal(profileI, .initiator, Array(authentication[0..<240]), "MixHash(Enc profile_I)")
    try mixKey("se", as: .se)
    if !isPairing {
      let secret: Secret<Value32> = try makeSecret(answer["inputs"]["pair_psk"].bytes)
      try state.mixKey(secret, as: .pair)
      try check("MixKey(pair_psk)")
    }
    try sealResponse(
      .ofInitiator, "resp_I", to: "R", .initiator, Array(authentication[240...]), "I")
    try sealResponse(.secondOfResponder, "resp_R2", to: "I", .responder, try body("FIN"), "R2")
    #expect(steps.isEmpty)

    #expect(try state.hash == answer["result"]["th"].bytes)
    let keys = answer["result"]["keys"]
    let labels: [(StaticString, String)] = [
      ("root", "root"), ("chain I", "chain I"), ("chain R", "chain R"), ("session id", "session id"),
      ("log", "log"), ("exporter", "exporter"), ("sas", "sas"),
    ]
    for (label, name) in labels { #expect(try state.exportPublic(label) == keys[name].bytes, "\(name)") }
    if isPairing { #expect(try state.exportPublic("pair psk") == keys["pair psk"].bytes) }
  }

  private func body(_ name: String) throws -> [UInt8] {
    Array(try answer["wire"][name].bytes.dropFirst(3))
  }

  private func mixHash(_ bytes: [UInt8], _ name: String) throws {
    state.mixHash(bytes.span)
    try check(name)
  }

  private func mixKey(_ value: String, as secret: MixedSecret, _ name: String? = nil) throws {
    let bytes = try answer["values"][value].bytes
    switch bytes.count {
    case 384: try state.mixKey(makeSecret(bytes, Value384.self), as: secret)
    case 64: try state.mixKey(makeSecret(bytes, Value64.self), as: secret)
    default: try state.mixKey(makeSecret(bytes, Value32.self), as: secret)
    }
    try check(name ?? "MixKey(\(value))")
  }

  private func seal(
    _ plaintext: [UInt8], _ role: Role, _ expected: [UInt8], _ name: String
  ) throws {
    var sealed: [UInt8] = []
    try state.seal(plaintext.span, as: role, appendingTo: &sealed)
    #expect(sealed == expected, "\(name)")
    try check(name)
  }

  private func sealResponse(
    _ label: ResponseLabel, _ value: String, to challenger: String, _ role: Role,
    _ expected: [UInt8], _ name: String
  ) throws {
    let response = try state.response(label, to: answer["inputs"][challenger]["c"].bytes)
    #expect(try response == answer["values"][value].bytes)
    try seal(response, role, expected, "MixHash(Enc resp \(name))")
  }

  private func check(_ name: String) throws {
    let next = steps.popFirst()
    let step = try #require(next)
    #expect(try step["after"].string == name)
    #expect(try state.hash == step["h"].bytes, "h after \(name)")
    let (chaining, key) = state.withKeysForTestsOnly { ([UInt8](copying: $0), [UInt8](copying: $1)) }
    #expect(try chaining == step["ck"].bytes, "ck after \(name)")
    if case .string = step["k"] { #expect(try key == step["k"].bytes, "k after \(name)") }
  }
}

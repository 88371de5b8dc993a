import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Synchronization
import Testing
import Wire

/// What docs/PROTOCOL.md requires of a handshake beyond what the attacks on it show.
@Suite("Requirements of a handshake")
struct HandshakeRequirementTests {
  private let cast: Cast
  private let encapsulation = CountingEncapsulation()

  init() throws { cast = try Cast() }

  /// Bob, who counts his work with ML-KEM.
  private func listener(takesFirstContact: Bool = true) throws -> TestPeer {
    var context = cast.context(of: cast.bob)
    context.encapsulation = encapsulation
    return try cast.accepting(context, takesFirstContact: takesFirstContact)
  }

  private func dialler(_ mode: HandshakeMode) throws -> TestPeer {
    mode == .known ? try cast.dialling() : try cast.diallingFirst()
  }

  /// Carries frames to and fro; `edit` sees each with its number from 0.
  private func carry(_ dialler: TestPeer, _ listener: TestPeer, edit: (Int, [UInt8]) -> [UInt8]) {
    var number = 0
    var isSilent = false
    while !isSilent {
      isSilent = true
      for (speaker, hearer) in [(dialler, listener), (listener, dialler)] {
        for frame in speaker.sent() {
          isSilent = false
          hearer.receive(edit(number, frame))
          number += 1
        }
        if speaker.closesLink != nil { hearer.tell(.linkClosed) }
      }
    }
  }

  private func said(_ peer: TestPeer, _ isIt: (ConnectionAction) -> Bool) -> Int {
    peer.said.filter(isIt).count
  }

  // [M-19] [N-07] [F-08] [E-05]
  @Test(arguments: HandshakeMode.betweenUsers)
  func noByteOfAHandshakeCanBeChanged(_ mode: HandshakeMode) throws {
    var lengths: [Int] = []
    let (alice, bob) = (try dialler(mode), try listener())
    carry(alice, bob) { _, frame in
      lengths.append(frame.count)
      return frame
    }
    #expect(alice.isUp && bob.isUp)
    let expected = mode == .known ? [1316, 1237, 323, 83] : [1268, 1157, 147, 403, 323, 83]
    #expect(lengths.prefix(expected.count) == expected[...])
    for (target, length) in expected.enumerated() {
      // Every part of every frame: most of the long ones is an ML-KEM key or ciphertext.
      for place in stride(from: 3, to: length, by: length > 400 ? 61 : 17) {
        let (alice, bob) = (try dialler(mode), try listener())
        carry(alice, bob) { number, frame in
          guard number == target else { return frame }
          var frame = frame
          frame[place] ^= 0x10
          return frame
        }
        #expect(alice.summary == nil && bob.summary == nil, "frame \(target), byte \(place)")
        #expect(alice.refusal != nil && bob.refusal != nil)
        #expect(alice.shown.isEmpty && bob.shown.isEmpty)
        // From the first sealed part on, what failed has one name whichever part it was.
        if target >= 2 { #expect((target % 2 == 0 ? bob : alice).code == .auth) }
      }
    }
  }

  // [M-05] [L-03]
  @Test func inModeKNoShareIsMadeBeforeTheTagHolds() throws {
    for isGood in [false, true] {
      let drawn = ScriptedEntropy([[UInt8](repeating: 1, count: 32)])
      var context = cast.context(of: cast.bob)
      context.entropy = drawn
      let alice = try Handmade(cast.alice, .initiator, .known)
      var initiation = try alice.initiation(to: cast.bob.profile)
      if !isGood { initiation[initiation.count - 1] ^= 1 }
      let bob = try cast.accepting(context)
      bob.receive(initiation)
      #expect(drawn.isUsedUp == isGood)
    }
  }

  // [M-05] [L-03] [E-01]
  @Test func inModeKNothingIsSentAndNoKEMIsDoneBeforeTheTagHolds() throws {
    for place in [0, 20, 60, 1_000] {
      let alice = try Handmade(cast.alice, .initiator, .known)
      var initiation = try alice.initiation(to: cast.bob.profile)
      initiation[initiation.count - 1 - place] ^= 1
      let bob = try listener()
      bob.receive(initiation)
      #expect(bob.code == .auth)
      #expect(bob.sent().isEmpty && bob.closesLink == false)
    }
    #expect(encapsulation.count == 0)
  }

  // [L-01]
  @Test func anInitiationThatIsNotWholeCostsNoPublicKeyWork() throws {
    let bob = try listener()
    let alice = try Handmade(cast.alice, .initiator, .known)
    for byte in try alice.initiation(to: cast.bob.profile).dropLast() { bob.receive([byte]) }
    #expect(encapsulation.count == 0)
    #expect(bob.said.isEmpty && bob.sent().isEmpty)
  }

  // [M-04] [N-04] [N-08]
  @Test func theListenerPicksTheStrongestGroupAndTheDiallersFirstCipher() throws {
    // INIT with a share of group 1 offers group 2 before it, and the ciphers 2 and 1.
    let alice = try Handmade(cast.alice, .initiator, .known)
    let bob = try listener()
    bob.receive(
      try alice.initiation(to: cast.bob.profile, groups: [2, 1, 0, 0], ciphers: [2, 1, 0, 0]))
    let response = bob.sent()
    #expect(response.map(\.count) == [1237])
    #expect(Array(response[0][3...4]) == [1, 1])
  }

  // [M-13] [G-05]
  @Test func onlyTheTagUnderThePasswordsKeyCountsAGuess() throws {
    for (place, guesses) in [(10, 0), (100, 1), (390, 0)] {
      let (alice, bob) = (try dialler(.pair), try listener())
      carry(alice, bob) { number, frame in
        guard number == 3 else { return frame }
        var frame = frame
        frame[place] ^= 1
        return frame
      }
      #expect(alice.code == .auth)
      #expect(said(alice) { if case .dialGuessFailed = $0 { true } else { false } } == guesses, "\(place)")
    }
    let (alice, bob) = (try dialler(.pair), try listener())
    bob.password = try makePasswordSecret([UInt8](repeating: 9, count: 32))
    carry(alice, bob) { $1 }
    #expect(alice.code == .auth && bob.code == .closed)
    #expect(bob.refusal?.guessSpent == true)
  }

  // [M-15]
  @Test func aKnownKeyMustComeWithItsWholeProfile() throws {
    var otherSigner = cast.alice.profile.bytes
    otherSigner[40] ^= 1
    var unsigned = cast.alice.profile.bytes
    unsigned[192] ^= 1
    for (profile, knows, code) in [
      (cast.alice.profile.bytes, true, nil), (cast.alice.profile.bytes, false, .auth),
      (otherSigner, true, .ident), (unsigned, true, .ident), (cast.bob.profile.bytes, true, .auth),
    ] as [([UInt8], Bool, ChatErrorCode?)] {
      let bob = try listener()
      if !knows { bob.contact = nil }
      let alice = try Handmade(cast.alice, .initiator, .known)
      alice.claimedProfile = profile
      bob.receive(try alice.initiation(to: cast.bob.profile))
      try alice.takeResponse(bob.sent()[0])
      bob.receive(try alice.authentication(pairSecret: cast.pairSecret))
      #expect(bob.code == code)
    }
  }

  // [G-01] [G-02]
  @Test func aGuessIsSpentBeforeTheAnswerAndGivenBackByProofAlone() throws {
    func spent(_ peer: TestPeer) -> Int { said(peer) { if case .spendGuess = $0 { true } else { false } } }
    func returned(_ peer: TestPeer) -> Int {
      said(peer) { if case .returnGuess = $0 { true } else { false } }
    }
    let (alice, bob) = (try dialler(.pair), try listener())
    var spentBeforeAnswer = 0
    carry(alice, bob) { number, frame in
      if number == 3 { spentBeforeAnswer = spent(bob) }
      return frame
    }
    #expect(spentBeforeAnswer == 1 && returned(bob) == 1)

    let (stranger, careful) = (try dialler(.pair), try listener())
    careful.password = nil
    carry(stranger, careful) { $1 }
    #expect(spent(careful) == 1 && returned(careful) == 0)
    #expect(stranger.code == .auth)

    let (lucky, full) = (try dialler(.pair), try listener())
    full.storingFails = true
    var answers = 0
    carry(lucky, full) { number, frame in
      answers = max(answers, number)
      return frame
    }
    #expect(answers == 2, "an answer left before its guess was spent")
  }

  // [K-03]
  @Test func nothingOfTheSymmetricStateIsLeftWhenItGoes() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    do {
      var state = try SymmetricState(mode: .known, in: region)
      try state.mixKey(cast.alice.agreementKey, as: .se)
      let text: [UInt8] = [1, 2, 3]
      var sealed: [UInt8] = []
      try state.seal(text.span, as: .initiator, appendingTo: &sealed)
      _ = try state.response(.ofInitiator, to: [1])
    }
    #expect(region.freeBytesAreZero)
  }

  // [S-04]
  @Test func aProfilesIdIsTheHashOfItsFirst129Bytes() throws {
    let profile = cast.alice.profile
    let bytes = profile.bytes
    let id = SHA256Hash.hash(bytes.span.extracting(first: 129))
    #expect(try ProvenProfile(verifying: profile).profileID == id)
  }

  // [E-04]
  @Test func codesAreThoseOfTheText() {
    let codes =
      "E_PROTO E_POLICY E_DH E_PAKE E_AUTH E_IDENT E_REFLECT E_DOWNGRADE E_MAC E_CRC E_KU E_LIMIT "
      + "E_TIMEOUT E_STATE E_CLOSED E_ALERT TRUNCATED"
    #expect(ChatErrorCode.allCases.map(\.rawValue) == codes.split(separator: " ").map(String.init))
  }
}

/// An encapsulation that counts how often it is asked.
private final class CountingEncapsulation: KeyEncapsulation {
  private let library = MLKEM768Encapsulation()
  private let asked = Mutex(0)

  var count: Int { asked.withLock { $0 } }

  func encapsulate(
    to publicKey: Span<UInt8>, into secret: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    asked.withLock { $0 += 1 }
    return try library.encapsulate(to: publicKey, into: &secret)
  }
}

import TestSupport
import Testing
import Wire

@Suite struct HandshakeMessageTests {
  private static func initiation(
    _ mode: HandshakeMode = .known, _ groups: [KeyAgreementGroup] = [.x25519MLKEM768],
    _ ciphers: [CipherSuite] = [.aes256CBCHMACCRC32]
  ) throws -> Initiation {
    try Initiation(
      mode: mode, groups: groups, ciphers: ciphers, challenge: [UInt8](repeating: 0xc1, count: 32),
      ephemeral: [UInt8](repeating: 0xe1, count: 32),
      encapsulationKey: [UInt8](repeating: 0x4b, count: groups.contains(.x25519MLKEM768) ? 1184 : 0),
      finiteFieldShare: [UInt8](repeating: 0xff, count: groups.contains(.x25519FFDHE3072) ? 384 : 0))
  }

  private static let offers: [[KeyAgreementGroup]] = [
    [.x25519MLKEM768], [.x25519], [.x25519FFDHE3072], [.x25519, .x25519FFDHE3072],
    [.x25519FFDHE3072, .x25519MLKEM768], [.x25519MLKEM768, .x25519],
    [.x25519, .x25519FFDHE3072, .x25519MLKEM768],
  ]

  // [M-02]
  @Test func everyOfferComesBack() throws {
    for mode in HandshakeMode.allCases {
      for groups in Self.offers {
        let message = try Self.initiation(
          mode, groups, [.aes256GCM, .aes256CBCHMACCRC32, .xchacha20Poly1305])
        let proof = [UInt8](repeating: 0xaa, count: mode.knowsResponder ? 48 : 0)
        let body = message.clearBytes + proof
        #expect(message.clearByteCount == message.clearBytes.count)
        #expect(try Initiation(parsing: body.span) == message)
        #expect(
          FrameGate.initiation.admits(try #require(FrameHead(type: .initiation, bodyCount: body.count))))
        let shorter = Array(body.dropLast())
        let longer = body + [0]
        #expect(throws: HandshakeMessageError.wrongLength) { try Initiation(parsing: shorter.span) }
        #expect(throws: HandshakeMessageError.wrongLength) { try Initiation(parsing: longer.span) }
      }
    }
  }

  // [F-03]
  @Test func theLengthOfAnInitiationIsOneOfEight() {
    var counts: Set<Int> = []
    for mode in HandshakeMode.allCases {
      for groups in Self.offers { counts.insert(HandshakeSize.initiation(groups, mode: mode)) }
    }
    #expect(counts.sorted() == [81, 129, 465, 513, 1265, 1313, 1649, 1697])
    #expect(FrameGate.initiation.bodyCounts == counts.sorted())
  }

  // [M-04] [N-08]
  @Test(
    arguments: [
      (0, 0x54, HandshakeMessageError.wrongMagic), (6, 0, .wrongMagic), (7, 0, .unknownVersion(0)),
      (7, 2, .unknownVersion(2)), (8, 0x51, .unknownMode(0x51)), (8, 0, .unknownMode(0)),
      (9, 4, .wrongList), (9, 0, .wrongList), (10, 1, .wrongList), (11, 2, .wrongList), (12, 9, .wrongList),
      (13, 0, .wrongList), (13, 4, .wrongList), (14, 1, .wrongList), (16, 2, .wrongList),
      (9, 2, .wrongLength), (10, 3, .wrongLength), (8, 0x50, .wrongLength),
    ] as [(Int, UInt8, HandshakeMessageError)])
  func aWrongByteIsNamed(_ place: Int, _ value: UInt8, _ problem: HandshakeMessageError) throws {
    var body = try Self.initiation().clearBytes + [UInt8](repeating: 0, count: 48)
    body[place] = value
    #expect(throws: problem) { try Initiation(parsing: body.span) }
  }

  // [E-06]
  @Test func aMessageOfAnyLengthAndContentIsReadWithoutATrap() {
    var generator = SeededGenerator(seed: 3)
    for count in [0, 1, 8, 9, 16, 17, 80, 81, 82, 129, 1265, 1313, 1697, 2000] {
      for _ in 0..<50 {
        var body = generator.bytes(count)
        if Bool.random(using: &generator) {
          for (index, byte) in (Initiation.magic + [1, 0x50, 1, 2, 0, 0, 3]).enumerated() where index < count
          {
            body[index] = byte
          }
        }
        if let message = try? Initiation(parsing: body.span) {
          #expect(Array(body.prefix(message.clearByteCount)) == message.clearBytes)
        }
      }
    }
  }

  // [M-06] [M-07]
  @Test func aResponseComesBackAndMustPickWhatWasOffered() throws {
    let all = try Self.initiation(.known, Self.offers[6], [.aes256CBCHMACCRC32])
    for group in KeyAgreementGroup.allCases {
      let share = [UInt8](repeating: 7, count: HandshakeSize.response(group, mode: .pair) - 66)
      let response = try Response(
        group: group, cipher: .aes256CBCHMACCRC32, challenge: [UInt8](repeating: 1, count: 32),
        ephemeral: [UInt8](repeating: 2, count: 32), share: share)
      let body = response.clearBytes + [UInt8](repeating: 0, count: 80)
      #expect(response.clearByteCount == response.clearBytes.count)
      #expect(try Response(parsing: body.span, answering: all) == response)
      let clear = response.clearBytes
      #expect(throws: HandshakeMessageError.wrongLength) { try Response(parsing: clear.span, answering: all) }
      let narrow = try Self.initiation(.known, [group == .x25519 ? .x25519MLKEM768 : .x25519])
      #expect(throws: HandshakeMessageError.notOffered) {
        try Response(parsing: body.span, answering: narrow)
      }
      var otherCipher = body
      for cipher: UInt8 in [0, 2, 3, 4] {
        otherCipher[1] = cipher
        #expect(throws: HandshakeMessageError.notOffered) {
          try Response(parsing: otherCipher.span, answering: all)
        }
      }
    }
    let nothing: [UInt8] = []
    #expect(throws: HandshakeMessageError.wrongLength) { try Response(parsing: nothing.span, answering: all) }
  }

  // [F-03]
  @Test func theSizesAreThoseOfTheText() {
    #expect(HandshakeSize.sealed(0) == 48 && HandshakeSize.sealed(32) == 80)
    #expect(HandshakeSize.sealed(96) == 144 && HandshakeSize.sealed(193) == 240)
    let head = FrameHead.byteCount
    #expect(HandshakeSize.initiation([.x25519MLKEM768], mode: .known) + head == 1316)
    #expect(HandshakeSize.initiation([.x25519MLKEM768], mode: .pair) + head == 1268)
    #expect(HandshakeSize.response(.x25519MLKEM768, mode: .known) + head == 1237)
    #expect(HandshakeSize.response(.x25519MLKEM768, mode: .pair) + head == 1157)
    #expect(HandshakeSize.pair1 + head == 147 && HandshakeSize.pair2 + head == 403)
    #expect(HandshakeSize.authentication + head == 323 && HandshakeSize.finish + head == 83)
  }
}

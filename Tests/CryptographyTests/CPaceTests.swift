import Cryptography
import TestSupport
import Testing

@Suite struct Ristretto255Tests {
  struct File: Decodable {
    struct Label: Decodable {
      let label: String
      let encoding: HexBytes
    }
    let multiplesOfBase, invalidEncodings: [HexBytes]
    let labels: [Label]
  }

  private func multiply(_ scalar: [UInt8], _ point: [UInt8]) throws(CryptographyError) -> [UInt8] {
    try filled(32) { (output) throws(CryptographyError) in
      try Ristretto255.multiply(scalar.span, point.span, into: &output)
    }
  }

  @Test func theMultiplesOfTheBaseComeOut() throws {
    let file: File = try VectorFiles.decode(from: "ristretto255.json", in: VectorFiles.vectors)
    let base = file.multiplesOfBase[1].bytes
    #expect(file.multiplesOfBase.count == 16)
    for (number, point) in file.multiplesOfBase.enumerated().dropFirst() {
      let scalar = [UInt8(number)] + [UInt8](repeating: 0, count: 31)
      #expect(try multiply(scalar, base) == point.bytes)
    }
  }

  // [M-10]
  @Test func theIdentityIsRefusedAsAPointAndAsAProduct() throws {
    let file: File = try VectorFiles.decode(from: "ristretto255.json", in: VectorFiles.vectors)
    let one = [1] + [UInt8](repeating: 0, count: 31)
    let zero = [UInt8](repeating: 0, count: 32)
    #expect(file.multiplesOfBase[0].bytes == zero)
    #expect(throws: CryptographyError.weakShare) { try multiply(one, zero) }
    #expect(throws: CryptographyError.weakShare) { try multiply(zero, file.multiplesOfBase[1].bytes) }
  }

  // [M-10]
  @Test func allInvalidEncodingsAreRefused() throws {
    let file: File = try VectorFiles.decode(from: "ristretto255.json", in: VectorFiles.vectors)
    let one = [1] + [UInt8](repeating: 0, count: 31)
    #expect(file.invalidEncodings.count == 29)
    for encoding in file.invalidEncodings {
      #expect(throws: CryptographyError.weakShare) { try multiply(one, encoding.bytes) }
    }
    #expect(throws: CryptographyError.weakShare) {
      try multiply(one, Array(file.multiplesOfBase[1].bytes.dropLast()))
    }
  }

  @Test func hashesMapToTheStandardsPoints() throws {
    let file: File = try VectorFiles.decode(from: "ristretto255.json", in: VectorFiles.vectors)
    #expect(file.labels.count == 7)
    for test in file.labels {
      let digest = SHA512Hash.hash([UInt8](test.label.utf8).span)
      let point = try filled(32) { (output) throws(CryptographyError) in
        try Ristretto255.map(digest.span, into: &output)
      }
      #expect(point == test.encoding.bytes)
    }
  }
}

@Suite struct CPaceTests {
  enum Password: SecretPurpose { static var byteCount: Int { 8 } }

  struct File: Decodable {
    struct Exchange: Decodable {
      let password, channel, session, initiatorScalar, initiatorData, initiatorShare: HexBytes
      let responderScalar, responderData, responderShare, sessionKey: HexBytes
    }
    struct Valid: Decodable {
      let scalar, point, product: HexBytes
    }
    let exchange: Exchange
    let valid: Valid
    let invalid: [HexBytes]
  }

  let file: File
  let region: GuardedRegion

  init() throws {
    file = try VectorFiles.decode(from: "cpace-ristretto255.json", in: VectorFiles.vectors)
    region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
  }

  private func side(_ scalar: HexBytes, password: [UInt8]? = nil) throws -> CPaceExchange {
    let secret = try Secret<Password>(forTestsOnly: password ?? file.exchange.password.bytes, in: region)
    return try CPaceExchange(
      password: secret, channel: file.exchange.channel.bytes, session: file.exchange.session.bytes,
      in: region,
      from: ScriptedEntropy(scalar.bytes))
  }

  // [M-11]
  @Test func theDraftsSharesAndKeyComeOutOnBothSides() throws {
    let values = file.exchange
    let initiator = try side(values.initiatorScalar)
    let responder = try side(values.responderScalar)
    #expect(initiator.share == values.initiatorShare.bytes)
    #expect(responder.share == values.responderShare.bytes)
    let (initiatorShare, responderShare) = (initiator.share, responder.share)
    let first: Secret<Key64> = try initiator.sessionKey(
      as: .initiator, peerShare: responderShare, ownData: values.initiatorData.bytes,
      peerData: values.responderData.bytes)
    let second: Secret<Key64> = try responder.sessionKey(
      as: .responder, peerShare: initiatorShare, ownData: values.responderData.bytes,
      peerData: values.initiatorData.bytes)
    #expect(first.bytesForTestsOnly == values.sessionKey.bytes)
    #expect(second.bytesForTestsOnly == values.sessionKey.bytes)
  }

  @Test func theDraftsProductComesOut() throws {
    let product = try filled(32) { (output) throws(CryptographyError) in
      try Ristretto255.multiply(file.valid.scalar.bytes.span, file.valid.point.bytes.span, into: &output)
    }
    #expect(product == file.valid.product.bytes)
  }

  // [M-10]
  @Test func theDraftsInvalidSharesAreRefused() throws {
    #expect(file.invalid.count == 2)
    var refused = 0
    for share in file.invalid.map(\.bytes) + [[UInt8]](arrayLiteral: [], counting(31)) {
      let own = try side(file.exchange.initiatorScalar)
      do throws(CryptographyError) {
        let _: Secret<Key64> = try own.sessionKey(as: .initiator, peerShare: share)
      } catch {
        #expect(error == .weakShare)
        refused += 1
      }
    }
    #expect(refused == 4)
  }

  @Test func anotherPasswordGivesAnotherKey() throws {
    let own = try side(file.exchange.initiatorScalar)
    let other = try side(file.exchange.responderScalar, password: [UInt8]("Passw0rd".utf8))
    let (ownShare, otherShare) = (own.share, other.share)
    let first: Secret<Key64> = try own.sessionKey(as: .initiator, peerShare: otherShare)
    let second: Secret<Key64> = try other.sessionKey(as: .responder, peerShare: ownShare)
    #expect(first.bytesForTestsOnly != second.bytesForTestsOnly)
  }

  @Test func aScalarThatIsNoneIsDrawnAgain() throws {
    // Zero, then the group's order, then a good one.
    let order = try #require(
      HexBytes.parse("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
    let script = [UInt8](repeating: 0, count: 32) + order + file.exchange.initiatorScalar.bytes
    let own = try side(HexBytes(script))
    #expect(own.share == file.exchange.initiatorShare.bytes)
  }

  @Test func nothingOfAnExchangeIsLeft() throws {
    do {
      let own = try side(file.exchange.initiatorScalar)
      let _: Secret<Key64> = try own.sessionKey(
        as: .initiator, peerShare: file.exchange.responderShare.bytes)
    }
    #expect(region.bytesInUse == 0)
    #expect(region.freeBytesAreZero)
  }

  @Test func lengthsAreWrittenAsTheDraftSays() {
    #expect(
      CPace.lengthValueJoined([[], [7], [UInt8](repeating: 1, count: 128)]).prefix(6) == [
        0, 1, 7, 0x80, 1, 1,
      ])
  }
}

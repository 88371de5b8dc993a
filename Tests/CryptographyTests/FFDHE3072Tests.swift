import Cryptography
import TestSupport
import Testing

@Suite struct FFDHE3072Tests {
  private struct File: Decodable {
    struct Refused: Decodable {
      let name: String
      let `public`: HexBytes
    }
    let firstExponent, firstPublic, secondExponent, secondPublic, shared: HexBytes
    let refused: [Refused]
  }

  private let file: File
  private let region: GuardedRegion

  init() throws {
    file = try VectorFiles.decode(from: "ffdhe3072.json", in: VectorFiles.vectors)
    region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
  }

  private func exponent(_ bytes: HexBytes) throws -> Secret<FFDHE3072Exponent> {
    try Secret(forTestsOnly: bytes.bytes, in: region)
  }

  private func shared(
    _ exponent: borrowing Secret<FFDHE3072Exponent>, _ peer: [UInt8]
  ) throws(CryptographyError) -> [UInt8] {
    var shared = try Secret<Key384>(in: region)
    try FFDHE3072.sharedSecret(private: exponent, public: peer.span, into: &shared)
    return shared.bytesForTestsOnly
  }

  // [N-02]
  @Test func opensslsOwnValuesComeOutOnBothSides() throws {
    let first = try exponent(file.firstExponent)
    let second = try exponent(file.secondExponent)
    #expect(try FFDHE3072.publicValue(of: first) == file.firstPublic.bytes)
    #expect(try FFDHE3072.publicValue(of: second) == file.secondPublic.bytes)
    #expect(try shared(first, file.secondPublic.bytes) == file.shared.bytes)
    #expect(try shared(second, file.firstPublic.bytes) == file.shared.bytes)
  }

  // [N-02]
  @Test("attack 24: each of the eight bad public values is refused, and gives no secret")
  func badPublicValuesAreRefused() throws {
    #expect(file.refused.count == 8)
    let own = try exponent(file.firstExponent)
    for bad in file.refused {
      var secret = try Secret<Key384>(forTestsOnly: counting(384), in: region)
      var thrown: CryptographyError?
      do throws(CryptographyError) {
        try FFDHE3072.sharedSecret(private: own, public: bad.public.bytes.span, into: &secret)
      } catch {
        thrown = error
      }
      #expect(thrown == .weakShare, "\(bad.name)")
      #expect(secret.bytesForTestsOnly == [UInt8](repeating: 0, count: 384), "\(bad.name)")
    }
  }

  @Test func noOtherLengthIsTaken() throws {
    let own = try exponent(file.firstExponent)
    for bytes in [[], Array(file.secondPublic.bytes.dropLast()), [0] + file.secondPublic.bytes] {
      #expect(throws: CryptographyError.wrongLength) { try shared(own, bytes) }
    }
    var short = try Secret<Key64>(in: region)
    var thrown: CryptographyError?
    do throws(CryptographyError) {
      try FFDHE3072.sharedSecret(private: own, public: file.secondPublic.bytes.span, into: &short)
    } catch {
      thrown = error
    }
    #expect(thrown == .wrongLength)
  }

  // [N-02]
  @Test func anExponentHasExactly275BitsWhateverIsDrawn() throws {
    for byte in [UInt8.min, 0b1010_1010, .max] {
      let drawn = ScriptedEntropy([UInt8](repeating: byte, count: 35))
      let exponent = try Secret<FFDHE3072Exponent>.randomExponent(in: region, from: drawn)
      let bytes = exponent.bytesForTestsOnly
      #expect(bytes[0] == byte & 3 | 4)
      #expect(bytes.dropFirst().allSatisfy { $0 == byte })
    }
  }

  // [N-02]
  @Test("attack 24: both sides agree 300 times, also where the secret begins with a zero")
  func bothSidesAgreeAlsoOnALeadingZero() throws {
    let own = try exponent(file.firstExponent)
    let ownPublic = file.firstPublic.bytes
    var leadingZeros = 0
    // The peers' exponents run on from one whose secret begins with a zero byte, so that one is always there.
    for index in 0..<300 {
      var bytes = file.secondExponent.bytes
      let number = FFDHE3072Tests.firstWithALeadingZero + index
      bytes[33] = UInt8(truncatingIfNeeded: number >> 8)
      bytes[34] = UInt8(truncatingIfNeeded: number)
      let peer = try exponent(HexBytes(bytes))
      let one = try shared(own, try FFDHE3072.publicValue(of: peer))
      let two = try shared(peer, ownPublic)
      #expect(one == two && one.count == 384)
      if one[0] == 0 { leadingZeros += 1 }
    }
    #expect(leadingZeros >= 1)
  }

  /// Found by trying: see the test above.
  private static let firstWithALeadingZero = 27
}

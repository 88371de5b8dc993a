import Cryptography
import Testing

@Suite struct SecretSlabTests {
  private func secret(_ slab: SecretSlab, _ byte: UInt8, _ count: Int = 32) throws -> GroupSecret {
    let bytes = [UInt8](repeating: byte, count: count)
    return try GroupSecret(copying: bytes.span, in: slab)
  }

  @Test func aSecretIsWipedWhenItsLastHolderLetsGo() throws {
    let slab = SecretSlab()
    let known = [UInt8](repeating: 0xa5, count: 32)
    var first: GroupSecret? = try secret(slab, 0xa5)
    var second = first
    func isHeld() -> Bool { slab.holds(known.span) }
    #expect(isHeld())
    first = nil
    #expect(second != nil && isHeld())
    second = nil
    #expect(!isHeld())
    #expect(slab.freeBytesAreZero)
    #expect(slab.bytesInUse == 0)
    _ = (first, second)
  }

  @Test func aSlabGrowsByRegionsAndStopsAtItsLimit() throws {
    let slab = SecretSlab()
    var held: [GroupSecret] = []
    for number in 0..<3000 { held.append(try secret(slab, UInt8(truncatingIfNeeded: number))) }
    #expect(slab.bytesInUse == 3000 * 32)
    for (number, secret) in held.enumerated() {
      #expect(secret.withBytes { $0[31] } == UInt8(truncatingIfNeeded: number))
    }
    held = []
    // Larger than a region, each in one of its own.
    for _ in 0..<15 { held.append(try secret(slab, 1, 1 << 20)) }
    #expect(throws: CryptographyError.guardedMemoryExhausted) {
      for _ in 0..<3 { held.append(try secret(slab, 1, 1 << 20)) }
    }
    held = []
    _ = try secret(slab, 2, 1 << 20)
  }

  @Test func aSecretWhoseFillingFailsLeavesNothing() throws {
    let slab = SecretSlab()
    #expect(throws: CryptographyError.underlyingLibraryFailed) {
      try GroupSecret(byteCount: 32, in: slab) { (bytes) throws(CryptographyError) in
        bytes[0] = 1
        throw .underlyingLibraryFailed
      }
    }
    #expect(slab.freeBytesAreZero)
    #expect(slab.bytesInUse == 0)
  }

  @Test func derivedKeysOfEverySuiteAreTheirPublicKeys() throws {
    let slab = SecretSlab()
    for suite in GroupSuite.all {
      let input = try secret(slab, 7, suite.hashByteCount)
      let pair = try suite.deriveKeyPair(input)
      let again = try suite.deriveKeyPair(input)
      #expect(pair.publicKey == again.publicKey)
      #expect(try suite.keyPair(of: pair.privateKey).publicKey == pair.publicKey)
      #expect(throws: CryptographyError.weakShare) {
        try suite.requireKeyAgreementKey([UInt8](repeating: 0, count: pair.publicKey.count))
      }
      let short = try secret(slab, 1, 5)
      #expect(throws: CryptographyError.wrongLength) { try suite.keyPair(of: short) }
    }
  }
}

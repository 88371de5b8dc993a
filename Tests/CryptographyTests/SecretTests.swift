import Cryptography
import Testing

@Suite struct SecretTests {
  let region: GuardedRegion

  init() throws {
    region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
  }

  @Test func wipingLeavesZerosAtOnce() throws {
    var secret = try Secret<Key32>(forTestsOnly: counting(32), in: region)
    secret.wipe()
    #expect(secret.bytesForTestsOnly == [UInt8](repeating: 0, count: 32))
    #expect(region.bytesInUse == 32)
  }

  @Test func aSecretThatCannotBeFilledLeavesNothing() throws {
    let thrown = #expect(throws: CryptographyError.self) {
      _ = try Secret<Key32>(in: region) { (bytes) throws(CryptographyError) in
        for index in bytes.indices { bytes[index] = 0xff }
        throw .weakShare
      }
    }
    #expect(thrown == .weakShare)
    #expect(region.bytesInUse == 0)
    #expect(region.freeBytesAreZero)
  }

  @Test func aCopyIsItsOwn() throws {
    var first = try Secret<Key32>(forTestsOnly: counting(32), in: region)
    let second = try Secret<OtherKey32>(copying: first, in: region)
    first.wipe()
    #expect(second.bytesForTestsOnly == counting(32))
  }

  @Test func bytesOfAnotherCountAreRefused() throws {
    #expect(throws: CryptographyError.wrongLength) {
      _ = try Secret<Key32>(copying: counting(31).span, in: region)
    }
    let small = try Secret<Key16>(forTestsOnly: counting(16), in: region)
    var large = try Secret<Key32>(in: region)
    let thrown: CryptographyError?
    do throws(CryptographyError) {
      try large.copy(from: small)
      thrown = nil
    } catch {
      thrown = error
    }
    #expect(thrown == .wrongLength)
    #expect(large.bytesForTestsOnly == [UInt8](repeating: 0, count: 32))
  }

  @Test func anErrorOfTheBorrowerComesThroughAsItIs() throws {
    struct Own: Error {}
    let secret = try Secret<Key32>(in: region)
    var caught = false
    do throws(Own) {
      try secret.withBytes { (_) throws(Own) in throw Own() }
    } catch {
      caught = true
    }
    #expect(caught)
  }

  @Test func randomSecretsDiffer() throws {
    let first = try Secret<Key32>.random(in: region, from: SystemEntropy.shared)
    let second = try Secret<Key32>.random(in: region, from: SystemEntropy.shared)
    #expect(first.bytesForTestsOnly != second.bytesForTestsOnly)
  }

  @Test func aCopyLargerThanItsPlaceStopsTheProcess() async {
    await #expect(processExitsWith: .failure) {
      let region = try GuardedRegion(byteCount: 64)
      var secret = try Secret<Key16>(in: region)
      secret.withMutableBytes { $0.copy([UInt8](repeating: 1, count: 17).span) }
    }
  }
}

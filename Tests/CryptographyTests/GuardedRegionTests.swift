import Cryptography
import Testing

@Suite struct GuardedRegionTests {
  @Test func aRegionHasAtLeastTheRoomThatWasAskedForAndAPageAtLeast() throws {
    #expect(try GuardedRegion(byteCount: 0).byteCount == GuardedRegion.pageByteCount)
    #expect(try GuardedRegion(byteCount: 10_000).byteCount >= 10_000)
    #expect(throws: CryptographyError.wrongLength) { try GuardedRegion(byteCount: -1) }
  }

  @Test func aNewSlotIsZeros() throws {
    let region = try GuardedRegion(byteCount: 64)
    let secret = try Secret<Key64>(in: region)
    #expect(secret.bytesForTestsOnly == [UInt8](repeating: 0, count: 64))
  }

  @Test func aSlotThatIsGivenBackIsZerosAndServesAgain() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    var firstAddress: UInt = 0
    do {
      let secret = try Secret<Key64>(in: region) { (bytes) throws(CryptographyError) in
        for index in bytes.indices { bytes[index] = 0xaa }
      }
      firstAddress = secret.addressForTestsOnly
      #expect(region.bytesInUse == 64)
      #expect(region.freeBytesAreZero)
    }
    #expect(region.bytesInUse == 0)
    #expect(region.freeBytesAreZero)
    let next = try Secret<Key64>(in: region)
    #expect(next.addressForTestsOnly == firstAddress)
    #expect(next.bytesForTestsOnly == [UInt8](repeating: 0, count: 64))
  }

  @Test func theCheckForZerosSeesABitThatIsLeft() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    do {
      let secret = try Secret<Key32>(in: region)
      let address = secret.addressForTestsOnly
      // What a missing wipe would leave behind: a byte in a slot that nobody holds.
      unsafe UnsafeMutablePointer<UInt8>(bitPattern: address + 40)?.pointee = 1
    }
    #expect(!region.freeBytesAreZero)
  }

  @Test func aFullRegionIsAnErrorAndHasRoomAgainAfterwards() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    try Self.fill(region, until: region.byteCount / 64)
    #expect(region.bytesInUse == 0)
    let small = try Secret<Key16>(in: region)
    #expect(small.bytesForTestsOnly.count == 16)
  }

  /// Takes `remaining` slots of 64 bytes, one inside the other, and expects that the next one fails.
  private static func fill(_ region: GuardedRegion, until remaining: Int) throws {
    guard remaining > 0 else {
      #expect(throws: CryptographyError.guardedMemoryExhausted) {
        _ = try Secret<Key64>(in: region)
      }
      return
    }
    let secret = try Secret<Key64>(in: region)
    try fill(region, until: remaining - 1)
    #expect(secret.bytesForTestsOnly == [UInt8](repeating: 0, count: 64))
  }

  @Test func slotsBesideEachOtherDoNotTouch() throws {
    let region = try GuardedRegion(byteCount: 256)
    let left = try Secret<Key32>(forTestsOnly: [UInt8](repeating: 1, count: 32), in: region)
    var middle = try Secret<Key16>(forTestsOnly: [UInt8](repeating: 2, count: 16), in: region)
    let right = try Secret<Key32>(forTestsOnly: [UInt8](repeating: 3, count: 32), in: region)
    middle.wipe()
    #expect(middle.bytesForTestsOnly == [UInt8](repeating: 0, count: 16))
    #expect(left.bytesForTestsOnly == [UInt8](repeating: 1, count: 32))
    #expect(right.bytesForTestsOnly == [UInt8](repeating: 3, count: 32))
  }

  @Test func slotsTakenFromManyTasksAreEachTheirOwn() async throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<500 {
            let value = UInt8(truncatingIfNeeded: task &* 31 &+ round)
            let secret = try Secret<Key64>(
              forTestsOnly: [UInt8](repeating: value, count: 64), in: region)
            #expect(secret.bytesForTestsOnly == [UInt8](repeating: value, count: 64))
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(region.bytesInUse == 0)
    #expect(region.freeBytesAreZero)
  }

  @Test func theByteBehindARegionStopsTheProcess() async {
    await #expect(processExitsWith: .failure) {
      let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
      let secret = try Secret<Key32>(in: region)
      // The first slot starts at the region's start; its end is the guard page.
      let address = secret.addressForTestsOnly + UInt(region.byteCount)
      let beyond = unsafe UnsafeMutablePointer<UInt8>(bitPattern: address)
      unsafe beyond?.pointee = 1
    }
  }
}

extension Secret {
  /// Where the secret lies, to see that a slot is used again.
  fileprivate var addressForTestsOnly: UInt {
    withBytes { bytes in unsafe bytes.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) } }
  }
}

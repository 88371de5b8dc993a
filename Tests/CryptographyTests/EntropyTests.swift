import Cryptography
import Testing

@Suite struct EntropyTests {
  @Test(arguments: [1, 16, 32, 507, 508, 509, 4064, 5000])
  func everyByteOfARequestIsWritten(count: Int) {
    // A byte that is never written stays zero in all of 64 tries; a random one does not (2^-512 each).
    var seen = [UInt8](repeating: 0, count: count)
    for _ in 0..<64 {
      let bytes = SystemEntropy.shared.publicBytes(count: count)
      for index in 0..<count { seen[index] |= bytes[index] }
    }
    #expect(!seen.contains(0))
  }

  @Test func noBytesAreGivenTwice() {
    var seen = Set<[UInt8]>()
    for _ in 0..<2_000 {
      #expect(seen.insert(SystemEntropy.shared.publicBytes(count: 16)).inserted)
    }
  }

  @Test func tasksAtTheSameTimeGetDifferentBytes() async {
    let all = await withTaskGroup(of: [[UInt8]].self) { group in
      for _ in 0..<8 {
        group.addTask { (0..<500).map { _ in SystemEntropy.shared.publicBytes(count: 16) } }
      }
      return await group.reduce(into: [[UInt8]]()) { $0 += $1 }
    }
    #expect(Set(all).count == 4_000)
  }

  @Test func nothingIsAFineRequest() {
    #expect(SystemEntropy.shared.publicBytes(count: 0).isEmpty)
  }
}

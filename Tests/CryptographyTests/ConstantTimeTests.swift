import Cryptography
import Testing

@Suite struct ConstantTimeTests {
  @Test func equalBytesPass() throws {
    try ConstantTime.requireEqual(counting(32).span, counting(32).span)
    try ConstantTime.requireEqual([UInt8]().span, [UInt8]().span)
  }

  @Test(arguments: [0, 1, 15, 30, 31])
  func oneBitAnywhereIsRefused(position: Int) {
    for bit in 0..<8 {
      var other = counting(32)
      other[position] ^= 1 << UInt8(bit)
      #expect(throws: CryptographyError.notAuthentic) {
        try ConstantTime.requireEqual(counting(32).span, other.span)
      }
    }
  }

  @Test func anotherLengthIsRefused() {
    #expect(throws: CryptographyError.notAuthentic) {
      try ConstantTime.requireEqual(counting(32).span, counting(31).span)
    }
  }
}

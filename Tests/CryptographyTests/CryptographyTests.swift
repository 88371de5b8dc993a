import Cryptography
import Testing

@Suite struct CRC32Tests {
  @Test func theCheckValueOfTheStandardComesOut() {
    #expect(CRC32.checksum([UInt8]("123456789".utf8).span) == 0xcbf4_3926)
  }
}

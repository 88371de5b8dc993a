import Cryptography
import Testing

@Suite struct SecretBufferTests {
  @Test func bytesComeAndGo() throws {
    var buffer = try SecretBuffer(capacity: 8)
    try buffer.append([1, 2, 3].span)
    try buffer.append([4].span)
    buffer.removeLast(2)
    let bytes = buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    #expect(bytes == [1, 2])
    let capacity = buffer.capacity
    #expect(capacity == 8)
  }

  @Test func whatIsRemovedIsZeros() throws {
    var buffer = try SecretBuffer(capacity: 8)
    try buffer.append([9, 9, 9, 9].span)
    buffer.removeLast(3)
    var rest: [UInt8] = []
    // The unused rest is lent for writing, so that a look at it shows what was left there.
    try buffer.appendBytes { (bytes) throws(CryptographyError) in
      for index in bytes.indices { rest.append(bytes[index]) }
      return 0
    }
    #expect(rest == [UInt8](repeating: 0, count: 7))
  }

  @Test func whatDoesNotFitIsRefusedWhole() throws {
    var buffer = try SecretBuffer(capacity: 4)
    try buffer.append([1, 2, 3].span)
    let refused: CryptographyError?
    do throws(CryptographyError) {
      try buffer.append([4, 5].span)
      refused = nil
    } catch {
      refused = error
    }
    #expect(refused == .wrongLength)
    let count = buffer.count
    #expect(count == 3)
  }

  @Test func wipingEmptiesIt() throws {
    var buffer = try SecretBuffer(capacity: 4)
    try buffer.append([7, 7, 7, 7].span)
    buffer.wipe()
    let isEmpty = buffer.isEmpty
    #expect(isEmpty)
    var rest: [UInt8] = []
    try buffer.appendBytes { (bytes) throws(CryptographyError) in
      for index in bytes.indices { rest.append(bytes[index]) }
      return 0
    }
    #expect(rest == [0, 0, 0, 0])
  }

  @Test func removingMoreThanThereIsEmptiesIt() throws {
    var buffer = try SecretBuffer(capacity: 4)
    try buffer.append([1].span)
    buffer.removeLast(10)
    let isEmpty = buffer.isEmpty
    #expect(isEmpty)
  }
}

import ChatProtocol
import Cryptography
import Testing
import Wire

/// What can be done to a record by somebody who knows what it says, and by memory that fails.
@Suite("Attacks on what a record says")
struct PlaintextAttackTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 3))

  init() throws { cast = try Cast() }

  // MARK: 12

  //
  @Test("attack 12: a flip through CBC with the CRC mended is refused before anything is deciphered")
  func aFlipWithTheChecksumMendedIsRefused() throws {
    // The inner bytes of the one-block text: head 4, message head 56, the text, zeros, CRC32.
    let innerCount = 240
    let textAt = 60
    for bit in 0..<64 {
      let (alice, bob) = try cast.session()
      alice.say("pay 1000", stream)
      var record = alice.sent()[0]
      #expect(record.count == 291)
      var difference = [UInt8](repeating: 0, count: innerCount - 4)
      difference[textAt + bit / 8] ^= 1 << UInt8(bit % 8)
      // CRC32 is linear: what must change in it follows from the difference alone.
      let zeros = [UInt8](repeating: 0, count: innerCount - 4)
      let mend = CRC32.checksum(difference.span) ^ CRC32.checksum(zeros.span)
      #expect(mend != 0)
      // In CBC a bit of one block of ciphertext flips that bit of the next block's plaintext.
      for (index, byte) in difference.enumerated() where byte != 0 { record[3 + index - 16] ^= byte }
      for index in 0..<4 {
        record[3 + innerCount - 4 + index - 16] ^= UInt8(truncatingIfNeeded: mend >> (24 - 8 * UInt32(index)))
      }
      bob.receive(record)
      #expect(bob.code == .mac)
      #expect(bob.shown.isEmpty)
      #expect(bob.sent().count == 1)
    }
  }

  // MARK: 42

  @Test("attack 42: bodies of 0 to 160 bytes have one frame size, and all sizes are of the seven")
  func shortTextsHaveOneSizeAndAllSizesAreOfTheSeven() throws {
    let (alice, bob) = try cast.session()
    _ = alice.sent()
    var sizes: Set<Int> = []
    for count in 0...160 {
      alice.say(String(repeating: "a", count: count), stream)
      sizes.formUnion(alice.sent().map(\.count))
      bob.say(String(repeating: "b", count: count), stream)
      sizes.formUnion(bob.sent().map(\.count))
    }
    #expect(sizes == [291])
    let seven = Set([256, 512, 1024, 2048, 4096, 8192, 16_384].map { 3 + $0 + 32 })
    var seen: Set<Int> = []
    for count in stride(from: 0, through: TextMessage.maximumByteCount, by: 251) {
      let (alice, bob) = try cast.session()
      _ = alice.sent()
      alice.tell(
        .send(stream.next(text: [UInt8](repeating: 65, count: count), at: UnixTime(milliseconds: 1))))
      let frames = alice.sent()
      seen.formUnion(frames.map(\.count))
      for frame in frames { bob.receive(frame) }
      #expect(bob.shown.map(\.text.count) == [count])
    }
    #expect(seen == seven)
  }

  // MARK: 43

  /// Opens as the cipher does; then one bit of what it gave is another, as in memory that fails.
  private final class FailingMemory: RecordOpener {
    private let opener: any RecordOpener
    private let bit: Int

    init(_ opener: any RecordOpener, flipping bit: Int) {
      self.opener = opener
      self.bit = bit
    }

    func open(
      _ sealed: Span<UInt8>, keyMaterial: Span<UInt8>, authenticating associated: Span<UInt8>,
      into output: inout MutableSpan<UInt8>
    ) throws(CryptographyError) -> Int {
      let count = try opener.open(
        sealed, keyMaterial: keyMaterial, authenticating: associated, into: &output)
      output[bit / 8] ^= 1 << UInt8(bit % 8)
      return count
    }
  }

  //
  @Test("attack 43: every bit that memory flips after the MAC is E_CRC")
  func everyBitThatMemoryFlipsIsDamageAfterAuthentication() throws {
    let region = try GuardedRegion(byteCount: 8192)
    let key = [UInt8](repeating: 5, count: 32)
    let suite = CipherSuite.aes256CBCHMACCRC32
    let cipher = try #require(RecordCipher.withIdentifier(suite.rawValue))
    var writer = try RecordWriter(
      chainKey: Secret(copying: key.span, in: region), suite: suite, sender: .initiator, in: region)
    var frame: [UInt8] = []
    try writer.seal(.ping(7), appendingTo: &frame)
    let body = Array(frame.dropFirst(3))
    for bit in 0..<240 * 8 {
      var reader = try RecordReader(
        chainKey: Secret(copying: key.span, in: region), suite: suite, sender: .initiator,
        opener: FailingMemory(cipher.makeOpener(region), flipping: bit), in: region)
      #expect(throws: ProtocolFailure(.crc)) { try reader.open(body.span) }
    }
  }
}

import CReference
import ChatProtocol
import Cryptography
import Wire

/// Sealing and opening records of one size, beside a C loop over the same library calls.
struct RecordBenchmark {
  private let cipher: CipherSuite
  private let size: RecordSize
  private let rounds: Int
  private let plaintext: [UInt8]
  private var frameCount: Int { Int(size.frameLength(cipher)) + 2 }

  init?(_ cipher: CipherSuite, holding byteCount: Int, rounds: Int) {
    guard let size = RecordSize(holding: byteCount) else { return nil }
    self.cipher = cipher
    self.size = size
    self.rounds = rounds
    // A type that may be ignored, and a body of exactly `byteCount` bytes.
    var plaintext = [UInt8](repeating: 0, count: size.innerByteCount)
    plaintext.replaceSubrange(
      0..<4 + byteCount,
      with: [16, 2, UInt8(byteCount >> 8), UInt8(byteCount & 0xff)]
        + [UInt8](repeating: 0x61, count: byteCount))
    self.plaintext = plaintext
  }

  /// Bytes of plaintext that one run seals.
  var byteCount: Int { size.innerByteCount * rounds }

  private func chainKey<Purpose: SecretPurpose>(in region: GuardedRegion) throws -> Secret<Purpose> {
    var key = [UInt8](repeating: 0, count: 32)
    key[0] = 7
    var secret = try Secret<Purpose>(in: region)
    secret.withMutableBytes { bytes in
      for index in key.indices { bytes[index] = key[index] }
    }
    return secret
  }

  /// The frames of one run, into `output`, which keeps its room from run to run.
  func seal(into output: inout [UInt8]) throws {
    let region = try GuardedRegion(byteCount: 4096)
    var writer = try RecordWriter(
      chainKey: chainKey(in: region), suite: cipher, sender: .initiator, in: region)
    output.removeAll(keepingCapacity: true)
    let plaintext = plaintext
    for _ in 0..<rounds {
      try writer.seal(size, appendingTo: &output) { inner in
        unsafe plaintext.withUnsafeBytes { bytes in
          unsafe inner.withUnsafeMutableBytes { unsafe $0.copyMemory(from: bytes) }
        }
      }
    }
  }

  func open(_ frames: [UInt8]) throws {
    let region = try GuardedRegion(byteCount: 4096)
    var reader = try RecordReader(
      chainKey: chainKey(in: region), suite: cipher, sender: .initiator, in: region)
    let frames = frames.span
    for index in 0..<rounds {
      let start = index * frameCount
      _ = try reader.open(frames.extracting(start + 3..<start + frameCount))
    }
  }

  /// Seconds of processor time of one run each, as medians: sealing ours and C, opening ours and C.
  func run(runs: Int) throws -> (seal: (Double, Double), open: (Double, Double)) {
    let reference = reference_create(Int32(cipher.rawValue))
    defer { reference_free(reference) }
    var ours: [UInt8] = []
    var frames = [UInt8](repeating: 0, count: frameCount * rounds)
    var output = [UInt8](repeating: 0, count: frameCount)
    var failed = false
    try seal(into: &ours)
    let sealing = try interleaved(runs: runs) {
      try Stopwatch.processor { try seal(into: &ours) }
    } _: {
      Stopwatch.processor {
        let result = reference_seal(reference, plaintext, size.innerByteCount, rounds, &frames, frameCount)
        failed = failed || result != 0
      }
    }
    let opening = try interleaved(runs: runs) {
      try Stopwatch.processor { try open(ours) }
    } _: {
      Stopwatch.processor {
        let result = reference_open(reference, frames, frameCount, size.innerByteCount, rounds, &output)
        failed = failed || result != 0
      }
    }
    guard !failed else { throw Failed("the C loop does not open its own records") }
    // The same key, the same plaintexts: the C loop does the same work if its bytes are the same.
    guard ours == frames else { throw Failed("the C loop makes other records") }
    return (sealing, opening)
  }
}

/// The seven sizes that a record can have, so that its length tells little of its text (PROTOCOL 1.7).
package enum RecordSize: Int, Hashable, Sendable, CaseIterable, Comparable {
  case bytes256 = 256
  case bytes512 = 512
  case bytes1024 = 1024
  case bytes2048 = 2048
  case bytes4096 = 4096
  case bytes8192 = 8192
  case bytes16384 = 16_384

  /// Bytes of the inner plaintext that are no body and no filler: type, flags, body length, CRC32.
  package static let overhead = InnerRecord.headByteCount + InnerRecord.crcByteCount
  /// The largest body: 16,360 bytes.
  package static let largestBody = RecordSize.bytes16384.innerByteCount - overhead

  /// The smallest size that holds a body of `bodyCount` bytes; nil above 16,360.
  package init?(holding bodyCount: Int) {
    let fitting = Self.allCases.first { bodyCount <= $0.innerByteCount - Self.overhead }
    guard bodyCount >= 0, let fitting else { return nil }
    self = fitting
  }

  /// The size of a frame of this length field; nil for a length outside the cipher's set.
  package init?(frameLength: UInt16, cipher: CipherSuite) {
    self.init(rawValue: Int(frameLength) - 1 - cipher.bytesBesideRecord)
  }

  /// Bytes of the inner plaintext, its CRC32 included: 16 less than the size.
  package var innerByteCount: Int { rawValue - 16 }

  /// Bytes of the frame's body: ciphertext and tag.
  package func frameBodyCount(_ cipher: CipherSuite) -> Int {
    rawValue + cipher.bytesBesideRecord
  }

  /// The frame's length field.
  package func frameLength(_ cipher: CipherSuite) -> UInt16 {
    UInt16(1 + frameBodyCount(cipher))
  }

  package static func < (left: RecordSize, right: RecordSize) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension CipherSuite {
  /// Bytes of a frame's body beyond the record's size: CBC has its tag beside the ciphertext.
  var bytesBesideRecord: Int {
    switch self {
    case .aes256CBCHMACCRC32: 32
    case .aes256GCM, .xchacha20Poly1305: 0
    }
  }
}

extension FrameGate {
  /// Any record of this cipher.
  package static func records(_ cipher: CipherSuite) -> FrameGate {
    switch cipher {
    case .aes256CBCHMACCRC32: recordsWithTagBeside
    case .aes256GCM, .xchacha20Poly1305: recordsWithTagInside
    }
  }

  private static let recordsWithTagBeside = records(of: .aes256CBCHMACCRC32)
  private static let recordsWithTagInside = records(of: .aes256GCM)

  private static func records(of cipher: CipherSuite) -> FrameGate {
    FrameGate(type: .record, bodyCounts: RecordSize.allCases.map { $0.frameBodyCount(cipher) })
  }
}

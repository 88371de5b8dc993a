internal import Wire

/// The name of one segment: 16 bytes, written as 32 lower-case hex digits.
package struct LogIdentifier: Hashable, Sendable {
  package let bytes: [UInt8]

  /// - Precondition: none; anything but 16 bytes is refused.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Reads 32 digits that `LineReader.takeLogIdentifier` has accepted.
  init(_ line: Span<UInt8>, at start: Int) {
    bytes = (0..<16).map { index in
      Self.value(line[start + 2 * index]) << 4 | Self.value(line[start + 2 * index + 1])
    }
  }

  /// The 32 digits.
  package var hex: String { Hex.encode(bytes) }

  /// The first 8 digits, as they stand in the name of the segment's file.
  package var shortHex: String { String(hex.prefix(8)) }

  /// The same as bytes.
  var digits: [UInt8] { Array(hex.utf8) }

  private static func value(_ digit: UInt8) -> UInt8 { digit <= 0x39 ? digit - 0x30 : digit - 0x61 + 10 }
}

internal import Wire

/// Builds one line in a buffer that is used again for the next.
struct LineWriter {
  private(set) var bytes: [UInt8] = []

  mutating func begin() { bytes.removeAll(keepingCapacity: true) }

  mutating func put(_ literal: [UInt8]) { bytes.append(contentsOf: literal) }

  mutating func put(byte: UInt8) { bytes.append(byte) }

  mutating func put(number: Int) {
    guard number >= 10 else { return bytes.append(0x30 + UInt8(truncatingIfNeeded: max(0, number))) }
    var divisor = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(0x30 + UInt8(truncatingIfNeeded: number / divisor % 10))
      divisor /= 10
    }
  }

  mutating func put(base64 value: Span<UInt8>) { Base64URL.append(value, to: &bytes) }

  mutating func put(text: Span<UInt8>) { CanonicalString.write(text, into: &bytes) }

  mutating func put(time: LogTimeText) { bytes.append(contentsOf: time.bytes) }
}

/// The 24 bytes of a time as a line holds it.
struct LogTimeText: Sendable {
  let bytes: [UInt8]
}

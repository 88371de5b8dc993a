/// An IP address written in numbers, compared by its bytes and not by its spelling.
///
/// `::1` and `0:0:0:0:0:0:0:1` are one address, and so are `127.0.0.1` and `::ffff:127.0.0.1`.
package struct NumericAddress: Hashable, Sendable {
  /// 4 bytes (IPv4, also where it was written as an IPv4-mapped IPv6 address) or 16 bytes (IPv6).
  package let bytes: [UInt8]
  /// What stands after `%` in a link-local IPv6 address, without the sign; empty where there is none.
  package let zone: String

  /// Nil for a host name and for anything that is not exactly one address.
  package init?(_ text: String) {
    if let bytes = NumericAddress.version4(text[...]) {
      self.bytes = bytes
      zone = ""
      return
    }
    let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    guard let bytes = NumericAddress.version6(parts[0]) else { return nil }
    zone = parts.count == 2 ? String(parts[1]) : ""
    guard parts.count == 1 || !zone.isEmpty else { return nil }
    let mapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    self.bytes = mapped ? Array(bytes[12...]) : bytes
  }

  package var isVersion6: Bool { bytes.count == 16 }

  /// 127.0.0.0/8 and `::1`.
  package var isLoopback: Bool {
    isVersion6 ? bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1 : bytes[0] == 127
  }

  /// `0.0.0.0` and `::`, which name no computer but every address of this one.
  package var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

  /// True where a host, number or name, can only be this computer: a loopback address or `localhost`.
  package static func isLoopback(host: String) -> Bool {
    if let address = NumericAddress(host) { return address.isLoopback }
    let name = host.lowercased()
    return name == "localhost" || name.hasSuffix(".localhost") || name == "localhost."
  }

  /// True where two hosts are one address, or one name in any case.
  package static func isSame(host: String, as other: String) -> Bool {
    switch (NumericAddress(host), NumericAddress(other)) {
    case (let first?, let second?): first == second
    case (nil, nil): host.lowercased() == other.lowercased()
    case (nil, _?), (_?, nil): false
    }
  }

  /// Four decimal numbers, none with a leading zero: what others read as octal is no address here.
  private static func version4(_ text: Substring) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
        part.utf8.count == 1 || part.utf8.first != 48, let byte = UInt8(part)
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  private static func version6(_ text: Substring) -> [UInt8]? {
    guard text.utf8.count >= 2, text.utf8.count <= 45 else { return nil }
    guard let gap = text.firstRange(of: "::") else {
      guard let bytes = groups(text), bytes.count == 16 else { return nil }
      return bytes
    }
    guard let head = groups(text[..<gap.lowerBound], mayEndInVersion4: false),
      let tail = groups(text[gap.upperBound...]), head.count + tail.count <= 14
    else { return nil }
    return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
  }

  /// The bytes of `1:22:333` or `1:22:10.0.0.1`; none for an empty text.
  private static func groups(_ text: Substring, mayEndInVersion4: Bool = true) -> [UInt8]? {
    guard !text.isEmpty else { return [] }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    var bytes: [UInt8] = []
    for (index, part) in parts.enumerated() {
      if mayEndInVersion4, index == parts.count - 1, let last = version4(part) {
        bytes += last
        continue
      }
      guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
        let group = UInt16(part, radix: 16)
      else { return nil }
      bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
    }
    return bytes
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}

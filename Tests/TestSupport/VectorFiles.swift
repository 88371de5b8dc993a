package import Foundation

/// The committed test values: those of public sets and this product's own known answers.
package enum VectorFiles {
  /// Tests/Vectors: values condensed from public test vectors; see condense.py there.
  package static let vectors = testsFolder.appendingPathComponent("Vectors", isDirectory: true)

  /// Tests/KnownAnswers, or the folder of the same layout that `SECURE_CHAT_KNOWN_ANSWERS` names.
  package static var knownAnswers: URL {
    if let other = ProcessInfo.processInfo.environment["SECURE_CHAT_KNOWN_ANSWERS"], !other.isEmpty {
      return URL(fileURLWithPath: other, isDirectory: true)
    }
    return testsFolder.appendingPathComponent("KnownAnswers", isDirectory: true)
  }

  /// The bytes of one file, named by its path inside `folder`.
  package static func bytes(_ path: String, in folder: URL) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(path)))
  }

  /// One JSON file, decoded into the fields that a test names.
  package static func decode<Value: Decodable>(
    _ type: Value.Type = Value.self, from path: String, in folder: URL
  ) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .useDefaultKeys
    return try decoder.decode(type, from: Data(contentsOf: folder.appendingPathComponent(path)))
  }

  private static let testsFolder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
}

/// Bytes that stand as hexadecimal digits in a JSON file.
package struct HexBytes: Decodable, Hashable, Sendable {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let bytes = HexBytes.parse(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not hexadecimal: \(text.prefix(40))"))
    }
    self.bytes = bytes
  }

  /// The bytes that an even number of hexadecimal digits, of either case, stands for.
  package static func parse(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

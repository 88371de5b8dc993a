import CZlib
import Foundation
import TestSupport
import Testing

/// A value of a vector file.
enum MLSVector: Sendable {
  case null
  case boolean(Bool)
  case number(UInt64)
  case text(String)
  case bytes([UInt8])
  case list([MLSVector])
  case object([String: MLSVector])

  struct Wrong: Error, CustomStringConvertible {
    let description: String
  }

  subscript(_ key: String) -> MLSVector {
    guard case .object(let fields) = self, let value = fields[key] else { return .null }
    return value
  }

  var isNull: Bool { if case .null = self { true } else { false } }

  var list: [MLSVector] {
    get throws {
      guard case .list(let values) = self else { throw Wrong(description: "no list: \(self)") }
      return values
    }
  }

  var number: UInt64 {
    get throws {
      guard case .number(let number) = self else { throw Wrong(description: "no number: \(self)") }
      return number
    }
  }

  var text: String {
    get throws {
      guard case .text(let text) = self else { throw Wrong(description: "no text: \(self)") }
      return text
    }
  }

  var bytes: [UInt8] {
    get throws {
      switch self {
      case .bytes(let bytes): return bytes
      case .text(let text):
        guard let bytes = HexBytes.parse(text) else { throw Wrong(description: "no bytes: \(text)") }
        return bytes
      default: throw Wrong(description: "no bytes: \(self)")
      }
    }
  }
}

/// The official vectors of MLS: those committed, condensed, or further ones in the official form from the folder
/// that `SECURE_CHAT_MLS_VECTORS` names.
enum MLSVectors {
  struct File: Sendable {
    let name: String
    let cases: [MLSVector]
  }

  /// The committed file of this name.
  static func committed(_ name: String) throws -> [MLSVector] {
    let packed = try VectorFiles.bytes("mls/\(name).values.z", in: VectorFiles.vectors)
    var position = 0
    return try value(inflate(packed), &position).list
  }

  /// The committed file, and those of the other folder whose names begin alike.
  static func files(_ name: String) throws -> [File] {
    var files = [File(name: name, cases: try committed(name))]
    guard let folder = ProcessInfo.processInfo.environment["SECURE_CHAT_MLS_VECTORS"], !folder.isEmpty else {
      return files
    }
    let root = URL(fileURLWithPath: folder, isDirectory: true)
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() {
      let last = (path as NSString).lastPathComponent
      guard last.hasSuffix(".json") else { continue }
      let bytes = try Data(contentsOf: root.appendingPathComponent(path))
      let cases = try converted(JSONSerialization.jsonObject(with: bytes, options: .fragmentsAllowed)).list
      if kind(last, cases) == name { files.append(File(name: path, cases: cases)) }
    }
    return files
  }

  /// The official file that another one is like: by its name, or else by what a passive member's cases hold.
  private static func kind(_ name: String, _ cases: [MLSVector]) -> String? {
    let names = [
      "crypto-basics", "deserialization", "key-schedule", "message-protection", "messages",
      "passive-client-handling-commit", "passive-client-random", "passive-client-welcome", "psk_secret",
      "secret-tree", "transcript-hashes", "tree-math", "tree-operations", "tree-validation", "treekem",
      "welcome",
    ]
    func plain(_ name: String) -> String { name.replacing("_", with: "-") }
    if let known = names.first(where: { plain(name).hasPrefix(plain($0)) }) { return known }
    guard let first = cases.first, !first["initial_epoch_authenticator"].isNull else { return nil }
    return "passive-client-random"
  }

  static func converted(_ value: Any) throws -> MLSVector {
    switch value {
    case let text as String: return .text(text)
    case let list as [Any]: return .list(try list.map(converted))
    case let fields as [String: Any]: return .object(try fields.mapValues(converted))
    case let number as NSNumber: return .number(number.uint64Value)
    case is NSNull: return .null
    default: throw MLSVector.Wrong(description: "no value of JSON: \(value)")
    }
  }

  private static func inflate(_ packed: [UInt8]) throws -> [UInt8] {
    var capacity = max(packed.count * 8, 1 << 16)
    while capacity <= 1 << 28 {
      var output = [UInt8](repeating: 0, count: capacity)
      var count = uLongf(capacity)
      switch uncompress(&output, &count, packed, uLong(packed.count)) {
      case Z_OK: return Array(output.prefix(Int(count)))
      case Z_BUF_ERROR: capacity *= 4
      default: throw MLSVector.Wrong(description: "a vector file does not inflate")
      }
    }
    throw MLSVector.Wrong(description: "a vector file is too large")
  }

  /// The form that condense.py writes.
  private static func value(_ bytes: [UInt8], _ position: inout Int) throws -> MLSVector {
    func integer(_ count: Int) -> UInt64 {
      defer { position += count }
      return bytes[position..<(position + count)].reduce(0) { $0 << 8 | UInt64($1) }
    }
    func counted() -> [UInt8] {
      let count = Int(integer(4))
      defer { position += count }
      return Array(bytes[position..<(position + count)])
    }
    switch integer(1) {
    case 0: return .null
    case 1: return .boolean(false)
    case 2: return .boolean(true)
    case 3: return .number(integer(8))
    case 4: return .text(String(decoding: counted(), as: UTF8.self))
    case 5: return .bytes(counted())
    case 6: return .list(try (0..<Int(integer(4))).map { _ in try value(bytes, &position) })
    case 7:
      var fields: [String: MLSVector] = [:]
      for _ in 0..<Int(integer(4)) {
        guard case .text(let key) = try value(bytes, &position) else {
          throw MLSVector.Wrong(description: "a key that is no text")
        }
        fields[key] = try value(bytes, &position)
      }
      return .object(fields)
    default: throw MLSVector.Wrong(description: "a kind of value that is none")
    }
  }
}

/// What a file's cases came to.
struct VectorCount: Equatable, CustomStringConvertible {
  var passed = 0
  var skipped = 0

  init(_ passed: Int, _ skipped: Int) {
    self.passed = passed
    self.skipped = skipped
  }

  var description: String { "\(passed) passed, \(skipped) skipped" }
}

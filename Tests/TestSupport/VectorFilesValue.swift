/// Any JSON value, for files whose fields have names of another style than Swift's.
///
/// A field that is missing is an error where it is read: `try file["inputs"]["I"]["e_private"].bytes`.
package enum VectorValue: Decodable, Sendable {
  case object([String: VectorValue])
  case array([VectorValue])
  case string(String)
  case number(Int)
  case boolean(Bool)
  case null
  case missing(String)

  package struct NotThere: Error, CustomStringConvertible {
    package let description: String
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? container.decode(Int.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([VectorValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: VectorValue].self))
    }
  }

  package subscript(_ key: String) -> VectorValue {
    guard case .object(let fields) = self, let value = fields[key] else { return .missing(key) }
    return value
  }

  package var isMissing: Bool {
    if case .missing = self { true } else { false }
  }

  package var list: [VectorValue] {
    get throws {
      guard case .array(let values) = self else { throw unexpected("a list") }
      return values
    }
  }

  package var string: String {
    get throws {
      guard case .string(let text) = self else { throw unexpected("a string") }
      return text
    }
  }

  package var number: Int {
    get throws {
      guard case .number(let number) = self else { throw unexpected("a number") }
      return number
    }
  }

  /// The bytes of a string of hexadecimal digits.
  package var bytes: [UInt8] {
    get throws {
      guard let bytes = HexBytes.parse(try string) else { throw unexpected("hexadecimal digits") }
      return bytes
    }
  }

  private func unexpected(_ wanted: String) -> NotThere {
    NotThere(description: "wanted \(wanted), found \(String(describing: self).prefix(80))")
  }
}

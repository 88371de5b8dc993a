/// A place in a text: both counted from 1, the column in code points.
package struct JSONPosition: Hashable, Sendable {
  package let line: Int
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// A value of a JSON text, by where it stands; strings stay in the bytes that were read.
package struct JSONValue: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case object([JSONMember])
    case array([JSONValue])
    case string(JSONText)
    case number(JSONNumber)
    case boolean(Bool)
    case null
  }

  package let kind: Kind
  package let position: JSONPosition
}

/// A member of an object. Keys are not secret and are decoded.
package struct JSONMember: Hashable, Sendable {
  package let key: String
  package let keyPosition: JSONPosition
  package let value: JSONValue
  /// From the key's first quote to the value's end, in the bytes that were read.
  package let range: Range<Int>
}

/// A number as it is written.
package struct JSONNumber: Hashable, Sendable {
  package let text: String
  /// Its value, where it is written as an integer (no fraction, no exponent) of 64 bits.
  package let integer: Int64?

  package init(text: String, integer: Int64?) {
    self.text = text
    self.integer = integer
  }
}

/// A string that was proven well-formed and was not decoded: its bytes may be a password.
package struct JSONText: Hashable, Sendable {
  /// Between the quotes, in the bytes that were read.
  package let range: Range<Int>
  /// Bytes of UTF-8 when escapes are decoded.
  package let decodedByteCount: Int
  package let hasEscapes: Bool
}

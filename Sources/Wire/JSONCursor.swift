/// The walk of `JSONReader` over its bytes: where it is, and what it has counted.
struct JSONCursor {
  private let limits: JSONLimits
  private var index = 0
  private var line = 1
  private var column = 1
  private var depth = 0
  private var valueCount = 0
  private var key: String?

  init(limits: JSONLimits) {
    self.limits = limits
  }

  mutating func readWhole(_ bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
    guard bytes.count <= limits.byteCount else { throw error(.tooLarge(limit: limits.byteCount)) }
    if bytes.count >= 3, bytes[0] == 0xef, bytes[1] == 0xbb, bytes[2] == 0xbf {
      throw error(.byteOrderMark)
    }
    try checkUTF8(bytes)
    let value = try readValue(bytes)
    skipSpace(bytes)
    guard index == bytes.count else { throw error(.trailingBytes) }
    return value
  }

  // MARK: Values

  private mutating func readValue(_ bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
    skipSpace(bytes)
    valueCount += 1
    guard valueCount <= limits.valueCount else { throw error(.tooManyValues(limit: limits.valueCount)) }
    let position = here
    let kind: JSONValue.Kind
    switch try peek(bytes) {
    case UInt8(ascii: "{"):
      kind = .object(try readMembers(bytes))
    case UInt8(ascii: "["):
      kind = .array(try readElements(bytes))
    case UInt8(ascii: "\""):
      kind = .string(try readText(bytes))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      kind = .number(try readNumber(bytes))
    case UInt8(ascii: "t"):
      try readWord("true", bytes)
      kind = .boolean(true)
    case UInt8(ascii: "f"):
      try readWord("false", bytes)
      kind = .boolean(false)
    case UInt8(ascii: "n"):
      try readWord("null", bytes)
      kind = .null
    case let byte:
      throw error(.unexpectedByte(byte))
    }
    return JSONValue(kind: kind, position: position)
  }

  private mutating func readMembers(_ bytes: Span<UInt8>) throws(JSONError) -> [JSONMember] {
    try enter()
    let outerKey = key
    defer {
      depth -= 1
      key = outerKey
    }
    step()
    var members: [JSONMember] = []
    var keys: Set<[UInt8]> = []
    skipSpace(bytes)
    if try skip(UInt8(ascii: "}"), bytes) { return members }
    while true {
      skipSpace(bytes)
      let (position, start) = (here, index)
      let first = try peek(bytes)
      guard first == UInt8(ascii: "\"") else { throw error(.unexpectedByte(first)) }
      let text = JSONReader.string(try readText(bytes), of: bytes)
      // `String` would hold composed and decomposed spellings equal; keys are compared as bytes.
      guard keys.insert(Array(text.utf8)).inserted else {
        throw JSONError(problem: .duplicateKey, position: position, key: text)
      }
      key = text
      skipSpace(bytes)
      try expect(UInt8(ascii: ":"), bytes)
      let value = try readValue(bytes)
      members.append(JSONMember(key: text, keyPosition: position, value: value, range: start..<index))
      key = outerKey
      skipSpace(bytes)
      if try skip(UInt8(ascii: "}"), bytes) { return members }
      try expect(UInt8(ascii: ","), bytes)
    }
  }

  private mutating func readElements(_ bytes: Span<UInt8>) throws(JSONError) -> [JSONValue] {
    try enter()
    defer { depth -= 1 }
    step()
    var elements: [JSONValue] = []
    skipSpace(bytes)
    if try skip(UInt8(ascii: "]"), bytes) { return elements }
    while true {
      elements.append(try readValue(bytes))
      skipSpace(bytes)
      if try skip(UInt8(ascii: "]"), bytes) { return elements }
      try expect(UInt8(ascii: ","), bytes)
    }
  }

  private mutating func enter() throws(JSONError) {
    guard depth < limits.depth else { throw error(.tooDeep(limit: limits.depth)) }
    depth += 1
  }

  private mutating func readWord(_ word: StaticString, _ bytes: Span<UInt8>) throws(JSONError) {
    for scalar in "\(word)".utf8 { try expect(scalar, bytes) }
  }

  // MARK: Strings

  private mutating func readText(_ bytes: Span<UInt8>) throws(JSONError) -> JSONText {
    step()
    let start = index
    var (decodedByteCount, hasEscapes) = (0, false)
    while true {
      let byte = try peek(bytes)
      switch byte {
      case UInt8(ascii: "\""):
        let range = start..<index
        step()
        return JSONText(range: range, decodedByteCount: decodedByteCount, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        decodedByteCount += try readEscape(bytes)
      case 0..<0x20:
        throw error(.controlInString)
      default:
        decodedByteCount += 1
        advance(over: byte)
      }
    }
  }

  /// Goes past an escape and returns how many bytes it stands for.
  private mutating func readEscape(_ bytes: Span<UInt8>) throws(JSONError) -> Int {
    let start = error(.wrongEscape)
    step()
    let escape = try peek(bytes)
    if JSONEscapes.simple(escape) != nil {
      step()
      return 1
    }
    guard escape == UInt8(ascii: "u") else { throw start }
    step()
    guard let unit = JSONEscapes.unit(bytes, at: index) else { throw start }
    step(4)
    switch unit {
    case 0xd800..<0xdc00:
      guard index + 2 <= bytes.count, bytes[index] == UInt8(ascii: "\\"),
        bytes[index + 1] == UInt8(ascii: "u"),
        let low = JSONEscapes.unit(bytes, at: index + 2), (0xdc00..<0xe000).contains(low)
      else { throw JSONError(problem: .loneSurrogate, position: start.position, key: key) }
      step(6)
      return 4
    case 0xdc00..<0xe000:
      throw JSONError(problem: .loneSurrogate, position: start.position, key: key)
    case 0..<0x80: return 1
    case 0x80..<0x800: return 2
    default: return 3
    }
  }

  // MARK: Numbers

  private mutating func readNumber(_ bytes: Span<UInt8>) throws(JSONError) -> JSONNumber {
    let start = index
    let startError = error(.wrongNumber)
    var isInteger = true
    if bytes[index] == UInt8(ascii: "-") { step() }
    let whole = readDigits(bytes)
    guard whole > 0, whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else { throw startError }
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      isInteger = false
      step()
      guard readDigits(bytes) > 0 else { throw startError }
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      step()
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
        step()
      }
      guard readDigits(bytes) > 0 else { throw startError }
    }
    guard index - start <= limits.numberByteCount else {
      throw JSONError(
        problem: .numberTooLong(limit: limits.numberByteCount), position: startError.position, key: key)
    }
    let text = String(decoding: [UInt8](copying: bytes.extracting(start..<index)), as: UTF8.self)
    return JSONNumber(text: text, integer: isInteger ? Int64(text) : nil)
  }

  private mutating func readDigits(_ bytes: Span<UInt8>) -> Int {
    let start = index
    while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { step() }
    return index - start
  }

  // MARK: Bytes

  private var here: JSONPosition { JSONPosition(line: line, column: column) }

  private func error(_ problem: JSONError.Problem) -> JSONError {
    JSONError(problem: problem, position: here, key: key)
  }

  private func peek(_ bytes: Span<UInt8>) throws(JSONError) -> UInt8 {
    guard index < bytes.count else { throw error(.unexpectedEnd) }
    return bytes[index]
  }

  private mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) {
    let found = try peek(bytes)
    guard found == byte else { throw error(.unexpectedByte(found)) }
    step()
  }

  private mutating func skip(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) -> Bool {
    guard try peek(bytes) == byte else { return false }
    step()
    return true
  }

  private mutating func skipSpace(_ bytes: Span<UInt8>) {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"): step()
      case UInt8(ascii: "\n"): newLine()
      case UInt8(ascii: "\r"):
        // CR LF is one line's end; the LF that follows ends it.
        if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\n") { step() } else { newLine() }
      default: return
      }
    }
  }

  /// Moves over ASCII characters of one line.
  private mutating func step(_ count: Int = 1) {
    index += count
    column += count
  }

  /// Moves over one byte of a string; only the first byte of a code point counts as a column.
  private mutating func advance(over byte: UInt8) {
    index += 1
    if byte & 0xc0 != 0x80 { column += 1 }
  }

  private mutating func newLine() {
    index += 1
    line += 1
    column = 1
  }

  /// Throws at the place of the first byte that is not UTF-8.
  private func checkUTF8(_ bytes: Span<UInt8>) throws(JSONError) {
    do {
      _ = try UTF8Span(validating: bytes)
    } catch {
      var position = self
      let end = error.byteOffsets.lowerBound
      while position.index < end {
        let byte = bytes[position.index]
        if byte == UInt8(ascii: "\n") { position.newLine() } else { position.advance(over: byte) }
      }
      throw JSONError(problem: .invalidUTF8, position: position.here, key: nil)
    }
  }
}

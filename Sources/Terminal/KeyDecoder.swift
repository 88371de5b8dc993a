/// What a person did at the keyboard, as the line editor knows it.
enum Key: Equatable {
  case character(Unicode.Scalar)
  case enter
  case backspace, deleteForward
  case left, right, wordLeft, wordRight, lineStart, lineEnd
  case earlier, later
  case eraseToStart, eraseToEnd, eraseWord, eraseWordForward, putBack
  case interrupt, endOfInput, suspend, redraw
  /// A paste as a whole: its bytes as they came, at most `KeyDecoder.pasteLimit`, and how many there were.
  case paste([UInt8], count: Int)
}

/// The bytes of a terminal in raw mode, in pieces of any size, as keys.
///
/// Unknown escape sequences are swallowed whole, bytes that are not UTF-8 are dropped.
struct KeyDecoder {
  /// The bytes of one paste that are kept.
  static let pasteLimit = 16 * 1024 * 1024
  /// The bytes after which an escape sequence is given up as none.
  static let sequenceLimit = 64
  static let stringLimit = 4096

  private enum State {
    case ground
    case escape
    case control([UInt8])
    case singleShift
    /// An answer of the terminal (OSC, DCS and such) that nobody asked for, with its length so far.
    case string(Int, sawEscape: Bool)
    case paste
  }

  private var state = State.ground
  private var utf8 = UTF8Assembler()
  private var pasted: [UInt8] = []
  private var pastedCount = 0
  /// How many bytes of the closing sequence have been seen.
  private var matched = 0
  private static let pasteEnd = Array("\u{1b}[201~".utf8)

  mutating func take(_ byte: UInt8, _ body: (Key) -> Void) {
    switch state {
    case .ground: ground(byte, body)
    case .escape: escape(byte, body)
    case .singleShift:
      state = .ground
      if let key = KeyDecoder.cursorKey(byte) { body(key) }
    case .control(let parameters): control(parameters, byte, body)
    case .string(let length, let sawEscape): string(length, sawEscape, byte)
    case .paste: paste(byte, body)
    }
  }

  private mutating func ground(_ byte: UInt8, _ body: (Key) -> Void) {
    if byte < 0x20 || byte == 0x7F {
      // A control byte ends a code point that never came whole.
      utf8 = UTF8Assembler()
      if byte == 0x1B { state = .escape } else if let key = KeyDecoder.controlKey(byte) { body(key) }
      return
    }
    utf8.take(byte)
    while let piece = utf8.next() {
      guard case .scalar(let scalar) = piece, scalar.value >= 0x20, !(0x7F...0x9F).contains(scalar.value)
      else { continue }
      body(.character(scalar))
    }
  }

  private static func controlKey(_ byte: UInt8) -> Key? {
    switch byte {
    case 0x01: .lineStart
    case 0x02: .left
    case 0x03: .interrupt
    case 0x04: .endOfInput
    case 0x05: .lineEnd
    case 0x06: .right
    case 0x08, 0x7F: .backspace
    case 0x0A, 0x0D: .enter
    case 0x0B: .eraseToEnd
    case 0x0C: .redraw
    case 0x0E: .later
    case 0x10: .earlier
    case 0x15: .eraseToStart
    case 0x17: .eraseWord
    case 0x19: .putBack
    case 0x1A: .suspend
    default: nil
    }
  }

  private mutating func escape(_ byte: UInt8, _ body: (Key) -> Void) {
    state = .ground
    switch byte {
    case UInt8(ascii: "["): state = .control([])
    case UInt8(ascii: "O"): state = .singleShift
    case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
      state = .string(0, sawEscape: false)
    case 0x1B: state = .escape
    case UInt8(ascii: "b"): body(.wordLeft)
    case UInt8(ascii: "f"): body(.wordRight)
    case UInt8(ascii: "d"): body(.eraseWordForward)
    case 0x7F, 0x08: body(.eraseWord)
    case 0x00..<0x20: ground(byte, body)
    default: break
    }
  }

  private mutating func control(_ parameters: [UInt8], _ byte: UInt8, _ body: (Key) -> Void) {
    switch byte {
    case 0x40...0x7E:
      state = .ground
      finish(parameters, byte, body)
    case 0x20...0x3F where parameters.count < KeyDecoder.sequenceLimit:
      state = .control(parameters + [byte])
    case 0x1B:
      state = .escape
    case 0x00..<0x20:
      state = .ground
      ground(byte, body)
    default:
      state = .ground
    }
  }

  private mutating func finish(_ parameters: [UInt8], _ final: UInt8, _ body: (Key) -> Void) {
    let numbers = parameters.split(separator: UInt8(ascii: ";")).map { String(decoding: $0, as: UTF8.self) }
    if final == UInt8(ascii: "~") {
      switch numbers.first {
      case "1", "7": body(.lineStart)
      case "3": body(.deleteForward)
      case "4", "8": body(.lineEnd)
      case "200":
        state = .paste
        pasted = []
        pastedCount = 0
        matched = 0
      case .some, .none: break
      }
      return
    }
    guard let key = KeyDecoder.cursorKey(final) else { return }
    // A second parameter above 1 is a modifier: Control or Alt with an arrow goes by words.
    let isModified = numbers.count == 2 && numbers[1] != "1"
    switch key {
    case .left where isModified: body(.wordLeft)
    case .right where isModified: body(.wordRight)
    case _: body(key)
    }
  }

  private static func cursorKey(_ byte: UInt8) -> Key? {
    switch byte {
    case UInt8(ascii: "A"): .earlier
    case UInt8(ascii: "B"): .later
    case UInt8(ascii: "C"): .right
    case UInt8(ascii: "D"): .left
    case UInt8(ascii: "F"): .lineEnd
    case UInt8(ascii: "H"): .lineStart
    case UInt8(ascii: "M"): .enter
    default: nil
    }
  }

  private mutating func string(_ length: Int, _ sawEscape: Bool, _ byte: UInt8) {
    let ends = byte == 0x07 || (sawEscape && byte == UInt8(ascii: "\\")) || length >= KeyDecoder.stringLimit
    state = ends ? .ground : .string(length + 1, sawEscape: byte == 0x1B)
  }

  private mutating func paste(_ byte: UInt8, _ body: (Key) -> Void) {
    if byte == KeyDecoder.pasteEnd[matched] {
      matched += 1
      guard matched == KeyDecoder.pasteEnd.count else { return }
      state = .ground
      body(.paste(pasted, count: pastedCount))
      pasted = []
      return
    }
    // What looked like the end was text; only its first byte can begin the end anew.
    keep(KeyDecoder.pasteEnd[..<matched])
    matched = byte == KeyDecoder.pasteEnd[0] ? 1 : 0
    if matched == 0 { keep(CollectionOfOne(byte)) }
  }

  private mutating func keep(_ bytes: some Collection<UInt8>) {
    pastedCount += bytes.count
    pasted.append(contentsOf: bytes.prefix(max(0, KeyDecoder.pasteLimit - pasted.count)))
  }
}

/// UTF-8 in, a byte at a time, code points out; a code point may arrive in as many pieces as it likes.
struct UTF8Assembler {
  private var pending: [UInt8] = []
  private var ready: [SafeText.Piece] = []
  private var head = 0

  mutating func take(_ byte: UInt8) {
    if pending.isEmpty {
      begin(byte)
      return
    }
    guard UTF8Assembler.continues(pending, byte) else {
      // What was begun is no code point; this byte may begin one.
      dropPending()
      begin(byte)
      return
    }
    pending.append(byte)
    if pending.count == UTF8Assembler.length(pending[0]) {
      ready.append(.scalar(UTF8Assembler.decode(pending)))
      pending.removeAll(keepingCapacity: true)
    }
  }

  /// Nothing more comes: what was begun is handed out as bytes.
  mutating func finish() {
    dropPending()
  }

  mutating func next() -> SafeText.Piece? {
    guard head < ready.count else {
      ready.removeAll(keepingCapacity: true)
      head = 0
      return nil
    }
    head += 1
    return ready[head - 1]
  }

  private mutating func begin(_ byte: UInt8) {
    switch UTF8Assembler.length(byte) {
    case 0: ready.append(.invalid(byte))
    case 1: ready.append(.scalar(Unicode.Scalar(byte)))
    case _: pending = [byte]
    }
  }

  private mutating func dropPending() {
    ready.append(contentsOf: pending.map { .invalid($0) })
    pending.removeAll(keepingCapacity: true)
  }

  /// The bytes of a code point that begins so; 0 where none does.
  private static func length(_ first: UInt8) -> Int {
    switch first {
    case 0x00...0x7F: 1
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 0
    }
  }

  /// Unicode 15, table 3-7: which byte may follow.
  private static func continues(_ begun: [UInt8], _ byte: UInt8) -> Bool {
    guard begun.count == 1 else { return (0x80...0xBF).contains(byte) }
    return switch begun[0] {
    case 0xE0: (0xA0...0xBF).contains(byte)
    case 0xED: (0x80...0x9F).contains(byte)
    case 0xF0: (0x90...0xBF).contains(byte)
    case 0xF4: (0x80...0x8F).contains(byte)
    default: (0x80...0xBF).contains(byte)
    }
  }

  private static func decode(_ bytes: [UInt8]) -> Unicode.Scalar {
    let firstMask: UInt8 = bytes.count == 2 ? 0x1F : bytes.count == 3 ? 0x0F : 0x07
    var value = UInt32(bytes[0] & firstMask)
    for byte in bytes.dropFirst() { value = value << 6 | UInt32(byte & 0x3F) }
    // The table above admits no other values; the replacement is never reached.
    return Unicode.Scalar(value) ?? "\u{FFFD}"
  }
}

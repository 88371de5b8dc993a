import Wire

/// Text on its way in, cut into messages: checked to be UTF-8 as it comes, in parts of at most 64 KiB
/// that end between characters.
///
/// The parts put together again are the input, byte for byte.
package struct MessageParts: Sendable {
  /// The largest text of one message, in bytes (PROTOCOL 1.7).
  package static let limit = 65_536

  /// Input that is not UTF-8; `offset` counts bytes from the start of the input.
  package struct NotText: Error, Equatable {
    package let offset: Int

    package init(offset: Int) { self.offset = offset }
  }

  private var held: [UInt8] = []
  private var heldChecked = 0
  private var offset = 0

  package init() {}

  /// Takes input as it was read and returns each message that is full now.
  package mutating func add(_ bytes: [UInt8]) throws(NotText) -> [[UInt8]] {
    held += bytes
    try check(final: false)
    var full: [[UInt8]] = []
    while held.count > Self.limit {
      let cut = Self.boundary(in: held, atMost: Self.limit)
      guard cut <= heldChecked else { break }
      full.append(Array(held[..<cut]))
      drop(cut)
    }
    return full
  }

  /// What is left at the end of the input; nil if nothing is.
  package mutating func finish() throws(NotText) -> [UInt8]? {
    try check(final: true)
    defer { drop(held.count) }
    return held.isEmpty ? nil : held
  }

  private mutating func drop(_ count: Int) {
    held.removeFirst(count)
    heldChecked -= count
    offset += count
  }

  /// Reads on from the last whole character; an unfinished one may wait for the next read.
  private mutating func check(final: Bool) throws(NotText) {
    // In one pass up to the last character, which may be unfinished; one by one from there, and where the
    // pass has found something wrong.
    let end = Self.boundary(in: held, atMost: held.count - 1)
    if heldChecked < end, held.span.extracting(heldChecked..<end).isValidUTF8 { heldChecked = end }
    while heldChecked < held.count {
      switch UTF8Character.length(at: heldChecked, in: held) {
      case .whole(let length): heldChecked += length
      case .unfinished:
        guard final else { return }
        throw NotText(offset: offset + heldChecked)
      case .wrong: throw NotText(offset: offset + heldChecked)
      }
    }
  }

  /// A text that was checked, in parts of at most `limit` bytes that end between characters.
  static func cut(_ text: [UInt8], atMost limit: Int) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var rest = text
    while rest.count > limit {
      let end = boundary(in: rest, atMost: limit)
      parts.append(Array(rest[..<end]))
      rest.removeFirst(end)
    }
    return parts + [rest]
  }

  /// The last place between two characters at or before `limit`.
  static func boundary(in bytes: [UInt8], atMost limit: Int) -> Int {
    guard bytes.count > limit else { return bytes.count }
    var cut = limit
    while cut > 0, bytes[cut] & 0b1100_0000 == 0b1000_0000 { cut -= 1 }
    return cut
  }
}

/// One character's bytes by the table of RFC 3629, section 4: no overlong form, no surrogate, nothing
/// above U+10FFFF.
enum UTF8Character {
  enum Found: Equatable {
    case whole(Int)
    case unfinished
    case wrong
  }

  static func length(at start: Int, in bytes: [UInt8]) -> Found {
    let lead = bytes[start]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0x00...0x7F: return .whole(1)
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xE1...0xEC, 0xEE...0xEF: length = 3
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    case _: return .wrong
    }
    for index in 1..<length {
      guard start + index < bytes.count else { return .unfinished }
      let allowed = index == 1 ? second : 0x80...0xBF
      guard allowed.contains(bytes[start + index]) else { return .wrong }
    }
    return .whole(length)
  }
}

/// Text on its way in, one message a line (`--lines`): without the newline, empty lines skipped, a line
/// above 64 KiB in parts.
package struct MessageLines: Sendable {
  private var parts = MessageParts()

  package init() {}

  package mutating func add(_ bytes: [UInt8]) throws(MessageParts.NotText) -> [[UInt8]] {
    var messages: [[UInt8]] = []
    var rest = bytes[...]
    while let newline = rest.firstIndex(of: 0x0A) {
      messages += try parts.add(Array(rest[..<newline]))
      if let last = try parts.finish() { messages.append(last) }
      rest = rest[(newline + 1)...]
    }
    messages += try parts.add(Array(rest))
    return messages
  }

  package mutating func finish() throws(MessageParts.NotText) -> [UInt8]? { try parts.finish() }
}

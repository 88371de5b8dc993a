internal import Wire

/// Cuts chunks of a file into lines; holds back at most one line of less than 1 MiB.
struct LineAssembler {
  enum Step {
    /// A whole line, without its newline, in the chunk itself.
    case inChunk(Range<Int>)
    /// A whole line whose beginning was in earlier chunks: `takeCarried` has it.
    case carried
    /// 1 MiB went by without a newline; `skipLine` goes on behind the next one.
    case tooLong
    case needsMore
  }

  /// Where the line that is being assembled begins in the file.
  private(set) var lineStart: Int
  private var carry: [UInt8] = []
  private var skipped = 0
  private var isSkipping = false

  init(at offset: Int) { lineStart = offset }

  /// The bytes after the last newline so far; not whole while skipping.
  var tail: [UInt8] { carry }
  /// How many bytes came after the last newline.
  var tailCount: Int { isSkipping ? skipped : carry.count }

  /// The next line of `chunk` from `position` on, which moves behind its newline.
  mutating func next(in chunk: Span<UInt8>, from position: inout Int) -> Step {
    guard let newline = Self.newline(in: chunk, from: position) else {
      carry.append(contentsOf: chunk, from: position)
      position = chunk.count
      return carry.count >= SegmentLimits.lineBytes ? .tooLong : .needsMore
    }
    if carry.count + newline - position >= SegmentLimits.lineBytes { return .tooLong }
    defer { position = newline + 1 }
    guard carry.isEmpty else {
      carry.append(contentsOf: chunk, from: position, to: newline)
      return .carried
    }
    return .inChunk(position..<newline)
  }

  /// The carried line; give its memory back with `endLine`.
  mutating func takeCarried() -> [UInt8] {
    var line: [UInt8] = []
    swap(&line, &carry)
    return line
  }

  /// Moves on behind a line of `count` bytes, whose buffer (if it was carried) is used again.
  mutating func endLine(count: Int, reusing buffer: [UInt8] = []) {
    lineStart += count + 1
    carry = buffer
    carry.removeAll(keepingCapacity: true)
  }

  /// Goes over the rest of a line that is too long; true once it has ended.
  mutating func skipLine(in chunk: Span<UInt8>, from position: inout Int) -> Bool {
    if !isSkipping {
      isSkipping = true
      skipped = carry.count
      carry.removeAll(keepingCapacity: true)
    }
    guard let newline = Self.newline(in: chunk, from: position) else {
      skipped += chunk.count - position
      position = chunk.count
      return false
    }
    lineStart += skipped + newline - position + 1
    position = newline + 1
    isSkipping = false
    skipped = 0
    return true
  }

  private static let blockSize = 64

  private static func newline(in chunk: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    // Whole blocks without an early exit, which the compiler turns into vector instructions.
    while chunk.count - index >= blockSize {
      let block = chunk.extracting(index..<(index + blockSize))
      var found: UInt8 = 0
      for offset in 0..<blockSize { found |= block[offset] == 0x0A ? 1 : 0 }
      if found != 0 { break }
      index += blockSize
    }
    while index < chunk.count {
      if chunk[index] == 0x0A { return index }
      index += 1
    }
    return nil
  }
}

extension [UInt8] {
  mutating func append(contentsOf span: Span<UInt8>, from start: Int, to end: Int? = nil) {
    let end = end ?? span.count
    append(copying: span.extracting(start..<end))
  }
}

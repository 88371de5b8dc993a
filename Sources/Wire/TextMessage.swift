/// A whole text with what its records say of it (PROTOCOL 1.7, TEXT).
package struct TextMessage: Hashable, Sendable {
  /// The longest text, in bytes of UTF-8.
  package static let maximumByteCount = 65_536
  /// Bytes of text in every fragment but the last.
  package static let fragmentByteCount = RecordSize.largestBody - TextHead.byteCount

  package let head: TextHead
  /// Valid UTF-8; may be empty.
  package let text: [UInt8]

  /// Refuses a text that is too long or not UTF-8, the number 0, and an f that is not 32 bytes.
  package init(head: TextHead, text: [UInt8]) throws(RecordError) {
    guard text.count <= Self.maximumByteCount, head.id.number != 0, head.commitmentKey.count == 32,
      text.span.isValidUTF8
    else { throw .malformed }
    self.head = head
    self.text = text
  }

  /// How many records carry it: one, or one for each 16,304 bytes begun.
  package var fragmentCount: Int {
    max(1, (text.count + Self.fragmentByteCount - 1) / Self.fragmentByteCount)
  }

  /// The size of the record that carries fragment `index`, from 0.
  package func size(ofFragment index: Int) -> RecordSize {
    RecordSize(holding: TextHead.byteCount + range(ofFragment: index).count) ?? .bytes16384
  }

  /// Writes the whole inner plaintext of fragment `index`, from 0, into all of `inner`, its last four bytes zero.
  ///
  /// `inner` has the bytes that `size(ofFragment:)` says.
  package func write(fragment index: Int, into inner: inout MutableSpan<UInt8>) {
    let range = range(ofFragment: index)
    InnerRecord.writeFrame(
      type: .text, flags: index + 1 < fragmentCount ? .more : [],
      bodyCount: TextHead.byteCount + range.count, into: &inner)
    inner.store(bigEndian: head.id.stream, at: 4)
    inner.store(bigEndian: head.id.number, at: 12)
    inner.store(bigEndian: head.sentAt.milliseconds, at: 20)
    inner.copy(head.commitmentKey.span, at: 28)
    inner.copy(text.span.extracting(range), at: InnerRecord.headByteCount + TextHead.byteCount)
  }

  private func range(ofFragment index: Int) -> Range<Int> {
    let start = min(index * Self.fragmentByteCount, text.count)
    return start..<min(start + Self.fragmentByteCount, text.count)
  }
}

/// Puts a text together from its fragments, and refuses every other order of them (PROTOCOL 1.7, TEXT).
package struct TextAssembler: Sendable {
  private var begun: TextHead?
  private var text: [UInt8] = []

  package init() {}

  /// Whether a text has begun and is not whole.
  package var isInsideText: Bool { begun != nil }

  /// Bytes of the unfinished text that are kept.
  package var keptByteCount: Int { text.count }

  /// Takes a TEXT record's head and the text bytes behind it; gives the message when it is whole.
  package mutating func take(
    _ head: TextHead, more: Bool, text piece: Span<UInt8>
  ) throws(RecordError) -> TextMessage? {
    if let begun {
      guard begun == head else { throw .malformed }
    }
    guard text.count + piece.count <= TextMessage.maximumByteCount,
      !more || piece.count == TextMessage.fragmentByteCount
    else { throw .malformed }
    text.append(copying: piece)
    if more {
      begun = head
      return nil
    }
    begun = nil
    let whole = text
    text = []
    return try TextMessage(head: head, text: whole)
  }
}

extension Span where Element == UInt8 {
  /// Whether these bytes are well-formed UTF-8.
  package var isValidUTF8: Bool {
    do {
      _ = try UTF8Span(validating: self)
      return true
    } catch {
      return false
    }
  }
}

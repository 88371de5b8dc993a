/// The number and tag of a line that has the form of a record; nothing is proven.
package struct LastLine: Sendable {
  package let record: Int
  package let tag: [UInt8]
  package let isClose: Bool

  /// Nil where the line, without its newline, has the form of no record.
  package init?(_ line: Span<UInt8>) {
    guard let form = RecordLine.read(line) else { return nil }
    record = form.number
    tag = HeaderLine.digest(line, form.tagStart)
    if case .close = form.body { isClose = true } else { isClose = false }
  }
}

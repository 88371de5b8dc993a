/// A group's name: a user's name of at most 58 bytes, so that "room " and it fit a name's field (GROUPS 3.6).
package struct GroupName: Hashable, Sendable, CustomStringConvertible {
  package static let maximumByteCount = 58

  package let text: String
  package let utf8: [UInt8]

  package init(_ text: String) throws(NameError) {
    try self.init(checked: PeerName(text))
  }

  package init(utf8 bytes: Span<UInt8>) throws(NameError) {
    try self.init(checked: PeerName(utf8: bytes))
  }

  private init(checked name: PeerName) throws(NameError) {
    guard name.utf8.count <= Self.maximumByteCount else { throw .tooLong }
    text = name.text
    utf8 = name.utf8
  }

  package var description: String { text }

  package static func == (left: GroupName, right: GroupName) -> Bool { left.utf8 == right.utf8 }

  package func hash(into hasher: inout Hasher) { hasher.combine(utf8) }
}

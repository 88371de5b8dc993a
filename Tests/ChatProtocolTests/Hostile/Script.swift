import ChatProtocol
import ProtocolTestSupport
import Testing
import Wire

/// Alice made by hand in a session with a real Bob, so that she can send whatever she likes.
final class Script {
  let bob: TestPeer
  private var writer: RecordWriter
  private var reader: RecordReader?
  /// What came behind FIN.
  private(set) var first: [RecordBody] = []

  init(_ cast: Cast, synchronises: Bool = true, _ context: ConnectionContext? = nil) throws {
    bob = try cast.accepting(context)
    let alice = try Handmade(cast.alice, .initiator, .known)
    bob.receive(try alice.initiation(to: cast.bob.profile))
    try alice.takeResponse(bob.sent()[0])
    bob.receive(try alice.authentication(pairSecret: cast.pairSecret))
    let answer = bob.sent()
    try alice.takeConfirmation(answer[0])
    writer = try alice.writer()
    reader = try alice.reader()
    first = try open(answer.dropFirst())
    if synchronises { try send(.synchronisation(.nothing)) }
  }

  func send(_ body: RecordBody) throws {
    var frame: [UInt8] = []
    try writer.seal(body, appendingTo: &frame)
    bob.receive(frame)
  }

  func sendText(_ text: [UInt8], number: UInt64, stream: UInt64 = 1 << 63) throws {
    var body: [UInt8] = []
    body.append(bigEndian: stream)
    body.append(bigEndian: number)
    body.append(bigEndian: UInt64(5))
    try sendRaw(type: 1, body + [UInt8](repeating: 9, count: 32) + text)
  }

  func sendRaw(type: UInt8, flags: UInt8 = 0, _ body: [UInt8]) throws {
    var frame: [UInt8] = []
    let size = try #require(RecordSize(holding: body.count))
    try writer.seal(size, appendingTo: &frame) { inner in
      inner[0] = type
      inner[1] = flags
      inner[2] = UInt8(body.count >> 8)
      inner[3] = UInt8(body.count & 0xff)
      for index in body.indices { inner[4 + index] = body[index] }
    }
    bob.receive(frame)
  }

  /// What Bob says now; a text is its head alone.
  func heard() throws -> [RecordBody] { try open(bob.sent()[...]) }

  private func open(_ frames: ArraySlice<[UInt8]>) throws -> [RecordBody] {
    guard var reader = reader.take() else { return [] }
    var bodies: [RecordBody] = []
    for frame in frames {
      switch try reader.open(frame.span.extracting(droppingFirst: 3)) {
      case .text(let message): bodies.append(.text(message.head, more: false))
      case .fragment: break
      case .other(let body): bodies.append(body)
      case .ofGroups: break
      }
    }
    self.reader = consume reader
    return bodies
  }
}

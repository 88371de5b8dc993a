import ChatProtocol
import Cryptography
import Foundation
import ProtocolTestSupport
import TestSupport
import Wire

/// What a thief of a home holds of one of its users: the private keys, and what it shares with a contact.
struct StolenKeys {
  let identity: IdentityKeys
  let contact: Profile
  let pairSecret: [UInt8]

  /// The bytes of the private keys: the agreement key and the signing seed, 32 each.
  let secrets: [[UInt8]]

  init(of user: String, contact: String, home: String, _ scene: Scene) throws {
    let profile = "\(home)/profiles/\(user)"
    let keys = try StolenKeys.fields(scene.folder.file(profile + "/identity"))
    let pin = try StolenKeys.fields(scene.folder.file(profile + "/contacts/\(contact)"))
    guard let plain = keys["plain"].flatMap(HexBytes.parse), plain.count == 96,
      let shared = pin["secret"].flatMap(HexBytes.parse), shared.count == 32,
      let whole = try pin["profile"].map(Base64URL.decode(canonical:))
    else { throw ProgramFailure("no keys of \(user) in \(home)") }
    secrets = [Array(plain[0..<32]), Array(plain[32..<64])]
    identity = try IdentityKeys(
      name: PeerName(user), agreementKey: makeSecret(secrets[0]), signingSeed: makeSecret(secrets[1]))
    self.contact = try Profile(parsing: whole.span)
    pairSecret = shared
  }

  /// The lines "word value" of a file of the home.
  private static func fields(_ path: String) throws -> [String: String] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
      let words = line.split(separator: " ", maxSplits: 1)
      return words.count == 2 ? (String(words[0]), String(words[1])) : nil
    }
    return Dictionary(pairs) { first, _ in first }
  }
}

/// Somebody with the keys of a user who calls a listening program as its contact, every message made by hand:
/// it says what no program of ours would, and knows every key of the session.
final class HandmadeCaller {
  private let socket: RawSocket
  private let heard: Gathered
  private let handmade: Handmade
  private var writer: RecordWriter
  private var reader: RecordReader?
  private var read = 0
  /// Records of the other side that were taken.
  private(set) var recordsRead = 0
  private var lastText: UInt64 = 0

  /// Calls, proves the keys, and takes the other side's confirmation.
  init(_ stolen: StolenKeys, port: Int) async throws {
    let (socket, handmade) = (
      try RawSocket(connectedTo: port), try Handmade(stolen.identity, .initiator, .known)
    )
    let heard = socket.listening()
    var read = 0
    socket.write(try handmade.initiation(to: stolen.contact))
    try handmade.takeResponse(try await HandmadeCaller.frame(heard, &read))
    socket.write(try handmade.authentication(pairSecret: stolen.pairSecret))
    try handmade.takeConfirmation(try await HandmadeCaller.frame(heard, &read))
    (self.socket, self.heard, self.handmade, self.read) = (socket, heard, handmade, read)
    writer = try handmade.writer()
    reader = try handmade.reader()
    try send(.synchronisation(.nothing))
  }

  /// A value of the key schedule, and the chain keys that this side and the other begin with.
  func exported(_ label: StaticString) -> [UInt8] { handmade.exported(label) }
  var sendingKey: [UInt8] { handmade.sendingKey }
  var receivingKey: [UInt8] { handmade.receivingKey }

  func send(_ body: RecordBody) throws {
    var frame: [UInt8] = []
    try writer.seal(body, appendingTo: &frame)
    socket.write(frame)
  }

  /// A text that says it was written at that time.
  func sendText(_ text: String, writtenAt time: UnixTime) throws {
    lastText += 1
    let head = TextHead(
      id: MessageID(stream: 1 << 63, number: lastText), sentAt: time,
      commitmentKey: SystemEntropy.shared.publicBytes(count: 32))
    var frames: [UInt8] = []
    try writer.seal(TextMessage(head: head, text: Array(text.utf8)), appendingTo: &frames)
    socket.write(frames)
  }

  /// What the next record of the other side says, texts excepted.
  func next() async throws -> RecordBody? {
    let frame = try await HandmadeCaller.frame(heard, &read)
    guard var reader = reader.take() else { return nil }
    let record = try reader.open(frame.span.extracting(droppingFirst: 3))
    self.reader = consume reader
    recordsRead += 1
    guard case .other(let body) = record else { return nil }
    return body
  }

  /// Waits for the acknowledgement of so many texts.
  func acknowledgement(of count: UInt64) async throws {
    while true {
      if case .acknowledgement(let body)? = try await next(), body.count >= count { return }
    }
  }

  /// Says goodbye and takes the other side's.
  func close(sent: UInt64, received: UInt64) async throws {
    try send(.close(Closing(reason: .bye, sent: sent, received: received)))
    while true {
      if case .close? = try await next() { return }
    }
  }

  private static func frame(_ heard: Gathered, _ read: inout Int) async throws -> [UInt8] {
    guard let head = await heard.bytes(2, from: read, within: 60),
      let frame = await heard.bytes(2 + Int(head[0]) << 8 + Int(head[1]), from: read, within: 60)
    else { throw ProgramFailure("no frame came behind the first \(read) bytes") }
    read += frame.count
    return frame
  }
}

/// The keys of one direction of a session, from the chain key that it begins with.
struct DirectionKeys {
  /// Chain keys, message keys, encryption keys and MAC keys of the records so far, by name.
  private(set) var used: [(name: String, key: [UInt8])] = []
  private(set) var chain: [UInt8]
  private let sender: String

  init(of sender: String, chain: [UInt8]) { (self.sender, self.chain) = (sender, chain) }

  /// Takes a step for each record: MK, CK' and the keys of AES-256-CBC and HMAC.
  mutating func advance(records: Int) {
    for _ in 0..<records {
      let number = used.count / 4
      let master = authenticated([1])
      var keys = [UInt8](repeating: 0, count: 80)
      let (salt, info) = ([UInt8](repeating: 0, count: 32), Label.bytes("rec cbc"))
      var output = keys.mutableSpan
      HKDF.derive(salt: salt.span, inputKey: master.span, info: info.span, into: &output)
      used += [
        ("\(sender)'s chain key \(number)", chain), ("\(sender)'s message key \(number)", master),
        ("\(sender)'s encryption key \(number)", Array(keys[0..<32])),
        ("\(sender)'s MAC key \(number)", Array(keys[32..<64])),
      ]
      chain = authenticated([2])
    }
  }

  private func authenticated(_ message: [UInt8]) -> [UInt8] {
    var tag = [UInt8](repeating: 0, count: 32)
    var output = tag.mutableSpan
    HMACSHA256.authenticate(message.span, key: chain.span, into: &output)
    return tag
  }
}

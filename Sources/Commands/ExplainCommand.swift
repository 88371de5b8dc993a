import ArgumentParser
import Messenger
import Wire

/// `secure_chat explain`: the handshake step by step, with values from published test keys.
struct ExplainCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Show the handshake step by step, by the real machines with published test keys.",
    discussion: """
      pair is the first contact under a password, known every later one; without a word both are shown. \
      Nothing of your own is read. docs/HANDSHAKE.md has the picture.
      """)

  enum Which: String, ExpressibleByArgument, CaseIterable, Sendable { case pair, known }

  @Argument(help: "pair, known, or both.")
  var which: Which?
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    let output = surroundings.output
    for isFirstContact in [true, false] where which.map({ ($0 == .pair) == isFirstContact }) ?? true {
      guard let lesson = HandshakeLesson(firstContact: isFirstContact) else { throw Sentences.lessonFailed }
      if output.isJSON {
        for part in lesson.parts {
          try await output.payload(bytes: JSONEvents.lesson(part.part, of: part.who, lesson))
        }
      } else {
        for line in Sentences.lesson(lesson) { try await output.payload(line) }
      }
    }
    return .ok
  }
}

extension JSONEvents {
  static func lesson(
    _ part: HandshakeLesson.Part, of who: HandshakeLesson.Person, _ lesson: HandshakeLesson
  ) -> [UInt8] {
    var writer: JSONWriter
    func begin(_ event: String) -> JSONWriter {
      var writer = JSONWriter(event: event)
      writer.write("mode", lesson.isFirstContact ? "pair" : "known")
      writer.write("who", who.rawValue)
      return writer
    }
    switch part {
    case .frame(let name, let bytes):
      writer = begin("frame")
      writer.write("name", name)
      writer.write("bytes", bytes.count)
      writer.write("frame", Hex.encode(bytes))
    case .operation(let operation):
      writer = begin("operation")
      writer.write("name", Sentences.name(of: operation.kind))
      switch operation.kind {
      case .start: break
      case .mixHash(let count): writer.write("bytes", count)
      case .mixKey(let name, let secret):
        writer.write("of", name)
        writer.write("value", Hex.encode(secret))
      case .seal(let plaintext), .open(let plaintext): writer.write("value", Hex.encode(plaintext))
      case .response(let challenge, let value):
        writer.write("challenge", Hex.encode(challenge))
        writer.write("value", Hex.encode(value))
      }
      writer.write("h", Hex.encode(operation.hash))
      writer.write("ck", Hex.encode(operation.chainingKey))
      writer.write("k", Hex.encode(operation.key))
    case .step(let step):
      writer = begin("step")
      writer.write("name", step.name)
      writer.write("dir", step.direction.rawValue)
    case .record(let record):
      writer = begin("record")
      writer.write("inner", Hex.encode(record.inner))
      writer.write("crc32", Hex.encode(record.checksum))
      writer.write("ek", Hex.encode(record.encryptionKey))
      writer.write("ak", Hex.encode(record.authenticationKey))
      writer.write("iv", Hex.encode(record.iv))
    case .shown(let text):
      writer = begin("shown")
      writer.write("text", utf8: text)
    }
    return writer.line()
  }
}

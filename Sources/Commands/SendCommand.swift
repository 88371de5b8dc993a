import ArgumentParser
import Messenger
import Terminal
import Wire

/// `secure_chat send NAME`: standard input, whole, as one message or as many as it needs, to one person or to a
/// group.
struct SendCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Deliver standard input, and end with 0 when all of it was acknowledged.",
    discussion: """
      Input above 64 KiB goes as several messages, cut between characters. What the other side logged \
      is reported as it happens; three tries are made to connect, 1 and 2 seconds apart. To a group it is \
      acknowledged when the relay has stored it. A user of the users file or a contact comes before a group of \
      the same name, which group:NAME names.
      """)

  @Argument(
    help: ArgumentHelp("A user of the users file, an address, or a group.", valueName: "name|host:port"),
    completion: .userOrGroup)
  var target: String
  @Flag(name: .customLong("lines"), help: "Each line is a message of its own; empty ones are skipped.")
  var lines = false
  @OptionGroup var targetOptions: TargetOptions
  @OptionGroup var relay: RelayOptions
  @OptionGroup var trust: TrustOptions
  @OptionGroup var talk: TalkOptions

  var shared: SharedOptions { talk.shared }

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await talk.open(at: try surroundings.screen(), in: surroundings) { (opening) throws(Failure) in
      let address = try relay.address()
      let person: Result<DialTarget, Failure>
      do throws(Failure) {
        // A group's name is no user's: whether it is one's own group is known once the profile is open.
        if target.hasPrefix(GroupAccess.prefix) {
          throw Sentences.failure(.group(.notMember(try GroupAccess.name(target))))
        }
        person = .success(try await opening.target(target, targetOptions))
      } catch {
        person = .failure(error)
      }
      switch person {
      case .success(let target):
        let messenger = try await opening.messenger(trust)
        return try await deliver(target, messenger, opening.passwords, opening.party, surroundings)
      case .failure(let failure):
        return try await deliverToGroup(failure, opening, address, surroundings)
      }
    }
  }

  /// `failure`: why the target is nobody to dial; thrown where it is no group of this user's either.
  private func deliverToGroup(
    _ failure: Failure, _ opening: Opening, _ address: RelayAddress?, _ surroundings: Surroundings
  ) async throws(Failure) -> ExitCode {
    guard targetOptions.to == nil, targetOptions.peer == nil, let group = try? GroupAccess.name(target) else {
      throw failure
    }
    let messenger = try await opening.messenger(trust)
    do throws(Failure) {
      let groups = try await messenger.doing { (messenger) async throws(MessengerFailure) in
        try await messenger.groups()
      }
      let contact = try await messenger.doing { (messenger) async throws(MessengerFailure) in
        try await messenger.contacts()
      }
      .contains { $0.name.text == target }
      guard groups.contains(where: { $0.name == group }), !contact else { throw failure }
      var input = try InputMessages(byLine: lines)
      guard let first = try await input.next() else {
        await messenger.shutDown()
        return .ok
      }
      await opening.screen?.finish()
      return try await GroupSend(
        messenger: messenger, party: opening.party, surroundings: surroundings,
        timeout: talk.connection.timeout
      ).run(first, input, to: group, relay: address)
    } catch {
      await messenger.shutDown()
      throw error
    }
  }

  private func deliver(
    _ target: DialTarget, _ messenger: Messenger, _ passwords: Passwords, _ party: Party,
    _ surroundings: Surroundings
  ) async throws(Failure) -> ExitCode {
    var input = try InputMessages(byLine: lines)
    // Nothing is dialled, and nobody asked, for an input that holds nothing.
    guard let first = try await input.next() else {
      await messenger.shutDown()
      return .ok
    }
    let password = try await passwords.toDial(target.name, messenger).0
    await PublicPasswords.tell(
      await PublicPasswords(party: party).dialling(target, messenger), surroundings.output)
    await passwords.screen?.finish()
    let delivery = Delivery(
      dialler: Dialler(messenger: messenger, target: target, output: surroundings.output),
      password: password, teller: EventTeller(output: surroundings.output, me: party.me),
      purpose: .handingOver, isVerbose: shared.verbose, isSplit: lines || input.mayHaveMore)
    await surroundings.signals.handle { signal in
      guard signal.endsProgram else { return }
      await messenger.shutDown()
      signal.endProgram()
    }
    try await delivery.carryOut { [input] in await Self.read(first, input, to: delivery) }
    return .ok
  }

  private static func read(_ first: [UInt8], _ input: InputMessages, to delivery: Delivery) async {
    var input = input
    var message: [UInt8]? = first
    do throws(Failure) {
      while let text = message, !Task.isCancelled {
        await delivery.add(text)
        message = try await input.next()
      }
      await delivery.endInput(nil)
    } catch {
      await delivery.endInput(error)
    }
  }
}

/// Standard input as messages, one after the other.
struct InputMessages: Sendable {
  private let reader: StreamReader
  private let byLine: Bool
  private var parts = MessageParts()
  private var lines = MessageLines()
  private var ready: [[UInt8]] = []
  private var hasEnded = false

  init(byLine: Bool) throws(Failure) {
    self.byLine = byLine
    do throws(StreamError) {
      reader = try StreamReader(.input)
    } catch {
      throw Sentences.inputFailed(error.description)
    }
  }

  /// False once the input has ended and every message was handed out.
  var mayHaveMore: Bool { !hasEnded || !ready.isEmpty }

  /// The next message; nil at the end of the input.
  mutating func next() async throws(Failure) -> [UInt8]? {
    while ready.isEmpty, !hasEnded { try await readOn() }
    return ready.isEmpty ? nil : ready.removeFirst()
  }

  private mutating func readOn() async throws(Failure) {
    let chunk: StreamReader.Chunk
    do throws(StreamError) {
      chunk = try await reader.read()
    } catch {
      throw Sentences.inputFailed(error.description)
    }
    do throws(MessageParts.NotText) {
      switch chunk {
      case .bytes(let bytes): ready += byLine ? try lines.add(bytes) : try parts.add(bytes)
      case .endOfInput, .interrupted:
        hasEnded = true
        if let last = byLine ? try lines.finish() : try parts.finish() { ready.append(last) }
      }
    } catch {
      throw Sentences.inputNotText(offset: error.offset)
    }
  }
}

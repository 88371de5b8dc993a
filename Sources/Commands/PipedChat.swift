import Messenger
import Terminal
import Wire

/// `chat` without a person at a terminal: lines of standard input are messages, what arrives goes out as
/// it comes, and the end of the input ends the conversation.
enum PipedChat {
  static func run(
    _ target: DialTarget, _ messenger: Messenger, _ passwords: Passwords, _ party: Party,
    _ surroundings: Surroundings, _ commands: ArrivalCommands, isVerbose: Bool
  ) async throws(Failure) -> ExitCode {
    let output = surroundings.output
    let password = try await passwords.toDial(target.name, messenger).0
    await PublicPasswords.tell(await PublicPasswords(party: party).dialling(target, messenger), output)
    let input = try InputMessages(byLine: true)
    let delivery = Delivery(
      dialler: Dialler(messenger: messenger, target: target, output: output), password: password,
      teller: EventTeller(output: output, me: party.me), purpose: .conversation, isVerbose: isVerbose,
      isSplit: false, commands: commands)
    await surroundings.signals.handle { signal in
      guard signal.endsProgram else { return }
      await messenger.shutDown()
      await commands.stop()
      if signal == .terminate { ProgramSurroundings.end(ExitCode.ok.rawValue) }
      signal.endProgram()
    }
    try await delivery.carryOut { await read(input, to: delivery, output) }
    return .ok
  }

  private static func read(_ input: InputMessages, to delivery: Delivery, _ output: Output) async {
    var input = input
    do throws(Failure) {
      while await delivery.takesInput, let bytes = try await input.next() {
        switch TypedLine(String(decoding: bytes, as: UTF8.self), inLobby: false) {
        case .exit, .command(.quit, _): return await delivery.endInput(nil)
        case .text(let text): await delivery.add(Array(text.utf8))
        case .nothing: break
        case .command(let command, _): await output.say(Sentences.onlyAtATerminal(command.rawValue))
        case .later(let word): await output.say(Sentences.laterInChat(word))
        case .unknown(let word, let meant): await output.say(Sentences.unknownInChat(word, meant: meant))
        }
      }
      await delivery.endInput(nil)
    } catch {
      await delivery.endInput(error)
    }
  }
}

import ArgumentParser

/// From the words of a command line to the command that they ask for.
package enum CommandLineReader {
  enum Found {
    case command(any RunnableCommand)
    case help(String)
    case failure(Failure)
  }

  static func read(_ arguments: [String]) -> Found {
    if arguments.first == CompletionCommand.question { return parse(arguments) }
    do throws(Failure) {
      let scan = try ArgumentScan(arguments)
      return parse(try words(scan))
    } catch {
      return .failure(error)
    }
  }

  /// The failure that a command line leads to before anything is done; nil where it is understood.
  package static func failure(of arguments: [String]) -> Failure? {
    if case .failure(let failure) = read(arguments) { return failure }
    return nil
  }

  /// The arguments with the command's word first, for the parser.
  private static func words(_ scan: ArgumentScan) throws(Failure) -> [String] {
    switch scan.first {
    case .command(let word): return [word] + scan.arguments
    case .none:
      let isForTheRoot = scan.arguments.contains { ["--help", "-h", "--version"].contains($0) }
      return isForTheRoot ? scan.arguments : [AskCommand.word] + scan.arguments
    case .file(let word):
      if !word.hasSuffix(".json"), !word.contains("/"), AskCommand.isMissing(word) {
        throw Sentences.noSuchCommand(word)
      }
      return [AskCommand.word] + scan.arguments + ["--", word]
    }
  }

  private static func parse(_ words: [String]) -> Found {
    do {
      guard let command = try SecureChatCommand.parseAsRoot(words) as? any RunnableCommand else {
        return .help(SecureChatCommand.helpMessage())
      }
      return .command(command)
    } catch {
      // The parser's own code for bad arguments is 64; ours is 2. Its clean exits are help and version.
      let isClean = SecureChatCommand.exitCode(for: error) == .success
      if isClean { return .help(SecureChatCommand.fullMessage(for: error)) }
      let command = words.first.flatMap { $0 == AskCommand.word ? nil : $0 }
      return .failure(
        Sentences.parser(
          SecureChatCommand.message(for: error),
          help: "secure_chat help" + (command.map { " \($0)" } ?? "")))
    }
  }
}

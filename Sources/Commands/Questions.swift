package import Messenger
package import Wire

/// The questions that a person is asked, in the old order: the users file, who you are, send or receive,
/// to whom. A wrong answer is explained and the same question asked again.
package struct Questions {
  package enum Direction: Equatable, Sendable { case send, receive }

  /// A question that ended without an answer, or the wish to leave.
  package enum Ending: Error, Equatable, Sendable {
    case end(QuestionEnd)
    /// `/quit`, or `exit` where nobody is so named.
    case leave
  }

  let console: any Console

  package init(console: any Console) { self.console = console }

  /// Asks for the path until a users file can be read.
  ///
  /// `suggestion` stands in brackets, and ENTER takes it.
  package func usersFile(
    suggestion: String?, read: (String) throws(UsersFileError) -> UsersFile
  ) async throws(Ending) -> UsersFile {
    while true {
      let answer = try await ask(Sentences.askUsersFile(suggestion: suggestion))
      let path = answer.isEmpty ? suggestion ?? "" : answer
      if path.isEmpty {
        await console.say(Sentences.usersFileNeeded)
        continue
      }
      if path == "/quit" || path == "exit" { throw .leave }
      do throws(UsersFileError) {
        return try read(path)
      } catch {
        await console.say(Sentences.explained(Sentences.usersFile(error)))
      }
    }
  }

  /// Asks who sits here until a user of the file is named, by name or by port.
  package func who(in users: UsersFile) async throws(Ending) -> UsersFileEntry {
    while true {
      let answer = try await ask(Sentences.askWho(users.entries.map(\.name)))
      do throws(WhoAmI.Refusal) {
        return try WhoAmI.resolve(answer, in: users)
      } catch {
        if isLeaving(answer) { throw .leave }
        await console.say(Sentences.explained(Sentences.who(error, in: users)))
      }
    }
  }

  /// Asks for a user name of one's own, where there is no users file.
  package func ownName() async throws(Ending) -> PeerName {
    try await name(Sentences.askOwnName)
  }

  package func direction() async throws(Ending) -> Direction {
    while true {
      let answer = try await ask(Sentences.askDirection)
      switch answer.lowercased() {
      case "s", "send": return .send
      case "r", "receive": return .receive
      case _:
        if isLeaving(answer) { throw .leave }
        await console.say(Sentences.notADirection(answer))
      }
    }
  }

  /// Asks whom to talk to: a name, `host:port`, or an address and then its port; an address that is
  /// nobody's of the file asks for the name too.
  package func target(from me: PeerName, in users: UsersFile?) async throws(Ending) -> DialTarget {
    let others = (users?.entries ?? []).map(\.name).filter { $0 != me }
    while true {
      let answer = try await ask(Sentences.askTarget(others))
      switch resolve(answer, from: me, in: users) {
      case .success(let found): return try await dialTarget(found, from: me)
      case .failure(.portMissing(let host)): return try await target(at: host, from: me, in: users)
      case .failure(let refusal):
        if isLeaving(answer) { throw .leave }
        await console.say(Sentences.explained(Sentences.toWhom(refusal, others: others)))
      }
    }
  }

  /// The second half of an address that was given without its port.
  private func target(
    at host: String, from me: PeerName, in users: UsersFile?
  ) async throws(Ending) -> DialTarget {
    while true {
      let answer = try await ask(Sentences.askPort(of: host))
      let address = host.contains(":") ? "[\(host)]:\(answer)" : "\(host):\(answer)"
      switch resolve(address, from: me, in: users) {
      case .success(let found): return try await dialTarget(found, from: me)
      case .failure(let refusal):
        if isLeaving(answer) { throw .leave }
        await console.say(Sentences.explained(Sentences.toWhom(refusal, others: [])))
      }
    }
  }

  private func resolve(
    _ answer: String, from me: PeerName, in users: UsersFile?
  ) -> Result<ToWhom, ToWhom.Refusal> {
    do throws(ToWhom.Refusal) {
      return .success(try ToWhom.resolve(answer, from: me, in: users))
    } catch {
      return .failure(error)
    }
  }

  private func dialTarget(_ found: ToWhom, from me: PeerName) async throws(Ending) -> DialTarget {
    switch found {
    case .user(let entry):
      return DialTarget(name: entry.name, host: entry.host, port: entry.port)
    case .address(let host, let port):
      let address = DialTarget(name: me, host: host, port: port).address
      return DialTarget(name: try await peerName(at: address, from: me), host: host, port: port)
    }
  }

  /// Asks for the name of whoever answers at an address that the users file does not hold.
  package func peerName(at address: String, from me: PeerName) async throws(Ending) -> PeerName {
    while true {
      let name = try await name(Sentences.askPeerName(at: address))
      if name != me { return name }
      await console.say(Sentences.explained(Sentences.toWhom(.yourself(me), others: [])))
    }
  }

  private func name(_ question: String) async throws(Ending) -> PeerName {
    while true {
      let answer = try await ask(question)
      do throws(NameError) {
        return try PeerName(answer)
      } catch {
        await console.say(Sentences.explained(Sentences.badName(answer, error)))
      }
    }
  }

  private func ask(_ question: String) async throws(Ending) -> String {
    do throws(QuestionEnd) {
      return try await console.ask(question).trimmingSpaces
    } catch {
      throw .end(error)
    }
  }

  /// Only where the answer names nobody: a user may be called `exit`.
  private func isLeaving(_ answer: String) -> Bool { ["/quit", "exit", "quit"].contains(answer) }
}

import Messenger
import Wire

/// Whom `chat` and `send` dial: the name or address on the command line, put together with `--to`,
/// `--peer` and the users file.
enum Target {
  static func find(
    _ answer: String?, to: String?, peer: String?, party: Party, screen: Screen?
  ) async throws(Failure) -> DialTarget {
    guard let answer else {
      guard let screen else { throw Sentences.targetNeeded }
      return try await asking { () async throws(Questions.Ending) in
        try await Questions(console: screen).target(from: party.me, in: party.users)
      }
    }
    if let to { return try named(answer, at: to, peer, party) }
    switch resolve(answer, party) {
    case .success(.user(let entry)):
      if let peer, peer != entry.name.text { throw Sentences.peerContradicts(peer, entry.name) }
      return DialTarget(name: entry.name, host: entry.host, port: entry.port)
    case .success(.address(let host, let port)):
      return try await owner(of: host, port, peer, party, screen)
    case .failure(let refusal):
      throw Sentences.toWhom(
        refusal, others: (party.users?.entries ?? []).map(\.name).filter { $0 != party.me })
    }
  }

  private static func resolve(_ answer: String, _ party: Party) -> Result<ToWhom, ToWhom.Refusal> {
    do throws(ToWhom.Refusal) {
      return .success(try ToWhom.resolve(answer, from: party.me, in: party.users))
    } catch {
      return .failure(error)
    }
  }

  /// NAME with `--to`: the address of the file does not count.
  private static func named(
    _ answer: String, at to: String, _ peer: String?, _ party: Party
  ) throws(Failure) -> DialTarget {
    guard case .hostAndPort(let host, let port) = AddressText.parse(to) else {
      throw Sentences.badAddress(to)
    }
    let name = try peerName(answer)
    if let peer, peer != answer { throw Sentences.peerContradicts(peer, name) }
    guard name != party.me else { throw Sentences.toWhom(.yourself(party.me), others: []) }
    return DialTarget(name: name, host: host, port: port)
  }

  private static func owner(
    of host: String, _ port: UInt16, _ peer: String?, _ party: Party, _ screen: Screen?
  ) async throws(Failure) -> DialTarget {
    if let peer {
      let name = try peerName(peer)
      guard name != party.me else { throw Sentences.toWhom(.yourself(party.me), others: []) }
      return DialTarget(name: name, host: host, port: port)
    }
    let address = DialTarget(name: party.me, host: host, port: port).address
    guard let screen else { throw Sentences.peerNeeded(address) }
    let name = try await asking { () async throws(Questions.Ending) in
      try await Questions(console: screen).peerName(at: address, from: party.me)
    }
    return DialTarget(name: name, host: host, port: port)
  }

  static func peerName(_ text: String) throws(Failure) -> PeerName {
    do throws(NameError) {
      return try PeerName(text)
    } catch {
      throw Sentences.badName(text, error)
    }
  }

  /// Runs questions; one that ends without an answer ends the command.
  static func asking<R>(
    _ questions: () async throws(Questions.Ending) -> R
  ) async throws(Failure) -> R {
    do throws(Questions.Ending) {
      return try await questions()
    } catch {
      throw Sentences.ended(error)
    }
  }
}

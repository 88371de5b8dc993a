import ChatProtocol
import Cryptography
import Testing
import Wire

/// What a machine withholds until its driver has answered; the driver answers by hand here.
@Suite("Nothing leaves before what must be durable is")
struct WithholdingTests {
  private let cast: Cast
  private let now = Moment(nanoseconds: 0)

  init() throws { cast = try Cast() }

  private func machines() throws -> (ConnectionMachine, ConnectionMachine) {
    let dialling = ConnectionMachine(
      dialling: DialSetup(
        context: cast.context(of: cast.alice),
        target: .firstContact(
          name: cast.bob.profile.name, password: try makePasswordSecret(cast.password), floor: nil,
          purpose: .conversation)))
    let accepting = ConnectionMachine(
      accepting: AcceptSetup(context: cast.context(of: cast.bob), takesFirstContact: true))
    dialling.start(at: now)
    accepting.start(at: now)
    accepting.receive(dialling.outbound(at: now), at: now)
    dialling.receive(accepting.outbound(at: now), at: now)
    accepting.receive(dialling.outbound(at: now), at: now)
    return (dialling, accepting)
  }

  // [G-01] [G-07] [M-19]
  @Test func eachStepOfAFirstContactWaitsForItsAnswer() throws {
    let (alice, bob) = try machines()
    // R: the password, then the spent guess, then PAIR2.
    #expect(questions(bob) == ["lookUpPairing"])
    #expect(bob.outbound(at: now).isEmpty)
    bob.handle(.stored, at: now)
    #expect(questions(bob).isEmpty, "an answer to another question is ignored")
    bob.handle(.pairing(PairingAnswer(password: try makePasswordSecret(cast.password))), at: now)
    #expect(questions(bob) == ["spendGuess"])
    #expect(bob.outbound(at: now).isEmpty)
    bob.handle(.stored, at: now)
    let reply = bob.outbound(at: now)
    #expect(reply.count == 403)

    // I: whose keys, then AUTH.
    alice.receive(reply, at: now)
    #expect(questions(alice) == ["lookUpKeyOwner"])
    #expect(alice.outbound(at: now).isEmpty)
    alice.handle(.keyOwner(isAnother: false), at: now)
    let authentication = alice.outbound(at: now)
    #expect(authentication.count == 323)

    // R: whose keys, then the provisional pin, then FIN and SYNC.
    bob.receive(authentication, at: now)
    #expect(questions(bob) == ["lookUpKeyOwner"])
    bob.handle(.keyOwner(isAnother: false), at: now)
    #expect(questions(bob) == ["returnGuess", "storePin"])
    #expect(bob.outbound(at: now).isEmpty)
    bob.handle(.stored, at: now)
    let last = bob.outbound(at: now)
    #expect(splitFrames(last).map(\.count) == [83, 291])
    #expect(questions(bob).isEmpty)

    // I: its pin, then its first record, and only then the session.
    alice.receive(last, at: now)
    #expect(questions(alice) == ["storePin"])
    #expect(alice.outbound(at: now).isEmpty)
    #expect(!alice.canTakeText)
    alice.handle(.stored, at: now)
    #expect(questions(alice) == ["connected"])
    let first = alice.outbound(at: now)
    #expect(splitFrames(first).map(\.count) == [291])

    // R: the pin is confirmed before anything is shown as connected.
    bob.receive(first, at: now)
    #expect(questions(bob) == ["confirmPin"])
    #expect(!bob.canTakeText && !bob.wantsToRead)
    bob.handle(.stored, at: now)
    #expect(questions(bob) == ["connected"])
  }

  // [G-01]
  @Test func aGuessThatCannotBeWrittenSendsNoReply() throws {
    let (_, bob) = try machines()
    _ = bob.actions()
    bob.handle(.pairing(PairingAnswer(password: try makePasswordSecret(cast.password))), at: now)
    _ = bob.actions()
    bob.handle(.storeFailed, at: now)
    #expect(bob.outbound(at: now).isEmpty)
    let said = bob.actions()
    #expect(said.contains { if case .releaseGuess = $0 { true } else { false } })
    #expect(said.contains { if case .refused(let refusal) = $0 { refusal.code == .state } else { false } })
  }

  /// The names of what was said, steps left out.
  private func questions(_ machine: ConnectionMachine) -> [String] {
    machine.actions().compactMap { action in
      if case .step = action { return nil }
      return String(describing: action).split(separator: "(").first.map(String.init)
    }
  }
}

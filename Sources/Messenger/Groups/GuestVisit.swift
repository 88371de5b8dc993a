import Cryptography
import Transport
import Wire

/// One request to a relay by somebody who has no mailbox there: to put into an inbox, or to take a key package.
struct GuestVisit: Sendable {
  let place: RelayPlace
  let network: RelayNetwork
  /// Where the puzzle is solved.
  let threads: BlockingThreads

  private static let patience: Duration = .seconds(15)
  private static let request: UInt32 = 1

  /// Puts an object into an inbox; the relay has it on its disk when this returns.
  func put(_ body: [UInt8], into pseudonym: [UInt8]) async throws(MessengerFailure) {
    let nonce = await threads.run { Self.solve(pseudonym: pseudonym, body: body) }
    guard let nonce else { throw .stopped }
    let put = RelayInboxPut(
      request: Self.request, pseudonym: pseudonym, nonce: nonce, body: body)
    if case .refused(let refusal)? = try await ask(.inboxPut(put)) { throw refused(refusal) }
  }

  /// A key package from an inbox, as it lies there; nil where there is none.
  func takeKeyPackage(from pseudonym: [UInt8]) async throws(MessengerFailure) -> [UInt8]? {
    let take = RelayKeyPackageTake(request: Self.request, pseudonym: pseudonym)
    switch try await ask(.keyPackageTake(take)) {
    case .keyPackage(let found)?: return found.body
    case .refused(let refusal)?:
      if refusal.reason == .nothingThere || refusal.reason == .unknownMailbox { return nil }
      throw refused(refusal)
    case .welcome?, .receipt?, .conflict?, .entry?, .rangeEnd?, .ephemeral?, .linkDown?, .linkUp?,
      .accepted?, .inboxItem?, nil:
      return nil
    }
  }

  private func refused(_ refusal: RelayRefusal) -> MessengerFailure {
    .group(.relayRefused(address: place.address.text, why: refusal.reason.words))
  }

  private func ask(_ request: RelayRequest) async throws(MessengerFailure) -> RelayAnswer? {
    let connection = try await RelayConnection.open(place: place, hello: nil, through: network)
    let patience = Task {
      try? await Task.sleep(for: Self.patience)
      await connection.close()
    }
    await connection.send(request)
    var found: RelayAnswer?
    for await event in connection.events {
      guard case .frame(let answer) = event, answer.answers(Self.request) else { continue }
      found = answer
      break
    }
    patience.cancel()
    await connection.close()
    guard let found else {
      throw .relay(
        RelayFailure(address: place.address.text, cause: .unreachable(.other("it closed the link"))))
    }
    return found
  }

  /// Tries one number after the other: some hundred thousand hashes.
  private static func solve(pseudonym: [UInt8], body: [UInt8]) -> UInt64 {
    let bodyHash = SHA256Hash.hash(body.span)
    var bytes = RelayPuzzle.bytes(pseudonym: pseudonym, bodyHash: bodyHash, nonce: 0)
    var nonce: UInt64 = 0
    while true {
      // The number stands at the end.
      for index in 0..<8 { bytes[bytes.count - 1 - index] = UInt8(truncatingIfNeeded: nonce >> (8 * index)) }
      if RelayPuzzle.isSolved(by: SHA256Hash.hash(bytes.span)) { return nonce }
      nonce &+= 1
    }
  }
}

extension RelayAnswer {
  /// Whether it is the answer to the request of this number.
  func answers(_ request: UInt32) -> Bool {
    switch self {
    case .receipt(let receipt): receipt.request == request
    case .conflict(let conflict): conflict.request == request
    case .refused(let refusal): refusal.request == request
    case .rangeEnd(let number), .accepted(let number): number == request
    case .keyPackage(let keyPackage): keyPackage.request == request
    case .welcome, .entry, .ephemeral, .linkDown, .linkUp, .inboxItem: false
    }
  }
}

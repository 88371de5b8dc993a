package import ChatProtocol
package import Transport
package import Wire

/// With what this process dials relays.
package struct RelayNetwork: Sendable {
  package var group: TransportGroup
  package var executor: LoopExecutor
  /// What every link of the process has in common; no identity is in it.
  package var handshake: HandshakeContext
  /// The limit of one TCP connect.
  package var timeoutSeconds: Int

  package init(
    group: TransportGroup, executor: LoopExecutor, handshake: HandshakeContext, timeoutSeconds: Int = 10
  ) {
    self.group = group
    self.executor = executor
    self.handshake = handshake
    self.timeoutSeconds = timeoutSeconds
  }
}

/// The key with which a client speaks for a mailbox (GROUPS 3.5 L3).
package struct HelloKey: Sendable {
  /// 32 bytes.
  package let pseudonym: [UInt8]
  /// Ed25519, 32 bytes.
  package let publicKey: [UInt8]
  /// Signs the bytes with the private half. Throws where this side's memory or libraries fail.
  package let sign: @Sendable (Span<UInt8>) throws -> [UInt8]

  package init(
    pseudonym: [UInt8], publicKey: [UInt8], sign: @escaping @Sendable (Span<UInt8>) throws -> [UInt8]
  ) {
    self.pseudonym = pseudonym
    self.publicKey = publicKey
    self.sign = sign
  }
}

/// What happens on a link to a relay.
package enum RelayLinkEvent: Sendable {
  /// The relay's answer to the first HELLO; later WELCOMEs come as frames.
  case up(RelayWelcome)
  case frame(RelayAnswer)
  /// The link is over; nothing follows.
  case down(RelayLinkFailure)
}

/// One link to a relay, for one mailbox or for none: dials, proves the relay, says HELLO.
///
/// To dial again after an end is its user's matter.
package final class RelayConnection: Sendable {
  package let place: RelayPlace
  /// `th`, 32 bytes.
  package let transcriptHash: [UInt8]
  /// Everything that happens, in order, for one consumer; it ends after `.down`. While nobody takes the events the
  /// link is not read beyond a few MiB.
  package let events: AsyncStream<RelayLinkEvent>

  private let executor: LoopExecutor
  private let driver: LoopBound<RelayClientDriver>

  private init(
    _ place: RelayPlace, _ transcriptHash: [UInt8], _ driver: LoopBound<RelayClientDriver>,
    _ queue: RelayEventQueue, _ executor: LoopExecutor
  ) {
    self.place = place
    self.transcriptHash = transcriptHash
    self.driver = driver
    self.executor = executor
    events = queue.stream
  }

  deinit {
    let driver = driver
    executor.execute { driver.value.close(.bye) }
  }

  /// Connects, proves the relay, and says HELLO: with a mailbox's key, or as somebody without one (nil), who may put
  /// into inboxes and take key packages.
  ///
  /// Throws `.relay` where there is no link, and `.stopped` where the task was cancelled.
  package static func open(
    place: RelayPlace, hello key: HelloKey?, through network: RelayNetwork
  ) async throws(MessengerFailure) -> RelayConnection {
    let waiting = RelayWaiting()
    let (executor, setup) = (
      network.executor, RelayDialSetup(context: network.handshake, relay: place.profile)
    )
    try await network.dial(place.address) { _ in
      RelayClientDriver(RelayLinkMachine(dialling: setup), on: executor, waiting: waiting)
    }
    switch await waiting.outcome() {
    case .up(let summary, let driver, let queue)?:
      let connection = RelayConnection(place, summary.transcriptHash, driver, queue, executor)
      if let key {
        try await connection.hello(key)
      } else {
        await connection.send(.hello(.guest))
      }
      return connection
    case .refused(let code)?:
      if code == .state { throw .state(HomeFailure.memory.problem) }
      throw .relay(RelayFailure(address: place.address.text, cause: .notProven(code)))
    case .profile?, nil:
      throw .stopped
    }
  }

  /// Asks whoever listens there for a relay's profile (L5); that its signature holds is checked, that it is the
  /// right relay is not.
  package static func askProfile(
    _ address: RelayAddress, through network: RelayNetwork
  ) async throws(MessengerFailure) -> Profile {
    let waiting = RelayWaiting()
    let (executor, context) = (network.executor, network.handshake)
    try await network.dial(address) { _ in
      RelayClientDriver(RelayLinkMachine(asking: context), on: executor, waiting: waiting)
    }
    switch await waiting.outcome() {
    case .profile(let proven)?: return proven.profile
    case .refused(let code)?:
      throw .relay(RelayFailure(address: address.text, cause: .noProfile(code)))
    case .up?, nil: throw .stopped
    }
  }

  /// Sends a request; returns when the link has room for more. Nothing is sent on a link that is over.
  package func send(_ request: RelayRequest) async {
    let driver = driver
    await withCheckedContinuation { continuation in
      executor.execute { driver.value.send(request) { continuation.resume() } }
    }
  }

  /// Says HELLO again, after the epoch changed.
  package func hello(_ key: HelloKey) async throws(MessengerFailure) {
    let bytes = RelaySignedBytes.authentication(th: transcriptHash, pseudonym: key.pseudonym)
    guard let signature = try? key.sign(bytes.span) else { throw .state(HomeFailure.memory.problem) }
    await send(
      .hello(
        .member(
          RelayMembership(pseudonym: key.pseudonym, key: key.publicKey, signature: signature))))
  }

  /// Says goodbye; `.down` follows, at the latest after the protocol's 5 s.
  package func close() async {
    let driver = driver
    executor.execute { driver.value.close(.bye) }
  }
}

extension RelayNetwork {
  fileprivate func dial(
    _ address: RelayAddress, _ makeDriver: @escaping @Sendable (LinkAddress) -> RelayClientDriver
  ) async throws(MessengerFailure) {
    do throws(TransportError) {
      try await group.dial(
        host: address.host, port: address.port, timeoutSeconds: timeoutSeconds, on: executor,
        makeDriver: makeDriver)
    } catch {
      guard let cause = Unreachable.Cause(error, seconds: timeoutSeconds) else { throw .stopped }
      throw .relay(RelayFailure(address: address.text, cause: .unreachable(cause)))
    }
  }
}

package import Wire

/// Two users that exist for a moment, one conversation between them over loopback TCP with everything that
/// a real one has: password exchange, keys, records, logs, acknowledgement. Nothing of it stays.
package enum SelfConnect {
  package struct Times: Sendable {
    /// From the call to the proven session, in milliseconds.
    package let connected: Int64
    /// From the text to its acknowledgement, in milliseconds.
    package let acknowledged: Int64
    package let group: KeyAgreementGroup
    package let cipher: CipherSuite
  }

  package enum Failure: Error, Sendable {
    /// No temporary folder could be made.
    case noFolder
    case messenger(MessengerFailure)
    /// Nothing more happened within this many seconds.
    case silent(seconds: Int)
  }

  package static func run(timeoutSeconds: Int = 60) async throws(Failure) -> Times {
    guard let folder = ScratchFolder.make() else { throw .noFolder }
    defer { ScratchFolder.remove(folder) }
    let (caller, listener) = try await pair(in: folder)
    let patience = Task {
      try? await Task.sleep(for: .seconds(timeoutSeconds))
      guard !Task.isCancelled else { return false }
      // Ends every wait below.
      await caller.shutDown()
      await listener.shutDown()
      return true
    }
    let result: Result<Times, Failure>
    do throws(Failure) {
      result = .success(try await converse(caller, listener))
    } catch {
      result = .failure(error)
    }
    patience.cancel()
    let wasSilent = await patience.value
    await caller.shutDown()
    await listener.shutDown()
    if wasSilent { throw .silent(seconds: timeoutSeconds) }
    return try result.get()
  }

  private static func pair(in folder: String) async throws(Failure) -> (Messenger, Messenger) {
    let path = folder + "/users.json"
    let text = """
      [ {"username": "caller", "password": "\(ScratchFolder.randomWord())", "ip": "127.0.0.1", "port": 1},
        {"username": "listener", "password": "\(ScratchFolder.randomWord())", "ip": "127.0.0.1", "port": 2} ]
      """
    guard ScratchFolder.write(text, to: path), let users = try? UsersFile.read(path), users.entries.count == 2
    else { throw .noFolder }
    var messengers: [Messenger] = []
    do throws(MessengerFailure) {
      for entry in users.entries {
        let home = folder + "/" + entry.name.text
        messengers.append(
          try await Messenger.open(
            MessengerOptions(home: home, logs: home + "/logs", me: entry.name, users: users)))
      }
    } catch {
      for messenger in messengers { await messenger.shutDown() }
      throw .messenger(error)
    }
    return (messengers[0], messengers[1])
  }

  private static func converse(_ caller: Messenger, _ listener: Messenger) async throws(Failure) -> Times {
    let clock = ContinuousClock()
    do throws(MessengerFailure) {
      var options = ListenOptions()
      options.bind = .address("127.0.0.1")
      options.port = 0
      let place = try await listener.listen(options)
      let start = clock.now
      let target = DialTarget(name: listener.identity.name, host: place.address, port: place.port)
      let session = try await caller.dial(target, password: .fromUsersFile)
      let up = clock.now
      _ = try await caller.send(Array("doctor".utf8), on: session)
      var suite: (KeyAgreementGroup, CipherSuite)?
      while let event = await caller.events.next() {
        if case .connected(let connected) = event { suite = (connected.group, connected.cipher) }
        guard case .delivered = event, let suite else { continue }
        let end = clock.now
        await caller.close(session, reason: .bye)
        return Times(
          connected: (up - start).milliseconds, acknowledged: (end - up).milliseconds, group: suite.0,
          cipher: suite.1)
      }
      throw .stopped
    } catch {
      throw .messenger(error)
    }
  }
}

extension Duration {
  fileprivate var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}

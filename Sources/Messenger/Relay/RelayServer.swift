import ChatProtocol
import Cryptography
import Places
package import Relay
import Stores
import Transport
package import Wire

/// What a relay is started with.
package struct RelayServerOptions: Sendable {
  /// The folder of profiles, already resolved.
  package var home: String
  /// The name in the profile of the relay that its first start makes.
  package var name: PeerName
  package var passphrase: OwnPassphrase?
  /// A numeric address or a host name; nil is every address of this host.
  package var host: String?
  /// 0 takes a free one.
  package var port: UInt16
  package var limits = RelayLimits()

  /// `keepSeconds`: how long an entry is kept; `quota`: bytes of entries that are kept of one mailbox. Without them
  /// the defaults of ``limits``.
  package init(
    home: String, name: PeerName, passphrase: OwnPassphrase? = nil, host: String?, port: UInt16,
    keepSeconds: Int64? = nil, quota: Int? = nil
  ) {
    self.home = home
    self.name = name
    self.passphrase = passphrase
    self.host = host
    self.port = port
    if let keepSeconds { limits.keepSeconds = keepSeconds }
    if let quota { limits.mailboxByteCount = quota }
  }
}

/// Where a relay stands, and who it is.
package struct RelayServerSummary: Sendable {
  package let identity: IdentitySummary
  /// As bound, numeric.
  package let address: String
  package let port: UInt16
  /// The addresses that others can dial, numeric, without loopback and link-local ones.
  package let addresses: [String]
  package let reachesThisComputerOnly: Bool
  /// The folder of its store.
  package let folder: String
  /// How long an entry is kept.
  package let keepSeconds: Int64
  /// Bytes of entries that are kept of one mailbox.
  package let quota: Int
}

/// What an operator may see of a relay: numbers, never names.
package struct RelayServerCounters: Hashable, Sendable {
  package let links: Int
  package let mailboxes: Int
  package let entries: Int
  package let appends: Int
  package let receivedByteCount: Int
  package let deliveries: Int
  package let deliveredByteCount: Int
  package let refusals: Int
  package let conflicts: Int
  package let badCommits: Int
  package let closedLinks: Int
  package let storeFailures: Int
  /// Open connections, those that have proven nothing among them.
  package let connections: Int
  /// Links that came up, and connections that were refused before, since the start.
  package let handshakes: Int
  package let refusedHandshakes: Int

  init(_ relay: RelayCounters, connections: Int, handshakes: Int, refusedHandshakes: Int) {
    links = relay.links
    mailboxes = relay.mailboxes
    entries = relay.entries
    appends = relay.appends
    receivedByteCount = relay.receivedByteCount
    deliveries = relay.deliveries
    deliveredByteCount = relay.deliveredByteCount
    refusals = relay.refusals
    conflicts = relay.conflicts
    badCommits = relay.badCommits
    closedLinks = relay.closedLinks
    storeFailures = relay.storeFailures
    self.connections = connections
    self.handshakes = handshakes
    self.refusedHandshakes = refusedHandshakes
  }
}

/// A relay: listener, links, engine and store (GROUPS 3).
///
/// It runs on one event loop; the store works elsewhere.
package final class RelayServer: Sendable {
  package let summary: RelayServerSummary

  private let group: TransportGroup
  private let executor: LoopExecutor
  private let listener: Listener
  private let core: LoopBound<RelayServerCore>
  private let store: RelayStore

  private init(
    _ summary: RelayServerSummary, _ group: TransportGroup, _ executor: LoopExecutor, _ listener: Listener,
    _ core: LoopBound<RelayServerCore>, _ store: RelayStore
  ) {
    self.summary = summary
    self.group = group
    self.executor = executor
    self.listener = listener
    self.core = core
    self.store = store
  }

  fileprivate struct Opened: Sendable {
    let identity: OwnIdentity
    let summary: IdentitySummary
    let folder: String
    let database: RelayDatabase
    let store: RelayStoreSummary
  }

  /// Opens the profile and the store, or makes them, and listens.
  package static func start(_ options: RelayServerOptions) async throws(MessengerFailure) -> RelayServer {
    let opened = try await opened(options)
    let (group, store) = (TransportGroup(), RelayStore(opened.database))
    do throws(MessengerFailure) {
      return try await listen(options, opened, group, store)
    } catch {
      await group.shutDown()
      await store.close()
      throw error
    }
  }

  private static func opened(_ options: RelayServerOptions) async throws(MessengerFailure) -> Opened {
    let disk = BlockingThreads(count: 1)
    do throws(MessengerFailure) {
      let opened = try await disk.attempt(
        { () throws(HomeFailure) in try open(options) },
        failure: { MessengerFailure($0, of: options.name) })
      await disk.shutDown()
      return opened
    } catch {
      await disk.shutDown()
      throw error
    }
  }

  private static func open(_ options: RelayServerOptions) throws(HomeFailure) -> Opened {
    let home = HomePath(options.home)
    let folders = HomeFolders(home: home, logs: LogsPath(home.root + "/logs"))
    let identity = try IdentityFile.loadOrMake(
      options.name, in: folders, passphrase: options.passphrase?.passphrase)
    let folder = folders.profile(options.name).folder + "/relay"
    let database: RelayDatabase
    let summary: RelayStoreSummary
    do throws(RelayStoreFailure) {
      database = try RelayDatabase(folder: folder, at: .now)
      summary = try database.summary()
    } catch {
      throw HomeFailure(error, path: folder)
    }
    return Opened(
      identity: identity,
      summary: IdentitySummary(
        name: identity.profile.name, profile: identity.text, words: KeyWords.text(of: identity.profile),
        isNew: identity.isNew),
      folder: folder, database: database, store: summary)
  }

  private static func listen(
    _ options: RelayServerOptions, _ opened: Opened, _ group: TransportGroup, _ store: RelayStore
  ) async throws(MessengerFailure) -> RelayServer {
    let executor = group.nextLoop()
    let core = await RelayServerCore.make(on: executor, options.limits, opened, store)
    let listener: Listener
    do throws(TransportError) {
      listener = try await group.listen(
        host: options.host, port: options.port, on: executor,
        makeDriver: { core.value.makeLink($0) }, descriptorsShort: { core.value.descriptorsShort() })
    } catch {
      throw MessengerFailure(listening: error, host: options.host ?? "::", port: options.port)
    }
    let decision: BindDecision = options.host.map { .asked($0) } ?? .everyAddress(entryHost: nil)
    let summary = RelayServerSummary(
      identity: opened.summary, address: listener.address, port: listener.port,
      addresses: decision.addresses(among: localAddresses(), bound: listener.address),
      reachesThisComputerOnly: decision.reachesThisComputerOnly, folder: opened.folder,
      keepSeconds: options.limits.keepSeconds, quota: options.limits.mailboxByteCount)
    return RelayServer(summary, group, executor, listener, core, store)
  }

  /// How much the relay has done.
  package func counters() async -> RelayServerCounters {
    let core = core
    return await withCheckedContinuation { continuation in
      executor.execute { continuation.resume(returning: core.value.counters) }
    }
  }

  /// Stops: no new connection, no new frame; what the store is doing is finished and answered; every link gets
  /// CLOSE with reason 2, and has the protocol's 5 s to answer. Then the process may end.
  package func stop() async {
    await listener.close()
    let (core, executor) = (core, executor)
    await within(Self.storeMilliseconds) { resume in
      core.value.stop(whenIdle: resume)
    }
    await within(Self.closingMilliseconds) { resume in
      core.value.closeLinks(whenQuiet: resume)
    }
    executor.execute { core.value.abandonLinks() }
    await group.shutDown()
    await store.close()
  }

  private static let storeMilliseconds: Int64 = 5000
  /// The protocol's 5 s for a CLOSE, and some for the last bytes.
  private static let closingMilliseconds: Int64 = 7000

  /// Runs something on the loop that calls back once, and waits for it at most so long.
  private func within(
    _ milliseconds: Int64, _ body: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
  ) async {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    executor.execute { body { continuation.finish() } }
    let patience = executor.schedule(afterMilliseconds: milliseconds) { continuation.finish() }
    for await _ in stream {}
    patience.cancel()
  }
}

extension RelayServerCore {
  /// Made on its loop.
  fileprivate static func make(
    on executor: LoopExecutor, _ limits: RelayLimits, _ opened: RelayServer.Opened, _ store: RelayStore
  ) async -> LoopBound<RelayServerCore> {
    await withCheckedContinuation { continuation in
      executor.execute {
        let engine = RelayEngine(
          limits: limits, primitives: .of(opened.identity.keys), store: opened.store)
        let context = HandshakeContext(
          policy: NegotiationPolicy(), outstandingShares: OutstandingShares(), entropy: SystemEntropy.shared,
          encapsulation: MLKEM768Encapsulation())
        let core = RelayServerCore(
          executor: executor, setup: RelayAcceptSetup(context: context, identity: opened.identity.keys),
          engine: engine, store: store)
        continuation.resume(returning: LoopBound(core, on: executor))
      }
    }
  }
}

extension RelayPrimitives {
  /// The three that a relay has: no key of a group among them.
  fileprivate static func of(_ keys: IdentityKeys) -> RelayPrimitives {
    RelayPrimitives(
      hash: { SHA256Hash.hash($0) },
      isSigned: { message, signature, key in
        (try? Ed25519.verify(signature.span, of: message.span, publicKey: key.span)) != nil
      },
      sign: { message in try? Ed25519.sign(message.span, seed: keys.signingSeed) })
  }
}

extension HomeFailure {
  /// Why a relay's store does not open.
  fileprivate init(_ failure: RelayStoreFailure, path: String) {
    self =
      switch failure {
      case .full: .noSpace(path: path)
      case .busy: .inUse(path: path)
      case .newerForm: .laterVersion(path: path)
      case .damaged: .damaged(path: path)
      case .failed(let words): .failed(path: path, message: words)
      }
  }
}

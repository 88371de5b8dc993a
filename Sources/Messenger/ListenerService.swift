import ChatProtocol
import Transport
import Wire

/// With whom a listener makes first contact; lives on the loop.
final class ListenerPasswords {
  let secrets: PasswordSecrets
  private var open: Set<PeerName>
  /// Closed to first contacts, their secrets not yet wiped.
  private var closed: Set<PeerName> = []

  init(secrets: PasswordSecrets, open: Set<PeerName>) {
    self.secrets = secrets
    self.open = open
  }

  /// Whether anybody could still pair.
  var isOpen: Bool { !open.isEmpty }

  /// Whether this name has a password here.
  func takes(_ name: PeerName) -> Bool { open.contains(name) }

  /// The name is a confirmed contact now: its password is not used any more, and `forget` follows when
  /// its first session is over.
  func close(_ name: PeerName) {
    guard open.remove(name) != nil else { return }
    closed.insert(name)
  }

  /// Wipes the secret of a name that was closed.
  func forget(_ name: PeerName) {
    guard closed.remove(name) != nil else { return }
    secrets.forget(name)
  }

  /// The name may pair again: its pin is provisional after all, or the user waits for its new key. Its
  /// secret must be there, or prepared.
  func reopen(_ name: PeerName) {
    closed.remove(name)
    open.insert(name)
  }

  /// Whether the secret of a closed name is still there.
  func holds(_ name: PeerName) -> Bool { closed.contains(name) }
}

extension Messenger {
  /// Listens; `connected` events tell who came. One listener a messenger: a second takes the first one's
  /// place.
  package func listen(_ options: ListenOptions) async throws(MessengerFailure) -> ListeningSummary {
    await stopListening()
    let entry = core.options.users?.entry(named: core.options.me)
    guard let port = options.port ?? entry?.port else { throw .usage(.portNeeded) }
    let addresses = localAddresses()
    let decision = BindDecision.decide(
      asked: options.bind.asked, entryHost: entry?.host, addressesOfThisHost: addresses.map(\.text))
    if let verifying = options.verifying {
      try await requireUnblocked(verifying)
      try await openGuesses(verifying)
    }
    let pairing = try await prepare(options)
    guard !core.isShuttingDown else { throw .stopped }
    core.pairing = pairing
    core.verifying = options.verifying
    core.servesVerificationOnly = options.verifying != nil
    core.listenerPassword = options.askedPassword
    core.servesOnce = options.once
    core.hasServedOne = false

    let bound = LoopBound(core, on: loopExecutor)
    let listener: Listener
    do {
      listener = try await group.listen(
        host: decision.host, port: port, on: loopExecutor,
        makeDriver: { address in
          Conversation(core: bound.value, origin: .accepted, address: address)
        },
        descriptorsShort: { bound.value.descriptorsShort() })
    } catch {
      core.pairing = nil
      throw MessengerFailure(listening: error, host: decision.host ?? "::", port: port)
    }
    guard !core.isShuttingDown else {
      await listener.close()
      throw .stopped
    }
    self.listener = listener
    core.stopListening = { [weak self] in
      Task { await self?.stopListening() }
    }
    if !pairing.isOpen, options.askedPassword == nil, !core.options.requiresVerified,
      await listenerLacksPassword()
    {
      core.events.put(.warning(.knownPeopleOnly))
    }
    return ListeningSummary(
      address: listener.address, port: listener.port, firstContact: pairing.isOpen,
      addresses: decision.addresses(among: addresses, bound: listener.address), reach: decision.reach)
  }

  /// The secrets of everybody who could pair: those who have a password and are not known yet.
  private func prepare(_ options: ListenOptions) async throws(MessengerFailure) -> ListenerPasswords {
    let (contacts, me, users) = (core.contacts, core.options.me, core.options.users)
    var candidates = FirstContactPassword.everybody(me: me, users: users, given: options.askedPassword)
    if let verifying = options.verifying, !candidates.contains(where: { $0.name == verifying }),
      let password = options.askedPassword
    {
      candidates.append((verifying, password))
    }
    let names = candidates.map(\.name)
    let verifying = options.verifying
    let known: Set<PeerName> = try await onDisk { () throws(HomeFailure) in
      var known: Set<PeerName> = []
      for name in names where name != verifying {
        if try contacts.contact(named: name)?.pin.standing == .confirmed { known.insert(name) }
      }
      return known
    }
    let open = candidates.filter { candidate in
      if let verifying { return candidate.name == verifying }
      return !core.options.requiresVerified && !known.contains(candidate.name)
    }
    await passwords.prepare(open)
    return ListenerPasswords(secrets: passwords, open: Set(open.map(\.name)))
  }

  func stopListening() async {
    guard let listener else { return }
    self.listener = nil
    core.stopListening = nil
    core.servesVerificationOnly = false
    core.verifying = nil
    await listener.close()
  }
}

extension BindChoice {
  /// What was asked for by name.
  fileprivate var asked: String? {
    switch self {
    case .automatic: nil
    case .address(let address): address
    }
  }
}

extension BindDecision {
  fileprivate var reach: ListeningSummary.Reach {
    if reachesThisComputerOnly { return .loopback }
    switch self {
    case .asked(let host) where NumericAddress(host)?.isUnspecified == true:
      return .everyAddress(ownEntryIsElsewhere: false)
    case .asked, .loopback, .ownAddress: return .oneAddress
    case .everyAddress(let entryHost): return .everyAddress(ownEntryIsElsewhere: entryHost != nil)
    }
  }

  /// What others can dial: the one address, or all of this computer but loopback and link-local ones.
  func addresses(among all: [LocalAddress], bound: String) -> [String] {
    if reachesThisComputerOnly { return [] }
    let isEverything = NumericAddress(bound)?.isUnspecified ?? false
    guard isEverything else { return [bound] }
    let isVersion4Only = NumericAddress(bound)?.isVersion6 == false
    return all.filter { address in
      !address.isLoopback && !address.isLinkLocal && !(isVersion4Only && address.text.contains(":"))
    }.map(\.text)
  }
}

extension MessengerFailure {
  init(listening error: TransportError, host: String, port: UInt16) {
    self =
      switch error {
      case .addressInUse: .portInUse(address: host, port: port)
      case .addressNotAvailable, .unknownHost: .usage(.addressNotHere(host))
      case .notPermitted: .cannotListen(address: host, port: port, why: "permission denied")
      case .descriptorsShort: .cannotListen(address: host, port: port, why: "too many open files")
      case .other(_, let description): .cannotListen(address: host, port: port, why: description)
      case .refused, .timedOut: .cannotListen(address: host, port: port, why: "the system refused")
      case .closed: .stopped
      }
  }
}

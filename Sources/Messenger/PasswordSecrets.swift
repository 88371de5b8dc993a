package import ChatProtocol
internal import Foundation
internal import Synchronization
package import Wire

/// The password secrets (PRS, PROTOCOL 1.2) of one process: derived ahead of time, one at a time and on a
/// thread of their own, kept in guarded memory until the process or this object ends.
///
/// Nothing is ever derived because a packet arrived: a listener asks only for what `prepare` scheduled.
package final class PasswordSecrets: Sendable {
  /// `listening` is announced when so many of the prepared secrets are ready.
  package static let readyBeforeListening = 8

  /// One peer under one password. The passwords are held here, so that no other takes the identifier.
  private struct Key: Hashable {
    let peer: PeerName
    let password: ObjectIdentifier
  }

  private struct Job {
    let key: Key
    let password: EnteredPassword
  }

  private typealias Outcome = Result<PasswordSecret, PasswordProblem>

  private struct State {
    var passwords: [Key: EnteredPassword] = [:]
    var waiting: [Job] = []
    var outcomes: [Key: Outcome] = [:]
    var askers: [Key: [CheckedContinuation<Outcome, Never>]] = [:]
    /// What `prepare` scheduled for a peer: the listener's answer to a claimed name.
    var prepared: [PeerName: Key] = [:]
  }

  private let me: PeerName
  private let state = Mutex(State())
  private let thread = DispatchQueue(label: "secure_chat.password-secrets", qos: .utility)

  package init(me: PeerName) {
    self.me = me
  }

  /// Schedules the secrets of everybody who could pair with this side's listener, in this order; returns
  /// when the first eight, or all, are ready.
  ///
  /// A peer that is prepared again, under another password, is answered by the new one.
  package func prepare(_ peers: [(name: PeerName, password: EnteredPassword)]) async {
    let keys = state.withLock { state in
      peers.map { peer in
        let key = schedule(peer.name, peer.password, first: false, &state)
        state.prepared[peer.name] = key
        return key
      }
    }
    for key in keys.prefix(PasswordSecrets.readyBeforeListening) { _ = await outcome(of: key) }
  }

  /// The prepared secret of a claimed name, waiting while it is scheduled; nil where nothing was prepared
  /// for the name, or its password cannot be used.
  package func prepared(for peer: PeerName) async -> PasswordSecret? {
    guard let key = state.withLock({ $0.prepared[peer] }) else { return nil }
    return try? await outcome(of: key).get()
  }

  /// The secret of a peer that is dialled; it goes before what a listener waits for.
  package func secret(
    for peer: PeerName, _ password: EnteredPassword
  ) async throws(PasswordProblem) -> PasswordSecret {
    let key = state.withLock { state in schedule(peer, password, first: true, &state) }
    return try await outcome(of: key).get()
  }

  /// Forgets what was derived for a peer, which is paired now; its secrets are wiped with their last user.
  package func forget(_ peer: PeerName) {
    state.withLock { state in
      state.prepared[peer] = nil
      for key in state.outcomes.keys where key.peer == peer {
        state.outcomes[key] = nil
        state.passwords[key] = nil
      }
    }
  }

  private func schedule(
    _ peer: PeerName, _ password: EnteredPassword, first: Bool, _ state: inout State
  ) -> Key {
    let key = Key(peer: peer, password: ObjectIdentifier(password))
    guard state.outcomes[key] == nil else { return key }
    if state.passwords.updateValue(password, forKey: key) == nil {
      state.waiting.append(Job(key: key, password: password))
      thread.async { self.deriveNext() }
    }
    if first, let index = state.waiting.firstIndex(where: { $0.key == key }) {
      state.waiting.insert(state.waiting.remove(at: index), at: 0)
    }
    return key
  }

  /// Runs once for each job, on the one thread.
  private func deriveNext() {
    guard let job = state.withLock({ $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }) else { return }
    let outcome: Outcome
    do throws(PasswordProblem) {
      outcome = .success(try job.password.derive(me, job.key.peer))
    } catch {
      outcome = .failure(error)
    }
    let askers = state.withLock { state in
      state.outcomes[job.key] = outcome
      return state.askers.removeValue(forKey: job.key) ?? []
    }
    for asker in askers { asker.resume(returning: outcome) }
  }

  private func outcome(of key: Key) async -> Outcome {
    await withCheckedContinuation { continuation in
      let ready: Outcome? = state.withLock { state in
        if let outcome = state.outcomes[key] { return outcome }
        // Forgotten since it was scheduled: no thread will ever answer.
        guard state.passwords[key] != nil else { return .failure(.memory) }
        state.askers[key, default: []].append(continuation)
        return nil
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }
}

/// Which password a first contact runs under (PROTOCOL 1.2, "Password").
package enum FirstContactPassword {
  /// Dialling: the one given for this run, else `pair_password` of the peer's entry, else the peer's
  /// `password`.
  package static func dialling(
    _ peer: PeerName, users: UsersFile?, given: EnteredPassword? = nil
  ) -> EnteredPassword? {
    let entry = users?.entry(named: peer)
    return given ?? entry?.pairPassword ?? entry?.password
  }

  /// Listening: `pair_password` of the peer's entry, else the one given for this listener, else the
  /// `password` of the own entry. Nobody outside the users file can pair.
  package static func listening(
    for peer: PeerName, me: PeerName, users: UsersFile?, given: EnteredPassword? = nil
  ) -> EnteredPassword? {
    guard peer != me, let users, let entry = users.entry(named: peer) else { return nil }
    return entry.pairPassword ?? given ?? users.entry(named: me)?.password
  }

  /// Everybody of the users file who has a password for this listener, in the file's order; whose
  /// `identity` the file gives is pinned without one.
  package static func everybody(
    me: PeerName, users: UsersFile?, given: EnteredPassword? = nil
  ) -> [(name: PeerName, password: EnteredPassword)] {
    (users?.others(than: me) ?? []).compactMap { entry in
      guard entry.identity == nil,
        let password = listening(for: entry.name, me: me, users: users, given: given)
      else { return nil }
      return (entry.name, password)
    }
  }
}

import Cryptography
import Places
import Transport
package import Wire

/// What `doctor` looks at; nothing here changes anything that was there before.
package enum Diagnosis {
  /// The libraries that this process loaded, in their own words.
  package struct Libraries: Sendable {
    package let libsodium: String
    package let openSSL: String
    package let zlib: String

    package init(libsodium: String, openSSL: String, zlib: String) {
      self.libsodium = libsodium
      self.openSSL = openSSL
      self.zlib = zlib
    }
  }

  package static var libraries: Libraries {
    Libraries(
      libsodium: LibraryVersions.libsodium, openSSL: LibraryVersions.openSSL, zlib: LibraryVersions.zlib)
  }

  /// How much memory may be locked, and whether a lock was granted when it was tried.
  package struct Memory: Sendable {
    /// In bytes; nil: no limit.
    package let limit: UInt64?
    package let isLocked: Bool
    /// What one conversation takes of it, in bytes.
    package static let perConversation: UInt64 = 16 << 10

    package init(limit: UInt64?, isLocked: Bool) {
      self.limit = limit
      self.isLocked = isLocked
    }
  }

  package static var memory: Memory {
    Memory(
      limit: ProcessHardening.lockedMemoryLimit,
      isLocked: LockedMemory.canLock(byteCount: Int(Memory.perConversation)))
  }

  /// What the process forbade itself at its start.
  package struct Hardening: Sendable {
    package let dumpsAreForbidden: Bool
    package let backtraceIsOff: Bool

    package init(dumpsAreForbidden: Bool, backtraceIsOff: Bool) {
      self.dumpsAreForbidden = dumpsAreForbidden
      self.backtraceIsOff = backtraceIsOff
    }
  }

  package static var hardening: Hardening {
    Hardening(
      dumpsAreForbidden: ProcessHardening.dumpsAreForbidden,
      backtraceIsOff: ProcessHardening.backtraceIsOff)
  }

  /// The addresses of this computer's interfaces, numeric.
  package static var addressesOfThisHost: [String] { localAddresses().map(\.text) }

  package static var descriptors: (soft: UInt64, hard: UInt64) { ProcessHardening.descriptorLimits }

  /// The computer's two clocks.
  package struct Clocks: Sendable {
    package let now: UnixTime
    /// No reading in a row of a thousand was below the one before it.
    package let neverWentBack: Bool

    package init(now: UnixTime, neverWentBack: Bool) {
      self.now = now
      self.neverWentBack = neverWentBack
    }
  }

  package static var clocks: Clocks {
    let clock = SystemClock()
    var last = clock.monotonicNanoseconds
    var neverWentBack = true
    for _ in 0..<1000 {
      let next = clock.monotonicNanoseconds
      if next < last { neverWentBack = false }
      last = next
    }
    return Clocks(now: UnixTime(milliseconds: clock.unixMilliseconds), neverWentBack: neverWentBack)
  }

  // MARK: Listening

  /// Binds where a listener of this user would, lets go again, and returns the address.
  ///
  /// Without an entry of the users file: loopback, any free port.
  package static func tryListening(
    as me: PeerName?, in users: UsersFile?
  ) async throws(MessengerFailure) -> String {
    let entry = me.flatMap { users?.entry(named: $0) }
    let decision = BindDecision.decide(
      asked: entry == nil ? "127.0.0.1" : nil, entryHost: entry?.host,
      addressesOfThisHost: addressesOfThisHost)
    let group = TransportGroup()
    do {
      let listener = try await group.listen(
        host: decision.host, port: entry?.port ?? 0, on: group.nextLoop(),
        makeDriver: { _ in ClosingDriver() }
      )
      await listener.close()
      await group.shutDown()
      return LinkAddress(host: listener.address, port: listener.port).description
    } catch {
      await group.shutDown()
      throw MessengerFailure(listening: error, host: decision.host ?? "::", port: entry?.port ?? 0)
    }
  }
}

/// Closes what comes while `doctor` holds the port.
private final class ClosingDriver: LinkDriver, SendableMetatype {
  func linkOpened(_ link: any Link, at now: Moment) { link.close(afterFlushing: false) }
  func received(_ bytes: Span<UInt8>, at now: Moment) {}
  func linkBecameWritable(at now: Moment) {}
  func alarm(at now: Moment) {}
  func linkClosed(_ cause: LinkEnd, at now: Moment) {}
}

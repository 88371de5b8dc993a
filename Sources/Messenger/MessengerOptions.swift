import ChatProtocol
package import Wire

/// Whether the texts in a log are sealed to the log key or stand in clear (LOG 4).
package enum LogTextMode: String, Sendable, CaseIterable {
  case sealed, plain
}

/// When a log is brought to the disk (LOG 6).
package enum LogSyncMode: String, Sendable, CaseIterable {
  /// One sync at a time a log; the next takes every line that queued meanwhile.
  case group
  /// One sync a line.
  case always
  /// One sync a second, and nothing waits for it: acknowledgements then say "not logged".
  case interval
}

/// What a messenger is opened with.
package struct MessengerOptions: Sendable {
  /// The folder of profiles, already resolved (PRODUCT "Places").
  package var home: String
  /// The folder of session logs, already resolved.
  package var logs: String
  package var me: PeerName
  package var users: UsersFile?
  /// Opens a profile that is locked, and locks one that is made.
  package var passphrase: OwnPassphrase?
  /// What is offered and accepted; nil: what PROTOCOL 1.5 has for its defaults.
  package var groups: [KeyAgreementGroup]?
  /// What is offered, by preference, and accepted; nil: the defaults.
  package var ciphers: [CipherSuite]?
  /// The limit of one TCP connect, in seconds.
  package var connectTimeoutSeconds = 10
  package var logText: LogTextMode = .sealed
  package var logSync: LogSyncMode = .group
  /// Of several sessions with one contact one is closed that had no text for so long, in milliseconds.
  package var idleDoubleMilliseconds: Int64 = 30_000
  /// Talk with verified contacts only (`--require-verified`); nobody pairs.
  package var requiresVerified = false
  /// How the six words of a key are found; it takes some tens of milliseconds, on a thread of its own.
  package var keyWords: @Sendable (Profile) -> String = { KeyWords.text(of: $0) }
  /// Emit `step` events.
  package var verboseSteps = false

  package init(home: String, logs: String, me: PeerName, users: UsersFile?) {
    self.home = home
    self.logs = logs
    self.me = me
    self.users = users
  }
}

/// Which address a listener takes.
package enum BindChoice: Hashable, Sendable {
  /// By the own entry of the users file: loopback for a loopback address, that address where it is one
  /// of this host, every address otherwise; loopback without an entry.
  case automatic
  /// This address or host name (`--bind`).
  case address(String)
}

/// What a listener is started with.
package struct ListenOptions: Sendable {
  package var bind: BindChoice = .automatic
  /// The port; 0 takes a free one; nil takes the own entry's.
  package var port: UInt16?
  /// Serve one authenticated conversation, then refuse further ones.
  package var once = false
  /// The password that others use at first contact, where the users file holds none.
  package var askedPassword: EnteredPassword?
  /// `verify NAME --wait`: take NAME's first-contact run and hold its new pin for an answer; nobody else
  /// is served.
  package var verifying: PeerName?

  package init() {}
}

/// Where a listener stands.
package struct ListeningSummary: Sendable {
  /// Why this address was taken; the screen says it in words.
  package enum Reach: Sendable {
    /// Only this computer can reach it.
    case loopback
    /// One address of this host.
    case oneAddress
    /// Every address of this host; true where the own entry names none of them (NAT, a host name).
    case everyAddress(ownEntryIsElsewhere: Bool)
  }
  /// As bound, numeric: "127.0.0.1", "::".
  package let address: String
  package let port: UInt16
  /// Whether somebody who is not known yet could pair.
  package let firstContact: Bool
  /// The addresses that others can dial, numeric, without loopback and link-local ones.
  package let addresses: [String]
  package let reach: Reach
}

/// Whom to dial, and where.
package struct DialTarget: Hashable, Sendable {
  package var name: PeerName
  package var host: String
  package var port: UInt16

  package init(name: PeerName, host: String, port: UInt16) {
    self.name = name
    self.host = host
    self.port = port
  }

  /// "10.0.0.7:5001", "[::1]:5001".
  package var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Where the password of a first contact comes from.
package enum PasswordChoice: Sendable {
  /// From the users file; without one there the dial fails with ``UsageProblem/passwordNeeded(_:)``.
  case fromUsersFile
  case entered(EnteredPassword)
}

/// Whether a dial would need a password that only the user can give.
package enum PasswordNeed: Sendable {
  /// The contact is pinned: nobody is asked.
  case known
  case inUsersFile
  case mustAsk
}

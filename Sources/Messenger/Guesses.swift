package import ChatProtocol
internal import Cryptography
package import Places
internal import Synchronization
package import Wire

/// The guesses that others spent at this side's listeners (PROTOCOL 1.4, "Guesses").
///
/// One guess of the claimed name is spent on the disk before PAIR2 leaves, for known, unknown and invalid
/// names alike, and given back only when AUTH of that same run verified. Five spent or in flight: the name
/// is treated as unknown until the user runs `verify NAME`. All calls but `reserve` and `release` of a
/// reservation block on the disk.
package final class Guesses: Sendable {
  /// How many guesses a name has.
  package static let limit = 5

  /// One guess that is in flight, or spent: what `release` or `giveBack` takes.
  package struct Guess: Hashable, Sendable {
    fileprivate let key: [UInt8]
    fileprivate let isReserved: Bool
    fileprivate let isKnown: Bool
    /// Nil until it is spent, and where nothing was left to spend.
    fileprivate var generation: UInt64?
    /// How many guesses of this name are spent, this one included; 0 until it is.
    package fileprivate(set) var spent = 0

    /// A real guess: the name is known, and the answer may hold its password.
    package var isReal: Bool { isReserved }
  }

  private let profile: ProfilePath
  /// Held while a guess moves between memory and disk, so that none is counted twice or not at all.
  private let turn = Mutex(())
  /// Guesses of this process that are answered and not yet spent.
  private let inFlight = Mutex<[[UInt8]: Int]>([:])

  package init(profile: ProfilePath) {
    self.profile = profile
  }

  /// Takes a guess of the claimed name, in memory, and says whether it is a real one: it is not where the
  /// name is not `known` or has five spent or in flight.
  ///
  /// The disk is read, and nothing is written; known and unknown names do the same work.
  package func reserve(_ claimed: ClaimedName, known: Bool) throws(HomeFailure) -> Guess {
    let key = claimed.guessKey
    return try turn.withLock { _ throws(HomeFailure) in
      let spent = try count(of: key)
      let isReserved = inFlight.withLock { inFlight in
        guard known, spent + inFlight[key, default: 0] < Guesses.limit else { return false }
        inFlight[key, default: 0] += 1
        return true
      }
      return Guess(key: key, isReserved: isReserved, isKnown: known)
    }
  }

  /// Frees a guess that was not spent: the run failed before PAIR2 was due.
  package func release(_ guess: Guess) {
    guard guess.isReserved, guess.generation == nil else { return }
    endReservation(guess.key)
  }

  /// Spends the guess: durable when it returns, and only then may PAIR2 leave.
  ///
  /// A guess that is not real does the same writes. Throws, and PAIR2 must not leave, where the file cannot
  /// be written; `.inUse` where another process spent the last guess between `reserve` and now.
  package func spend(_ guess: inout Guess) throws(HomeFailure) {
    let (key, isReal, isKnown) = (guess.key, guess.isReserved, guess.isKnown)
    let (entry, hadRoom) = try turn.withLock { _ throws(HomeFailure) in
      defer { if isReal { endReservation(key) } }
      return try change { (entries) throws(HomeFailure) in
        var entry = entries.take(key) ?? GuessEntry.new(key: key)
        let hasRoom = entry.count < Guesses.limit
        if hasRoom { entry.count += 1 }
        entry.isKnown = isKnown
        entries.append(entry)
        return (entry, hasRoom)
      }
    }
    guard hadRoom || !isReal else { throw .inUse(path: profile.guesses) }
    guess.generation = hadRoom ? entry.generation : nil
    guess.spent = entry.count
  }

  /// Gives a spent guess back: AUTH of its own run verified wholly.
  ///
  /// After `reset` it belongs to a count that is gone, and nothing changes.
  package func giveBack(_ guess: Guess) throws(HomeFailure) {
    guard let generation = guess.generation else { return }
    _ = try change { (entries) throws(HomeFailure) in
      guard let index = entries.firstIndex(where: { $0.key == guess.key && $0.generation == generation }),
        entries[index].count > 0
      else { return }
      entries[index].count -= 1
    }
  }

  /// Opens a name again: its count begins anew (`verify NAME`).
  package func reset(_ name: PeerName) throws(HomeFailure) {
    let key = SHA256Hash.hash(name.field.span)
    _ = try change { (entries) throws(HomeFailure) in
      _ = entries.take(key)
      entries.append(.new(key: key, isKnown: true))
    }
  }

  /// How many guesses of a name are left, those in flight in this process not counted.
  package func left(_ name: PeerName) throws(HomeFailure) -> Int {
    max(0, Guesses.limit - (try count(of: SHA256Hash.hash(name.field.span))))
  }

  private func count(of key: [UInt8]) throws(HomeFailure) -> Int {
    try GuessesFile.read(profile.guesses).first { $0.key == key }?.count ?? 0
  }

  private func endReservation(_ key: [UInt8]) {
    inFlight.withLock { inFlight in
      let left = inFlight[key, default: 0] - 1
      inFlight[key] = left > 0 ? left : nil
    }
  }

  private func change<R>(
    _ body: (inout [GuessEntry]) throws(HomeFailure) -> R
  ) throws(HomeFailure) -> R {
    try ProfileLock.hold(profile) { () throws(HomeFailure) in
      var entries = try GuessesFile.read(profile.guesses)
      let result = try body(&entries)
      try GuessesFile.write(entries, to: profile.guesses)
      return result
    }
  }
}

/// The guesses that a man in the middle got from this side's own dials: bad tags under a password's key,
/// per contact and password (PROTOCOL 1.4, "Guesses").
///
/// The keys of the counts are HMACs under a secret of the profile, so that the file tests no password. All
/// calls block on the disk.
package final class DialGuesses: Sendable {
  /// After so many bad tags a dialler stops until `verify NAME` or another password.
  package static let limit = 3

  private let profile: ProfilePath
  private let identity: OwnIdentity

  package init(profile: ProfilePath, identity: OwnIdentity) {
    self.profile = profile
    self.identity = identity
  }

  /// How many tries this password has left for this contact.
  package func left(_ name: PeerName, _ password: EnteredPassword) throws(HomeFailure) -> Int {
    let key = key(name, password)
    let count = try GuessesFile.read(path).first { $0.key == key }?.count ?? 0
    return max(0, DialGuesses.limit - count)
  }

  /// Counts a bad tag durably and returns how many tries are left.
  package func countFailure(_ name: PeerName, _ password: EnteredPassword) throws(HomeFailure) -> Int {
    let (key, group) = (key(name, password), group(name))
    return try ProfileLock.hold(profile) { () throws(HomeFailure) in
      var entries = try GuessesFile.read(path)
      var entry = entries.take(key) ?? GuessEntry.new(key: key, group: group, isKnown: true)
      if entry.count < DialGuesses.limit { entry.count += 1 }
      entries.append(entry)
      try GuessesFile.write(entries, to: path)
      return DialGuesses.limit - entry.count
    }
  }

  /// Opens every password of a contact again (`verify NAME`).
  package func reset(_ name: PeerName) throws(HomeFailure) {
    let group = group(name)
    try ProfileLock.hold(profile) { () throws(HomeFailure) in
      let entries = try GuessesFile.read(path)
      let kept = entries.filter { $0.group != group }
      if kept.count != entries.count { try GuessesFile.write(kept, to: path) }
    }
  }

  private var path: String { profile.folder + "/guesses-dialled" }

  private func group(_ name: PeerName) -> [UInt8] {
    let input = [UInt8](ascii: "contact ") + name.field
    return HMACSHA256.authenticate(input.span, key: identity.guessCountKey)
  }

  /// The HMAC of the name and of the password as it is used, so that the file tests none.
  private func key(_ name: PeerName, _ password: EnteredPassword) -> [UInt8] {
    let label = [UInt8](ascii: "password ") + name.field
    return password.withBytes { password in
      HMACSHA256.authenticate(label.span, password, key: identity.guessCountKey)
    }
  }
}

extension GuessEntry {
  fileprivate static func new(key: [UInt8], group: [UInt8]? = nil, isKnown: Bool = false) -> GuessEntry {
    var generator = SystemRandomNumberGenerator()
    return GuessEntry(
      key: key, group: group ?? key, generation: generator.next(), count: 0, isKnown: isKnown)
  }
}

extension [GuessEntry] {
  /// Removes and returns the entry of a key; the caller appends it, so that the file's order is by age.
  fileprivate mutating func take(_ key: [UInt8]) -> GuessEntry? {
    firstIndex { $0.key == key }.map { remove(at: $0) }
  }
}

extension [UInt8] {
  fileprivate init(ascii text: StaticString) {
    self = Array(text.description.utf8)
  }
}

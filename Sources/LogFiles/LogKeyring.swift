internal import Cryptography
package import Places
internal import SessionLog
internal import Wire

/// Where a checker may look for the log key that fits a header.
package enum LogKeySource: Sendable {
  /// This file and no other.
  case file(String)
  /// The profiles of a home: first the one that the header names, then all.
  case profiles(HomePath)
}

/// The log keys at hand; each file is opened once, and a passphrase is asked for once a file.
package final class LogKeyring {
  private let source: LogKeySource
  private let tries: Int
  private let passphrase: (LogPublicKey, String, Int) -> Passphrase?
  private var pairs: [String: Result<LogKeyPair, LogFailure>] = [:]
  private var publicHalves: [String: Result<LogPublicKey, LogFailure>] = [:]

  /// - Parameters:
  ///   - tries: how many passphrases a key file is tried with.
  ///   - passphrase: called with the key, its file where that is under a passphrase, and how many were wrong so far.
  package init(
    _ source: LogKeySource, tries: Int = 1, passphrase: @escaping (LogPublicKey, String, Int) -> Passphrase?
  ) {
    self.source = source
    self.tries = tries
    self.passphrase = passphrase
  }

  /// The key files that lie without a passphrase, of those that were used.
  package var plainKeys: [String] {
    pairs.filter { if case .success(let pair) = $0.value { pair.isPlain } else { false } }.keys.sorted()
  }

  /// The key that fits; nil with `.noKey` or `.wrongKey` where none does.
  func key(for opening: LogOpening) throws(LogFailure) -> Result<LogKeyPair, LogKeyMissing> {
    switch source {
    case .file(let path):
      guard Self.fits(try publicHalf(path), opening) else { return .failure(.wrongKey) }
      return try open(path)
    case .profiles(let home):
      let mine = home.profile(opening.header.me).folder
      let others = ((try? Folder.entries(home.profiles)) ?? []).filter { $0.kind == .folder }
        .map { home.profiles + "/" + $0.name }.filter { $0 != mine }
      for folder in [mine] + others {
        for path in Self.keyFiles(in: folder) {
          // A file that cannot be read is no reason not to look at the next.
          guard let half = try? publicHalf(path), Self.fits(half, opening) else { continue }
          return try open(path)
        }
      }
      return .failure(FileStatus.exists(mine) ? .wrongKey : .noKey)
    }
  }

  private func open(_ path: String) throws(LogFailure) -> Result<LogKeyPair, LogKeyMissing> {
    let known = pairs[path] ?? read(path)
    pairs[path] = known
    switch known {
    case .success(let pair): return .success(pair)
    case .failure(.wrongPassphrase): return .failure(.wrongKey)
    case .failure(let failure): throw failure
    }
  }

  private func read(_ path: String) -> Result<LogKeyPair, LogFailure> {
    guard case .success(let half) = publicHalves[path] else { return .failure(.badKeyFile(path: path)) }
    var wrong = 0
    while true {
      do throws(LogFailure) {
        return .success(try LogKeyFile.readSecret(path) { passphrase(half, path, wrong) })
      } catch .wrongPassphrase(let path) {
        wrong += 1
        if wrong == tries { return .failure(.wrongPassphrase(path: path)) }
      } catch {
        return .failure(error)
      }
    }
  }

  private func publicHalf(_ path: String) throws(LogFailure) -> LogPublicKey {
    if let known = publicHalves[path] { return try known.get() }
    do throws(LogFailure) {
      let half = try LogKeyFile.readPublicHalf(ofKey: path)
      publicHalves[path] = .success(half)
      return half
    } catch {
      publicHalves[path] = .failure(error)
      throw error
    }
  }

  private static func fits(_ key: LogPublicKey, _ opening: LogOpening) -> Bool {
    opening.fits(publicKey: key.bytes, profileIdentifier: key.profileIdentifier)
  }

  /// The key of today's identity, then those of earlier ones.
  private static func keyFiles(in folder: String) -> [String] {
    let names = ((try? Folder.entries(folder)) ?? []).filter { $0.kind == .regular }.map(\.name)
    return names.filter { $0 == "log-verify.key" || ($0.hasPrefix("log-verify-") && $0.hasSuffix(".key")) }
      .sorted { $0 == "log-verify.key" || ($1 != "log-verify.key" && $0 < $1) }.map { folder + "/" + $0 }
  }
}

/// Why no key could be used.
enum LogKeyMissing: Error {
  /// No key fits, and none could have been expected to.
  case noKey
  /// A key was named, or the profile is here, and it does not fit; or the passphrase is wrong.
  case wrongKey
}

extension LogPublicKey {
  /// The profile id (PROTOCOL 1.2): SHA-256 of the profile's first 129 bytes.
  package var profileIdentifier: [UInt8] {
    SHA256Hash.hash(profile.span.extracting(0..<Profile.signedByteCount))
  }
}

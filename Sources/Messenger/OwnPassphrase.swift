internal import LogFiles
internal import Places
internal import Transport
package import Wire

/// The passphrase of one's own profile, as an option or the person at the terminal gives it.
package final class OwnPassphrase: Sendable {
  let passphrase: Passphrase

  private init(_ passphrase: Passphrase) { self.passphrase = passphrase }

  /// What was typed at a prompt.
  package convenience init(typed: EnteredPassword) throws(OwnPassphraseProblem) {
    do throws(PassphraseProblem) {
      self.init(try typed.withBytes { (bytes) throws(PassphraseProblem) in try Passphrase(typed: bytes) })
    } catch {
      throw OwnPassphraseProblem(error)
    }
  }

  /// `--passphrase-file`: all of a file that nobody else can read, but one line end.
  package static func read(file path: String) throws(OwnPassphraseProblem) -> OwnPassphrase {
    do throws(PassphraseSourceError) {
      return OwnPassphrase(try Passphrase.read(file: path))
    } catch {
      throw OwnPassphraseProblem(error)
    }
  }

  /// `--passphrase-fd`: all that the descriptor gives, but one line end.
  package static func read(descriptor: Int32) throws(OwnPassphraseProblem) -> OwnPassphrase {
    do throws(PassphraseSourceError) {
      return OwnPassphrase(try Passphrase.read(descriptor: descriptor))
    } catch {
      throw OwnPassphraseProblem(error)
    }
  }

  /// Whether two were typed alike.
  package func isSame(as other: OwnPassphrase) -> Bool { passphrase.isSame(as: other.passphrase) }
}

/// Why there is no passphrase to use.
package enum OwnPassphraseProblem: Error, Hashable, Sendable {
  case file(HomeFailure)
  /// The descriptor is not open, or gives an error.
  case descriptor(Int32)
  case empty
  /// Above 1,024 bytes.
  case tooLong
  case notUTF8
  case memory

  init(_ problem: PassphraseProblem) {
    self =
      switch problem {
      case .empty: .empty
      case .tooLong: .tooLong
      case .notUTF8: .notUTF8
      case .memory: .memory
      }
  }

  init(_ error: PassphraseSourceError) {
    self =
      switch error {
      case .file(let fault): .file(HomeFailure(fault))
      case .descriptor(let number): .descriptor(number)
      case .passphrase(let problem): OwnPassphraseProblem(problem)
      }
  }
}

/// What `init --passphrase` needs of a profile that may not be there yet.
package struct ProfileLocking: Sendable {
  package let folders: HomeFolders
  package let name: PeerName

  package init(folders: HomeFolders, name: PeerName) {
    self.folders = folders
    self.name = name
  }

  /// Whether the profile has a passphrase; nil where there is no profile.
  package func isLocked() throws(MessengerFailure) -> Bool? {
    do throws(HomeFailure) {
      switch try ProfilePassphrase.state(of: name, in: folders) {
      case .noProfile: return nil
      case .unlocked: return false
      case .locked: return true
      }
    } catch {
      throw MessengerFailure(error, of: name)
    }
  }

  /// Throws `.wrongPassphrase` where it does not open the profile. It takes half a second or so, on another thread.
  package func check(_ current: OwnPassphrase) async throws(MessengerFailure) {
    try await onThread { [folders, name] () throws(HomeFailure) in
      _ = try IdentityFile.loadOrMake(name, in: folders, passphrase: current.passphrase)
    }
  }

  /// Locks identity and log key anew, on another thread; false where the log key is not in the profile.
  package func change(from current: OwnPassphrase?, to new: OwnPassphrase) async throws(MessengerFailure)
    -> Bool
  {
    try await onThread { [folders, name] () throws(HomeFailure) in
      try ProfilePassphrase.change(
        of: name, in: folders, from: current?.passphrase, to: new.passphrase)
    }
  }

  private func onThread<Answer: Sendable>(
    _ work: @escaping @Sendable () throws(HomeFailure) -> Answer
  ) async throws(MessengerFailure) -> Answer {
    let threads = BlockingThreads(count: 1)
    let result = await threads.run { () -> Result<Answer, HomeFailure> in
      do throws(HomeFailure) {
        return .success(try work())
      } catch {
        return .failure(error)
      }
    }
    await threads.shutDown()
    switch result {
    case .success(let answer)?: return answer
    case .failure(let failure)?: throw MessengerFailure(failure, of: name)
    case nil: throw .stopped
    }
  }
}

extension MessengerFailure {
  /// A failure of the own profile's files.
  init(_ failure: HomeFailure, of name: PeerName) {
    self =
      switch failure {
      case .passphraseNeeded: .passphraseNeeded(name)
      case .wrongPassphrase(let path): .wrongPassphrase(name, path: path)
      case .damaged, .laterVersion, .identityMissing, .openToOthers, .ownedByAnother, .inUse, .noSpace,
        .readOnly, .notPermitted, .failed, .noHome, .memory, .changedMeanwhile:
        .state(failure.problem)
      }
  }
}

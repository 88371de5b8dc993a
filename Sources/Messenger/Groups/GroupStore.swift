import Cryptography
import GroupKeys
import Places
import Stores
import Transport
import Wire

/// The groups of one profile on the disk: every row sealed before it goes there, one thread, one order.
///
/// `<profile>/groups/groups.sqlite`; it is made when the first group or relay is used. Only one process at a time keeps
/// it open for its groups; others may look.
final class GroupStore: Sendable {
  let vault: GroupVault
  let path: String
  private let database: GroupDatabase
  private let threads = BlockingThreads(count: 1)
  private let lock: FileLock?

  private init(vault: GroupVault, path: String, database: GroupDatabase, lock: FileLock?) {
    self.vault = vault
    self.path = path
    self.database = database
    self.lock = lock
  }

  static func path(of profile: ProfilePath) -> String { profile.folder + "/groups/groups.sqlite" }

  /// Opens the store for this process's groups. It blocks.
  ///
  /// Throws `.group(.inUse)` where another process has it.
  static func open(_ profile: ProfilePath, _ vault: GroupVault) throws(MessengerFailure) -> GroupStore {
    let lock: FileLock
    do throws(PlaceError) {
      try Folder.create(profile.folder + "/groups")
      lock = try FileLock(file: profile.folder + "/groups/lock", patience: .none)
    } catch {
      if error.fault == .inUse { throw .group(.inUse) }
      throw .state(HomeFailure(error).problem)
    }
    do throws(GroupStoreFailure) {
      let path = path(of: profile)
      return GroupStore(vault: vault, path: path, database: try GroupDatabase(path: path), lock: lock)
    } catch {
      throw .state(error.problem)
    }
  }

  /// Opens it to look; nil where this user has none. It blocks.
  static func look(_ profile: ProfilePath, _ vault: GroupVault) throws(MessengerFailure) -> GroupStore? {
    do throws(GroupStoreFailure) {
      let path = path(of: profile)
      guard let database = try GroupDatabase.existing(path: path) else { return nil }
      return GroupStore(vault: vault, path: path, database: database, lock: nil)
    } catch {
      throw .state(error.problem)
    }
  }

  /// Runs `work` on the store's thread, after everything that was handed over before.
  func run<Answer: Sendable>(
    _ work: @escaping @Sendable (GroupDatabase, GroupVault) throws -> Answer
  ) async throws(MessengerFailure) -> Answer {
    let (database, vault, path) = (database, vault, path)
    return try await threads.attempt(
      { () throws(any Error) in try work(database, vault) },
      failure: { .state(StorageProblem(storing: $0, path: path)) })
  }

  func close() async {
    _ = await threads.run { [database] in try? database.close() }
    await threads.shutDown()
  }
}

extension StorageProblem {
  init(storing error: any Error, path: String) {
    switch error {
    case let error as GroupStoreFailure: self = error.problem
    case is RowDamage: self.init(path: path, why: "a row of it is damaged", errorNumber: 0)
    case CryptographyError.notAuthentic:
      self.init(path: path, why: "a row of it is damaged, or of another identity", errorNumber: 0)
    case let error as CryptographyError: self = HomeFailure(error).problem
    case is GroupError: self.init(path: path, why: "a group's state in it is damaged", errorNumber: 0)
    default: self.init(path: path, why: "\(error)", errorNumber: 0)
    }
  }
}

extension GroupStoreFailure {
  var problem: StorageProblem { StorageProblem(path: path, why: why, errorNumber: 0) }
}

/// What names a row under its seal.
enum RowName {
  static func facts(_ group: [UInt8]) -> [UInt8] { name("facts", group) }
  static func state(_ group: [UInt8]) -> [UInt8] { name("state", group) }
  static func recent(_ group: [UInt8]) -> [UInt8] { name("recent", group) }
  static func outbox(_ group: [UInt8], _ id: [UInt8]) -> [UInt8] { name("outbox", group + id) }
  static func received(_ group: [UInt8], _ id: [UInt8]) -> [UInt8] { name("received", group + id) }
  static func sentInvitation(_ id: [UInt8]) -> [UInt8] { name("sent invitation", id) }
  static func keyPackage(_ reference: [UInt8]) -> [UInt8] { name("key package", reference) }
  static func place(_ contact: [UInt8]) -> [UInt8] { name("place", contact) }
  static func relay(_ id: [UInt8]) -> [UInt8] { name("relay", id) }

  private static func name(_ kind: String, _ id: [UInt8]) -> [UInt8] { Array(kind.utf8) + [0] + id }
}

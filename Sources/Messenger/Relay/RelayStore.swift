import Relay
import Stores
import Transport
import Wire

/// A relay's database behind threads of its own: one writes, a few read beside it.
final class RelayStore: RelayStoring {
  private static let readerCount = 2

  private let database: RelayDatabase
  private let writer = BlockingThreads(count: 1)
  private let readers = BlockingThreads(count: readerCount)

  init(_ database: RelayDatabase) {
    self.database = database
  }

  func store(_ changes: [RelayChange]) async throws(RelayStoreFailure) -> RelayStored {
    let database = database
    return try await Self.run(on: writer) { () throws(RelayStoreFailure) in try database.store(changes) }
  }

  func read(_ query: RelayQuery) async throws(RelayStoreFailure) -> RelayReading {
    let database = database
    return try await Self.run(on: readers) { () throws(RelayStoreFailure) in try database.read(query) }
  }

  /// Ends the threads after the work that has begun, and closes the database.
  func close() async {
    await readers.shutDown()
    let database = database
    // One that does not close in order is opened in order: everything in it was synced.
    _ = await writer.run { try? database.close() }
    await writer.shutDown()
  }

  private static func run<Answer: Sendable>(
    on threads: BlockingThreads, _ work: @escaping @Sendable () throws(RelayStoreFailure) -> Answer
  ) async throws(RelayStoreFailure) -> Answer {
    let result = await threads.run { () -> Result<Answer, RelayStoreFailure> in
      do throws(RelayStoreFailure) {
        return .success(try work())
      } catch {
        return .failure(error)
      }
    }
    guard let result else { throw .failed("the relay has stopped") }
    return try result.get()
  }
}

package import Wire

/// Where a relay keeps what it promised (GROUPS 3.4): batches of changes in, readings out.
///
/// Small on purpose: an embedded database, a server's, or a log of several machines can stand behind it. A store
/// may answer late. It may not answer `all` before the whole batch is as safe as the relay's receipts say. A batch
/// that throws may have been done or not; the engine reads the mailboxes again.
package protocol RelayStoring: Sendable {
  /// Does all changes or none. The engine has one batch at a time under way.
  func store(_ changes: [RelayChange]) async throws(RelayStoreFailure) -> RelayStored
  /// Sees every batch that was stored before; may run beside one that is not yet.
  func read(_ query: RelayQuery) async throws(RelayStoreFailure) -> RelayReading
}

internal import Places
internal import Synchronization

/// Waits until a segment's lines are on the disk (fdatasync), from a thread that may block.
package final class SegmentSyncHandle: Sendable {
  private let file: OpenFile
  private let synced: Mutex<Int64>

  init(_ file: OpenFile) {
    self.file = file
    synced = Mutex((try? file.status().size) ?? 0)
  }

  /// The size up to which the file is known to be on the disk, in bytes.
  package var syncedSize: Int64 { synced.withLock { $0 } }

  /// Makes everything written before this call durable.
  ///
  /// Throws where the disk fails; a later success would prove nothing, so the segment must end then.
  package func sync() throws(LogFailure) {
    do throws(PlaceError) {
      let size = try file.status().size
      try file.synchronizeContents()
      synced.withLock { $0 = max($0, size) }
    } catch {
      throw .place(error)
    }
  }
}

internal import CSodium
internal import Synchronization

/// Where random bytes come from: a parameter of every machine, so that a test can say what they are.
package protocol EntropySource: AnyObject, Sendable {
  /// Overwrites all of `bytes` with random ones.
  func fill(_ bytes: inout MutableSpan<UInt8>)
}

extension EntropySource {
  /// Random bytes that are public: challenges, stream numbers, jitter.
  package func publicBytes(count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    fill(&span)
    return bytes
  }
}

/// The system's random generator, through a pool in guarded memory.
///
/// A call to the kernel costs a hundred times what 16 bytes from a pool do. Bytes are zeroed in the pool as they
/// are handed out, so that none is given twice and none can be found there later. The program never forks without
/// exec, so that no other process can hold the same pool.
package final class SystemEntropy: EntropySource {
  /// The one of this process.
  package static let shared = SystemEntropy()

  private let pool: Mutex<Pool>

  private init() {
    pool = Mutex(Pool())
  }

  package func fill(_ bytes: inout MutableSpan<UInt8>) {
    let count = bytes.count
    unsafe bytes.lend { start in
      let served = pool.withLock { pool in unsafe pool.serve(start, count) }
      // libsodium ends the process when the system gives no random bytes: there is no going on without.
      if !served { unsafe randombytes_buf(start, count) }
    }
  }

  private struct Pool: ~Copyable {
    private static let size = GuardedRegion.pageByteCount
    private var slot: GuardedSlot?
    private var used = Pool.size

    init() {
      if let region = try? GuardedRegion(byteCount: Pool.size) {
        slot = try? GuardedSlot(in: region, byteCount: Pool.size)
      } else {
        slot = nil
      }
    }

    /// False for a large request, and where there is no guarded memory for a pool.
    mutating func serve(_ output: UnsafeMutablePointer<UInt8>, _ count: Int) -> Bool {
      guard count <= Pool.size / 8, let start = unsafe slot?.start else { return false }
      if count > Pool.size - used {
        unsafe randombytes_buf(start, Pool.size)
        used = 0
      }
      unsafe output.update(from: start + used, count: count)
      unsafe sodium_memzero(start + used, count)
      used += count
      return true
    }
  }
}

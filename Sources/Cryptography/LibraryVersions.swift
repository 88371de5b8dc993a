internal import COpenSSL
internal import CSodium
internal import CZlib

/// The libraries that this process really loaded, in their own words ("1.0.18", "3.0.22").
package enum LibraryVersions {
  package static var libsodium: String { unsafe String(cString: sodium_version_string()) }
  package static var openSSL: String { unsafe String(cString: OpenSSL_version(OPENSSL_VERSION_STRING)) }
  package static var zlib: String { unsafe String(cString: zlibVersion()) }
}

/// Whether secrets can be kept from the swap.
package enum LockedMemory {
  /// Locks as many bytes as asked, at most 1 GiB, and lets them go again (mlock(2), as libsodium calls it).
  ///
  /// Guarded memory itself does not say whether its lock was granted.
  package static func canLock(byteCount: Int) -> Bool {
    guard (1...1 << 30).contains(byteCount) else { return false }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4096)
    defer { unsafe memory.deallocate() }
    guard unsafe sodium_mlock(memory, byteCount) == 0 else { return false }
    unsafe sodium_munlock(memory, byteCount)
    return true
  }
}

import Glibc

/// How much memory this computer has.
package enum SystemMemory {
  /// In bytes; 0 where the system does not say.
  package static var byteCount: Int {
    max(0, sysconf(Int32(_SC_PHYS_PAGES))) * max(0, sysconf(Int32(_SC_PAGESIZE)))
  }
}

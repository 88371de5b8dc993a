internal import CSodium

/// Comparison whose time does not depend on the bytes.
package enum ConstantTime {
  /// Throws `notAuthentic` unless both are equal. The lengths are public and may take the short way.
  package static func requireEqual(_ first: Span<UInt8>, _ second: Span<UInt8>) throws(CryptographyError) {
    guard first.count == second.count else { throw .notAuthentic }
    let difference = unsafe lend(first, second) { (a, b) in
      unsafe sodium_memcmp(a.start, b.start, a.count)
    }
    guard difference == 0 else { throw .notAuthentic }
  }
}

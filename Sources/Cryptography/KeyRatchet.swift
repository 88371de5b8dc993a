internal import COpenSSL

/// The step of a chain of record keys (PROTOCOL 1.7), HMAC-SHA256 and HKDF-SHA256 in one call.
///
/// The chain key is hashed into HMAC's two states once for both tags, and the state of the zero salt is the same for
/// every chain: a step costs 16 compressions and no allocation. What is between stays on the stack and is wiped.
package enum KeyRatchet {
  /// The size of a chain key in bytes.
  package static let keyByteCount = 32

  /// MK = HMAC(chain key, 0x01); `material` = HKDF(32 zero bytes, MK, info); the chain key becomes
  /// HMAC(chain key, 0x02).
  package static func step<Purpose: SecretPurpose>(
    _ chainKey: inout Secret<Purpose>, info: Span<UInt8>, into material: inout MutableSpan<UInt8>
  ) {
    precondition(Purpose.byteCount == keyByteCount, "a chain key has 32 bytes")
    precondition(material.count <= HKDF.byteCountLimit, "HKDF-SHA256 gives at most 8160 bytes")
    let count = material.count
    chainKey.withMutableBytes { chainKey in
      unsafe chainKey.lend { chainKey in
        unsafe material.lend { material in
          unsafe lend(info) { info in
            unsafe sc_hmac_sha256_ratchet(chainKey, zeroSalted, info.start, info.count, material, count)
          }
        }
      }
    }
  }
}

/// HMAC's state under the salt of zeros, which is public; written once, and then only read.
private nonisolated(unsafe) let zeroSalted: UnsafePointer<sc_hmac_sha256> = {
  let state = UnsafeMutablePointer<sc_hmac_sha256>.allocate(capacity: 1)
  let salt = [UInt8](repeating: 0, count: 32)
  unsafe lend(salt.span) { salt in unsafe sc_hmac_sha256_set_key(state, salt.start, salt.count) }
  return unsafe UnsafePointer(state)
}()

internal import COpenSSL

/// HMAC-SHA256 (RFC 2104): single calls, and a context whose keyed state stays in guarded memory.
///
/// Keep one context and re-key it: a message then costs no allocation. The context also does HKDF-Expand, which
/// is HMAC under the same key.
package struct HMACSHA256: ~Copyable, Sendable {
  /// The size of a tag in bytes.
  package static let byteCount = 32

  private var slot: GuardedSlot

  /// Takes a slot for the keyed state; the key is empty until `setKey`.
  package init(in region: GuardedRegion) throws(CryptographyError) {
    slot = try GuardedSlot(in: region, byteCount: MemoryLayout<sc_hmac_sha256>.size)
    setKey(Span())
  }

  /// Replaces the key and forgets any message under way.
  package mutating func setKey(_ key: Span<UInt8>) {
    unsafe lend(key) { key in
      unsafe sc_hmac_sha256_set_key(state, key.start, key.count)
    }
  }

  /// Replaces the key by a secret.
  package mutating func setKey<Purpose: SecretPurpose>(_ key: borrowing Secret<Purpose>) {
    let state = unsafe state
    key.slot.withBytes { key in
      unsafe lend(key) { key in unsafe sc_hmac_sha256_set_key(state, key.start, key.count) }
    }
  }

  /// Takes the next bytes of the message in.
  package mutating func update(_ bytes: Span<UInt8>) {
    unsafe lend(bytes) { bytes in
      unsafe sc_hmac_sha256_update(state, bytes.start, bytes.count)
    }
  }

  /// Writes the tag of the message into 32 bytes; the next message starts under the same key.
  package mutating func finish(into tag: inout MutableSpan<UInt8>) {
    precondition(tag.count == HMACSHA256.byteCount, "an HMAC-SHA256 tag has 32 bytes")
    let state = unsafe state
    unsafe tag.lend { tag in unsafe sc_hmac_sha256_finish(state, tag) }
  }

  /// Writes the tag of the message into a secret of 32 bytes.
  package mutating func finish<Purpose: SecretPurpose>(into tag: inout Secret<Purpose>) {
    tag.withMutableBytes { finish(into: &$0) }
  }

  /// The tag of the message as a public value.
  package mutating func finish() -> [UInt8] {
    let state = unsafe state
    return unsafe publicBytes(count: HMACSHA256.byteCount) { tag in
      unsafe sc_hmac_sha256_finish(state, tag)
    }
  }

  /// HKDF-Expand (RFC 5869, 2.3) with the current key as the pseudorandom key; at most 8,160 bytes.
  package mutating func expand(info: Span<UInt8>, into output: inout MutableSpan<UInt8>) {
    precondition(output.count <= HKDF.byteCountLimit, "HKDF-SHA256 gives at most 8160 bytes")
    let state = unsafe state
    let count = output.count
    unsafe output.lend { output in
      unsafe lend(info) { info in
        unsafe sc_hmac_sha256_expand(state, info.start, info.count, output, count)
      }
    }
  }

  /// Wipes the keyed state; the key is empty again.
  package mutating func wipe() {
    slot.wipe()
    setKey(Span())
  }

  // The slot starts at a multiple of 32 bytes, which is more than the C structure asks for.
  private var state: UnsafeMutablePointer<sc_hmac_sha256> {
    unsafe UnsafeMutableRawPointer(slot.start).assumingMemoryBound(to: sc_hmac_sha256.self)
  }

  /// The tag of `message` under `key`, as a public value.
  package static func authenticate<Purpose: SecretPurpose>(
    _ message: Span<UInt8>, key: borrowing Secret<Purpose>
  ) -> [UInt8] {
    authenticate(message, Span(), key: key)
  }

  /// The tag of two joined inputs under `key`, as a public value.
  package static func authenticate<Purpose: SecretPurpose>(
    _ message: Span<UInt8>, _ rest: Span<UInt8>, key: borrowing Secret<Purpose>
  ) -> [UInt8] {
    key.withBytes { key in
      unsafe publicBytes(count: byteCount) { tag in
        unsafe lend(key, message, rest) { (key, message, rest) in
          unsafe sc_hmac_sha256_once(
            key.start, key.count, message.start, message.count, rest.start, rest.count, tag)
        }
      }
    }
  }

  /// The tag of `message` under `key`, written into 32 bytes.
  package static func authenticate(
    _ message: Span<UInt8>, key: Span<UInt8>, into tag: inout MutableSpan<UInt8>
  ) {
    precondition(tag.count == byteCount, "an HMAC-SHA256 tag has 32 bytes")
    unsafe tag.lend { tag in
      unsafe lend(key, message) { (key, message) in
        unsafe sc_hmac_sha256_once(
          key.start, key.count, message.start, message.count, nil, 0, tag)
      }
    }
  }

  /// Throws `notAuthentic` unless `tag` is that of `message` under `key`.
  package static func verify<Purpose: SecretPurpose>(
    _ tag: Span<UInt8>, of message: Span<UInt8>, key: borrowing Secret<Purpose>
  ) throws(CryptographyError) {
    try verify(tag, of: message, Span(), key: key)
  }

  /// Throws `notAuthentic` unless `tag` is that of the two joined inputs under `key`.
  package static func verify<Purpose: SecretPurpose>(
    _ tag: Span<UInt8>, of message: Span<UInt8>, _ rest: Span<UInt8>, key: borrowing Secret<Purpose>
  ) throws(CryptographyError) {
    let expected = authenticate(message, rest, key: key)
    try ConstantTime.requireEqual(tag, expected.span)
  }
}

/// What can go wrong in this room.
///
/// A failed check of a tag, a proof or a signature is one case on purpose: nothing that leaves the process
/// may depend on which part of it failed.
package enum CryptographyError: Error, Equatable, Sendable {
  /// A tag, a signature or a confirmation does not hold. Says nothing more, on purpose.
  case notAuthentic
  /// The tag holds, and what it covers is still not what an honest sender makes: memory or a program is damaged.
  case damagedAfterAuthentication
  /// A public value that no honest peer sends: a point of small order, an invalid encoding, a key out of range.
  case weakShare
  /// An input or an output does not have the one length that is right.
  case wrongLength
  /// The region has no room for another secret, or the system gives no guarded memory.
  case guardedMemoryExhausted
  /// A cryptographic library refused to work; nothing that a peer sends leads here.
  case underlyingLibraryFailed
}

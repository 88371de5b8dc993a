import Cryptography
import Synchronization

/// A KEM that works once, for a handshake, and then gives a secret that its ciphertext does not carry.
final class SplitEncapsulation: KeyEncapsulation {
  private let honest = MLKEM768Encapsulation()
  private let count = Mutex(0)

  func encapsulate(
    to publicKey: Span<UInt8>, into secret: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    let ciphertext = try honest.encapsulate(to: publicKey, into: &secret)
    let isFirst = count.withLock { count in
      count += 1
      return count == 1
    }
    if !isFirst { secret[0] ^= 1 }
    return ciphertext
  }
}

package import Cryptography
import Synchronization
package import Wire

/// Where the numbers of one process's messages come from: an ephemeral stream (PROTOCOL 1.9).
///
/// Eight random bytes with the top bit set, and numbers 1, 2, 3, ... A process has one for each
/// contact, so that a text sent again in another session keeps its id.
package final class MessageStream: Sendable {
  private let stream: UInt64
  private let entropy: any EntropySource
  private let last = Mutex<UInt64>(0)

  package init(entropy: any EntropySource) {
    self.entropy = entropy
    self.stream = entropy.publicNumber() | 1 << 63
  }

  /// The next message of the stream. `text` is UTF-8 of at most 65,536 bytes.
  package func next(text: [UInt8], at time: UnixTime) -> OutgoingText {
    let number = last.withLock { last in
      last += 1
      return last
    }
    return OutgoingText(
      id: MessageID(stream: stream, number: number), sentAt: time,
      commitmentKey: entropy.publicBytes(count: 32), text: text)
  }
}

extension EntropySource {
  /// A random 64-bit number that need not be secret.
  func publicNumber() -> UInt64 {
    publicBytes(count: 8).span.bigEndianUInt64(at: 0)
  }
}

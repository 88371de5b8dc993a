import NIOCore
package import Wire

/// The sizes and times of a link.
enum LinkLimits {
  /// Bytes: below it a link is writable again, above the other it is not.
  static let lowWatermark = 256 * 1024
  static let highWatermark = 1024 * 1024
  /// What a link that is being closed gets for its last bytes, and then for the other side's end.
  static let flushTime = TimeAmount.seconds(5)
  static let lingerTime = TimeAmount.seconds(1)
  /// Connections that the system holds before they are accepted.
  static let backlog: Int32 = 512
  /// How an accepted link is read: at first in pieces of 512 bytes, since every stranger costs one; as soon as
  /// these come full, in larger ones.
  static let firstReads = AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 512, maximum: 65_536)
}

extension Moment {
  /// The clock of the event loops.
  package static var current: Moment {
    Moment(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
  }
}

/// A numeric address and a port, as the far end of a link has them.
package struct LinkAddress: Hashable, Sendable, CustomStringConvertible {
  /// A numeric IPv4 or IPv6 address, without brackets.
  package let host: String
  package let port: UInt16

  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// `127.0.0.1:5000`, `[::1]:5000`.
  package var description: String {
    host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

/// How a link came to its end.
package enum LinkEnd: Hashable, Sendable {
  /// The other side closed it in the orderly way.
  case endOfInput
  /// The network or the other side broke it.
  case reset
  /// This side closed it.
  case localClose
}

/// A byte stream to one peer; used on its own event loop only.
package protocol Link: AnyObject {
  var remoteAddress: LinkAddress { get }
  /// Whether the outbound buffer is below its high-water mark (1 MiB; writable again at 256 KiB).
  var isWritable: Bool { get }
  /// Copies `bytes` into the outbound buffer, which is flushed once at the end of the turn.
  func write(_ bytes: Span<UInt8>)
  func pauseReading()
  func resumeReading()
  /// Sets the one alarm, in place of the former; nil takes it away.
  func setAlarm(_ moment: Moment?)
  func close(afterFlushing: Bool)
}

/// What drives a link: it is told of everything that happens there, on the link's event loop.
package protocol LinkDriver: AnyObject {
  func linkOpened(_ link: any Link, at now: Moment)
  func received(_ bytes: Span<UInt8>, at now: Moment)
  func linkBecameWritable(at now: Moment)
  func alarm(at now: Moment)
  /// The last call, made exactly once.
  func linkClosed(_ cause: LinkEnd, at now: Moment)
}

/// Why a link could not be made, or a listener not started.
package enum TransportError: Error, Hashable, Sendable {
  /// The other host answered that nobody listens there.
  case refused
  case timedOut
  /// The name stands for no address.
  case unknownHost
  /// Another socket listens on that address and port (EADDRINUSE).
  case addressInUse
  /// The address is not one of this host (EADDRNOTAVAIL).
  case addressNotAvailable
  /// No right to that port or address (EACCES, EPERM).
  case notPermitted
  /// No more file descriptors (EMFILE, ENFILE).
  case descriptorsShort
  /// Anything else: the system's error number, 0 where it was not the system, and its words.
  case other(errorNumber: Int32, description: String)
  /// The group of event loops was shut down.
  case closed
}

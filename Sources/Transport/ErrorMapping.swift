import Glibc
import NIOCore
import NIOPosix

extension TransportError {
  /// What an error of the networking library means to a user.
  init(_ error: any Error) {
    switch error {
    case let error as TransportError:
      self = error
    case let error as NIOConnectionError:
      self = TransportError(connecting: error)
    case let error as IOError:
      self = TransportError(errorNumber: error.errnoCode)
    case let error as ChannelError:
      self = TransportError(error)
    case is SocketAddressError.UnknownHost:
      self = .unknownHost
    default:
      self = .other(errorNumber: 0, description: String(describing: error))
    }
  }

  /// A host may have several addresses, each with its own failure; the most telling one is said.
  private init(connecting error: NIOConnectionError) {
    let failures = error.connectionErrors.map { TransportError($0.error) }
    if let answered = failures.first(where: { $0 == .refused }) ?? failures.first {
      self = answered
    } else if error.dnsAError != nil || error.dnsAAAAError != nil {
      self = .unknownHost
    } else {
      self = .timedOut
    }
  }

  private init(_ error: ChannelError) {
    switch error {
    case .connectTimeout:
      self = .timedOut
    case .ioOnClosedChannel, .alreadyClosed, .eof:
      self = .closed
    case .connectPending, .operationUnsupported, .inputClosed, .outputClosed, .writeMessageTooLarge,
      .writeHostUnreachable, .unknownLocalAddress, .badMulticastGroupAddressFamily,
      .badInterfaceAddressFamily, .illegalMulticastAddress, .multicastNotSupported,
      .inappropriateOperationForState, .unremovableHandler:
      self = .other(errorNumber: 0, description: String(describing: error))
    }
  }

  package init(errorNumber: Int32) {
    switch errorNumber {
    case ECONNREFUSED: self = .refused
    case ETIMEDOUT: self = .timedOut
    case EADDRINUSE: self = .addressInUse
    case EADDRNOTAVAIL: self = .addressNotAvailable
    case EACCES, EPERM: self = .notPermitted
    case EMFILE, ENFILE: self = .descriptorsShort
    default:
      self = .other(errorNumber: errorNumber, description: Self.words(errorNumber))
    }
  }

  /// The system's words for an error number.
  private static func words(_ errorNumber: Int32) -> String {
    switch errorNumber {
    case ENETUNREACH: "network is unreachable"
    case EHOSTUNREACH: "no route to host"
    case ENETDOWN: "network is down"
    case EHOSTDOWN: "host is down"
    case EAFNOSUPPORT: "address family not supported"
    case ECONNRESET: "connection reset by peer"
    case ENOBUFS, ENOMEM: "out of memory for network buffers"
    default: "system error \(errorNumber)"
    }
  }
}

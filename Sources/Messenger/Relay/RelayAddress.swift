/// Where a relay listens: a numeric address or a host name, and a port.
package struct RelayAddress: Hashable, Sendable, CustomStringConvertible {
  package let host: String
  package let port: UInt16

  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// "10.0.0.7:5001", "[::1]:5001".
  package var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  package var description: String { text }
}

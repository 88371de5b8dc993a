package import Wire

/// Where a relay listens: a numeric address or a host name, and a port.
package struct RelayAddress: Hashable, Sendable, CustomStringConvertible {
  package let host: String
  package let port: UInt16

  /// Why a text is no address of a relay.
  package enum Problem: Error, Hashable, Sendable {
    /// A host without a port.
    case portMissing(host: String)
    /// The port part, as it was given.
    case badPort(String)
    /// No host, or one of more than 255 bytes.
    case badHost
  }

  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads an address as people write it: `host:port`, `host port`, `[::1]:port`.
  package init(_ text: String) throws(Problem) {
    switch AddressText.parse(text) {
    case .hostAndPort(let host, let port):
      guard !host.isEmpty, host.utf8.count <= 255 else { throw .badHost }
      guard port > 0 else { throw .badPort("0") }
      self.init(host: host, port: port)
    case .host(let host): throw .portMissing(host: host)
    case .badPort(let text): throw .badPort(text)
    }
  }

  /// "10.0.0.7:5001", "[::1]:5001".
  package var text: String { LinkAddress(host: host, port: port).description }

  package var description: String { text }
}

/// A relay as a group's roster carries it: where it is, and who it must prove to be.
package struct RelayPlace: Hashable, Sendable {
  package let address: RelayAddress
  package let profile: Profile

  package init(address: RelayAddress, profile: Profile) {
    self.address = address
    self.profile = profile
  }
}

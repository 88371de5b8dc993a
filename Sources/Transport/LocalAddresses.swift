import NIOCore

/// An address of this host, numeric.
package struct LocalAddress: Hashable, Sendable {
  package let text: String
  package let isLoopback: Bool
  /// Reachable on its own cable only, and only with a zone.
  package let isLinkLocal: Bool
}

/// The addresses of this host's interfaces, each once; empty where the system does not say.
package func localAddresses() -> [LocalAddress] {
  guard let devices = try? System.enumerateDevices() else { return [] }
  var seen: Set<LocalAddress> = []
  var addresses: [LocalAddress] = []
  for device in devices {
    guard let text = device.address?.ipAddress else { continue }
    let address = LocalAddress(
      text: text,
      isLoopback: text == "::1" || text.hasPrefix("127."),
      isLinkLocal: text.hasPrefix("fe80:") || text.hasPrefix("169.254."))
    if seen.insert(address).inserted { addresses.append(address) }
  }
  return addresses
}

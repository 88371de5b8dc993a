/// Where a listener binds, and why, so that it can say who can reach it (PRODUCT "The users JSON file").
package enum BindDecision: Hashable, Sendable {
  /// `--bind` named the address.
  case asked(String)
  /// The own entry's `ip` is a loopback address (or `localhost`): only this computer can connect.
  case loopback(String)
  /// The own entry's `ip` is an address of this computer.
  case ownAddress(String)
  /// The own entry's `ip` is no address of this computer (a router's, a name) or there is none: all
  /// addresses, and one line says so.
  case everyAddress(entryHost: String?)

  /// Decides from `--bind`, the own entry's `ip` and the addresses that this computer has now.
  package static func decide(
    asked: String?, entryHost: String?, addressesOfThisHost: [String]
  ) -> BindDecision {
    if let asked { return .asked(asked) }
    guard let host = entryHost, NumericAddress(host)?.isUnspecified != true else {
      return .everyAddress(entryHost: nil)
    }
    if NumericAddress.isLoopback(host: host) { return .loopback(host) }
    guard let address = NumericAddress(host),
      addressesOfThisHost.contains(where: { NumericAddress($0) == address })
    else { return .everyAddress(entryHost: host) }
    return .ownAddress(host)
  }

  /// The host to bind; nil for all addresses of both families.
  package var host: String? {
    switch self {
    case .asked(let host), .loopback(let host), .ownAddress(let host): host
    case .everyAddress: nil
    }
  }

  /// True where only this computer can connect.
  package var reachesThisComputerOnly: Bool {
    switch self {
    case .asked(let host), .loopback(let host), .ownAddress(let host):
      NumericAddress.isLoopback(host: host)
    case .everyAddress: false
    }
  }
}

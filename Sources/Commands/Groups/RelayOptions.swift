import ArgumentParser
import Messenger

/// Where groups are carried.
struct RelayOptions: ParsableArguments {
  @Option(
    name: .customLong("relay"),
    help: ArgumentHelp(
      "The relay that carries new groups; the last one named is remembered.", valueName: "host:port"))
  var relay: String?

  func address() throws(Failure) -> RelayAddress? {
    guard let relay else { return nil }
    do throws(RelayAddress.Problem) {
      return try RelayAddress(relay)
    } catch {
      throw Sentences.badRelayAddress(relay, error)
    }
  }
}

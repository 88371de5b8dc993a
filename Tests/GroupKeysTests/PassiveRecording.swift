import Cryptography
import Foundation
import GroupKeys

/// What one member saw, in the form of the official passive-client files, so that other implementations can follow it.
struct PassiveRecording {
  var group: Group
  var hasEnded = false
  private let head: [String: any Sendable]
  private var epochs: [[String: any Sendable]] = []

  init(
    _ newcomer: Crowd.Newcomer, _ welcome: Welcome, ratchetTree: [UInt8]?, psks: [UInt8: [UInt8]],
    group: Group
  ) throws {
    self.group = group
    let own = newcomer.own
    let known = psks.map { [[$0.key], $0.value] }
    head = [
      "cipher_suite": Int(own.suite.identifier),
      "external_psks": known.map { ["psk_id": hex($0[0]), "psk": hex($0[1])] },
      "key_package": hex(MLSMessage.keyPackage(own.keyPackage).encoded),
      "signature_priv": hex(own.signatureKey.publicBytes),
      "encryption_priv": hex(own.leafKey.publicBytes),
      "init_priv": hex(own.initKey.publicBytes),
      "welcome": hex(MLSMessage.welcome(welcome).encoded),
      "ratchet_tree": ratchetTree.map(hex) ?? "",
      "initial_epoch_authenticator": hex(group.epochAuthenticator),
    ]
  }

  mutating func saw(proposals: [[UInt8]], commit: [UInt8], authenticator: [UInt8]) {
    guard !hasEnded, !group.isRemoved else { return }
    epochs.append([
      "proposals": proposals.map(hex), "commit": hex(commit), "epoch_authenticator": hex(authenticator),
    ])
  }

  /// The case as JSON; without a tree beside it, null stands there.
  var json: [String: Any] {
    var value: [String: Any] = head
    if head["ratchet_tree"] as? String == "" { value["ratchet_tree"] = NSNull() }
    value["epochs"] = epochs
    return value
  }
}

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

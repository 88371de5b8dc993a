import Cryptography
import GroupKeys
import Testing

/// A member that only follows, as the official files describe it.
struct PassiveClient {
  let own: OwnKeyPackage
  let ratchetTree: [UInt8]?
  let preSharedKeys: PreSharedKeys
  private let slab = SecretSlab()

  init(_ value: MLSVector, _ suite: GroupSuite) throws {
    guard case .keyPackage(let keyPackage) = try MLSMessage(parsing: value["key_package"].bytes) else {
      throw MLSVector.Wrong(description: "no key package")
    }
    var preSharedKeys = PreSharedKeys()
    for psk in try value["external_psks"].list {
      preSharedKeys.external[try psk["psk_id"].bytes] = try secret(psk["psk"].bytes, slab)
    }
    self.preSharedKeys = preSharedKeys
    own = OwnKeyPackage(
      suite: suite, keyPackage: keyPackage,
      initKey: try privateKey(value["init_priv"].bytes, suite.privateKeyByteCount, slab),
      leafKey: try privateKey(value["encryption_priv"].bytes, suite.privateKeyByteCount, slab),
      signatureKey: try privateKey(value["signature_priv"].bytes, suite.signatureKeyByteCount, slab))
    ratchetTree = value["ratchet_tree"].isNull ? nil : try value["ratchet_tree"].bytes
  }

  func join(_ message: [UInt8]) throws -> Group {
    guard case .welcome(let welcome) = try MLSMessage(parsing: message) else {
      throw MLSVector.Wrong(description: "no welcome")
    }
    return try Group.join(
      welcome, with: own, ratchetTree: ratchetTree, preSharedKeys: preSharedKeys,
      in: Group.Surroundings(slab: slab, policy: .everythingForTestsOnly))
  }
}

func runPassiveClient(_ value: MLSVector, _ suite: GroupSuite) throws {
  let client = try PassiveClient(value, suite)
  try same(try suite.keyPair(of: client.own.initKey).publicKey, client.own.keyPackage.initKey, "init key")
  try client.own.keyPackage.validate(suite: suite, policy: .everythingForTestsOnly, now: nil)
  let group = try client.join(value["welcome"].bytes)
  try same(group.epochAuthenticator, try value["initial_epoch_authenticator"].bytes, "initial authenticator")
  for (number, epoch) in try value["epochs"].list.enumerated() {
    for proposal in try epoch["proposals"].list {
      guard case .proposal = try group.process(proposal.bytes, now: nil) else {
        throw MLSVector.Wrong(description: "not a proposal")
      }
    }
    guard case .commit(let staged) = try group.process(epoch["commit"].bytes, now: nil) else {
      throw MLSVector.Wrong(description: "not a commit")
    }
    try group.adopt(staged.hash)
    try same(
      group.epochAuthenticator, try epoch["epoch_authenticator"].bytes, "authenticator after \(number)")
  }
}

@Suite struct PassiveClientTests {
  @Test func welcome() throws {
    try runVectors("passive-client-welcome", passed: 40, skipped: 16, runPassiveClient)
  }

  @Test func handlingCommit() throws {
    try runVectors("passive-client-handling-commit", passed: 65, skipped: 26, runPassiveClient)
  }

  @Test func random() throws {
    try runVectors("passive-client-random", passed: 1, skipped: 0, runPassiveClient)
  }
}

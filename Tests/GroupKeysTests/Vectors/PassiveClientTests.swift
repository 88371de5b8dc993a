import Cryptography
import GroupKeys
import Testing

/// A member that only follows, as the official files describe it.
func runPassiveClient(_ value: MLSVector, _ suite: GroupSuite) throws {
  let slab = SecretSlab()
  guard case .keyPackage(let keyPackage) = try MLSMessage(parsing: value["key_package"].bytes),
    case .welcome(let welcome) = try MLSMessage(parsing: value["welcome"].bytes)
  else { throw MLSVector.Wrong(description: "other wire formats") }
  var preSharedKeys = PreSharedKeys()
  for psk in try value["external_psks"].list {
    preSharedKeys.external[try psk["psk_id"].bytes] = try secret(psk["psk"].bytes, slab)
  }
  let own = OwnKeyPackage(
    suite: suite, keyPackage: keyPackage,
    initKey: try privateKey(value["init_priv"].bytes, suite.privateKeyByteCount, slab),
    leafKey: try privateKey(value["encryption_priv"].bytes, suite.privateKeyByteCount, slab),
    signatureKey: try privateKey(value["signature_priv"].bytes, suite.signatureKeyByteCount, slab))
  try same(try suite.keyPair(of: own.initKey).publicKey, keyPackage.initKey, "init key")
  try keyPackage.validate(suite: suite, policy: .everythingForTestsOnly, now: nil)
  let tree = value["ratchet_tree"]
  let group = try Group.join(
    welcome, with: own, ratchetTree: tree.isNull ? nil : tree.bytes, preSharedKeys: preSharedKeys,
    in: Group.Surroundings(slab: slab, policy: .everythingForTestsOnly))
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

import Cryptography
import GroupKeys
import TestSupport
import Testing

/// Bytes of the official files with one byte changed: nothing crashes, and what is not refused means the same.
@Suite struct MutationTests {
  private static let samples = 40

  /// The same bytes with one of them changed, the place and the change drawn by a seed.
  private func mutants(_ bytes: [UInt8], _ random: inout SeededGenerator, _ count: Int = samples) -> [[UInt8]]
  {
    guard !bytes.isEmpty else { return [] }
    return (0..<count).map { _ in
      var mutant = bytes
      mutant[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      return mutant
    }
  }

  /// Whether the mutants that can be read are written as they were read.
  private func readsOnlyWhatItWrites<Value: TLSCodable>(
    _: Value.Type, _ bytes: [UInt8], _ random: inout SeededGenerator, count: Int = samples
  ) {
    for mutant in mutants(bytes, &random, count) {
      guard let value = try? Value(parsing: mutant) else { continue }
      #expect(value.encoded == mutant, "\(Value.self) is written in another way than it was read")
    }
  }

  @Test func everyStructureReadsOnlyWhatItWrites() throws {
    var random = SeededGenerator(seed: 1)
    for value in try MLSVectors.committed("messages").prefix(60) {
      for name in [
        "mls_welcome", "mls_group_info", "mls_key_package", "public_message_application",
        "public_message_proposal",
        "public_message_commit", "private_message",
      ] {
        readsOnlyWhatItWrites(MLSMessage.self, try value[name].bytes, &random)
      }
      readsOnlyWhatItWrites(Commit.self, try value["commit"].bytes, &random)
    }
    for value in try MLSVectors.committed("transcript-hashes") where !value["authenticated_content"].isNull {
      readsOnlyWhatItWrites(AuthenticatedContent.self, try value["authenticated_content"].bytes, &random)
    }
    for value in try MLSVectors.committed("treekem").prefix(20) where !value["update_paths"].isNull {
      for update in try value["update_paths"].list.prefix(2) {
        readsOnlyWhatItWrites(UpdatePath.self, try update["update_path"].bytes, &random)
      }
    }
    for value in try MLSVectors.committed("deserialization") {
      for mutant in mutants(try value["vlbytes_header"].bytes, &random) {
        var reader = TLSReader(mutant)
        guard let length = try? reader.length() else { continue }
        var writer = TLSWriter()
        writer.length(length)
        #expect(mutant.starts(with: writer.bytes))
      }
    }
  }

  @Test func noChangedTreeIsTakenForTheTree() throws {
    var random = SeededGenerator(seed: 2)
    for name in ["tree-validation", "tree-operations"] {
      for value in try MLSVectors.committed(name).prefix(30) {
        guard let number = try? value["cipher_suite"].number,
          let suite = GroupSuite.numbered(UInt16(number)), suite.identifier < 4
        else { continue }
        let field = value[name == "tree-validation" ? "tree" : "tree_before"]
        guard !field.isNull else { continue }
        let bytes = try field.bytes
        var right = try RatchetTree(parsing: bytes)
        let hash = right.treeHash(suite)
        for mutant in mutants(bytes, &random, 12) {
          do throws(GroupError) {
            var tree = try RatchetTree(parsing: mutant)
            #expect(tree.treeHash(suite) != hash, "another tree has the same hash")
            // Whatever its hash is, validation neither crashes nor hangs.
            try tree.validate(suite)
          } catch {
            continue
          }
        }
      }
    }
  }

  @Test func noChangedSignatureOrCiphertextHolds() throws {
    var random = SeededGenerator(seed: 3)
    let slab = SecretSlab()
    for value in try MLSVectors.committed("crypto-basics") {
      guard let suite = GroupSuite.numbered(UInt16(try value["cipher_suite"].number)) else { continue }
      let (sign, box) = (value["sign_with_label"], value["encrypt_with_label"])
      let (label, content, key) = (try sign["label"].text, try sign["content"].bytes, try sign["pub"].bytes)
      for mutant in mutants(try sign["signature"].bytes, &random) {
        #expect(throws: GroupError.notAuthentic) {
          try suite.verify(mutant, label: label, content, publicKey: key)
        }
      }
      let privateKey = try privateKey(box["priv"].bytes, suite.privateKeyByteCount, slab)
      let context = try box["context"].bytes
      let boxLabel = try box["label"].text
      let (kemOutput, ciphertext) = (try box["kem_output"].bytes, try box["ciphertext"].bytes)
      for mutant in mutants(ciphertext, &random, 10) {
        #expect(throws: GroupError.notAuthentic) {
          try suite.open(
            GroupSealed(kemOutput: kemOutput, ciphertext: mutant), privateKey: privateKey, label: boxLabel,
            context: context)
        }
      }
      // The highest bit of an X25519 key is not part of it (RFC 7748, 5).
      for mutant in mutants(kemOutput, &random, 10) where mutant.last == kemOutput.last {
        #expect(throws: GroupError.notAuthentic) {
          try suite.open(
            GroupSealed(kemOutput: mutant, ciphertext: ciphertext), privateKey: privateKey, label: boxLabel,
            context: context)
        }
      }
    }
  }

  @Test(arguments: ["passive-client-welcome", "passive-client-handling-commit", "passive-client-random"])
  func aMemberWhoIsToldSomethingElseStaysWhereItWas(_ name: String) throws {
    var random = SeededGenerator(seed: 4)
    let cases = try MLSVectors.committed(name).filter { (try? $0["cipher_suite"].number) ?? 0 < 4 }
    for value in cases.prefix(12) {
      guard let suite = GroupSuite.numbered(UInt16(try value["cipher_suite"].number)) else { continue }
      let passive = try PassiveClient(value, suite)
      let authenticator = try value["initial_epoch_authenticator"].bytes
      for mutant in mutants(try value["welcome"].bytes, &random, 6) {
        // What is sealed to somebody else may change; then this member joins the same epoch all the same.
        guard let group = try? passive.join(mutant) else { continue }
        #expect(group.epochAuthenticator == authenticator)
      }
      let group = try passive.join(value["welcome"].bytes)
      for epoch in try value["epochs"].list.prefix(2) {
        for proposal in try epoch["proposals"].list {
          for mutant in mutants(try proposal.bytes, &random, 6) {
            #expect(throws: GroupError.self) { try group.process(mutant, now: nil) }
          }
          _ = try group.process(proposal.bytes, now: nil)
        }
        let commit = try epoch["commit"].bytes
        for mutant in mutants(commit, &random, 8) {
          #expect(throws: GroupError.self) { try group.process(mutant, now: nil) }
        }
        guard case .commit(let staged) = try group.process(commit, now: nil) else { continue }
        try group.adopt(staged.hash)
        #expect(try group.epochAuthenticator == epoch["epoch_authenticator"].bytes)
      }
    }
  }
}

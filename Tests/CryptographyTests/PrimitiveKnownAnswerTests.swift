import Cryptography
import Foundation
import TestSupport
import Testing

/// The values of this product's own known answers that need nothing but this room.
@Suite struct PasswordKnownAnswerTests {
  struct File: Decodable {
    struct Case: Decodable {
      let what: String
      let normalised, salt, prs: HexBytes
    }
    let cases: [Case]
  }

  // [S-14]
  @Test func theKeysOfThePasswordsComeOut() throws {
    let file: File = try VectorFiles.decode(
      from: "secure_chat-protocol/prs.json", in: VectorFiles.knownAnswers)
    #expect(!file.cases.isEmpty)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    for test in file.cases {
      var key = try Secret<Key32>(in: region)
      try Argon2id.derive(
        password: test.normalised.bytes.span, salt: test.salt.bytes.span, cost: .password, into: &key)
      #expect(key.bytesForTestsOnly == test.prs.bytes, "\(test.what)")
    }
  }

  @Test func aSaltOfAnotherLengthAndACostOfNothingAreRefused() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    for (salt, cost, expected) in [
      (15, Argon2id.Cost.password, CryptographyError.wrongLength), (17, .password, .wrongLength),
      (16, .init(passes: 0, memoryByteCount: 8_192), .underlyingLibraryFailed),
      (16, .init(passes: 1, memoryByteCount: 0), .underlyingLibraryFailed),
    ] {
      var key = try Secret<Key32>(in: region)
      var thrown: CryptographyError?
      do throws(CryptographyError) {
        try Argon2id.derive(password: [1].span, salt: counting(salt).span, cost: cost, into: &key)
      } catch {
        thrown = error
      }
      #expect(thrown == expected)
    }
  }
}

@Suite struct HandshakeKeysKnownAnswerTests {
  // [S-02]
  @Test func keysSharedSecretsAndSignaturesComeOut() throws {
    let file: VectorValue = try VectorFiles.decode(
      from: "secure_chat-protocol/handshake.json", in: VectorFiles.knownAnswers)
    let cases = try file["cases"].list
    #expect(!cases.isEmpty)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    for test in cases {
      let inputs = test["inputs"]
      let known = test["public"]
      let values = test["values"]
      for side in ["I", "R"] {
        let own = inputs[side]
        let key = try Secret<Key32>(forTestsOnly: own["ik_dh_private"].bytes, in: region)
        #expect(try X25519.publicKey(of: key) == known["ik_dh_\(side)"].bytes)
        let fresh = try Secret<Key32>(forTestsOnly: own["e_private"].bytes, in: region)
        #expect(try X25519.publicKey(of: fresh) == known["e_\(side)"].bytes)
        let seed = try Secret<Key32>(forTestsOnly: own["ik_sig_seed"].bytes, in: region)
        let signer = try known["ik_sig_\(side)"].bytes
        #expect(try Ed25519.publicKey(of: seed) == signer)
        let profile = try known["profile_\(side)"].bytes
        let signed = [UInt8]("secure_chat/1 profile".utf8) + profile.prefix(129)
        let signature = Array(profile.dropFirst(129))
        #expect(try Ed25519.sign(signed.span, seed: seed) == signature)
        try Ed25519.verify(signature.span, of: signed.span, publicKey: signer.span)
      }
      // es is not part of every mode's values; ee and se are.
      if !values["es"].isMissing {
        try expectShared(inputs["I"]["e_private"], known["ik_dh_R"], values["es"], in: region)
        try expectShared(inputs["R"]["ik_dh_private"], known["e_I"], values["es"], in: region)
      }
      try expectShared(inputs["I"]["e_private"], known["e_R"], values["ee"], in: region)
      try expectShared(inputs["R"]["e_private"], known["e_I"], values["ee"], in: region)
      try expectShared(inputs["I"]["ik_dh_private"], known["e_R"], values["se"], in: region)
      try expectShared(inputs["R"]["e_private"], known["ik_dh_I"], values["se"], in: region)
    }
  }

  @Test func theKeyEncapsulationComesOut() throws {
    let file: VectorValue = try VectorFiles.decode(
      from: "secure_chat-protocol/handshake.json", in: VectorFiles.knownAnswers)
    let cases = try file["cases"].list.filter { !$0["values"]["kem_ss"].isMissing }
    #expect(!cases.isEmpty)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    for test in cases {
      let seed = try Secret<MLKEM768Seed>(
        forTestsOnly: test["inputs"]["I"]["mlkem_seed"].bytes, in: region)
      let pair = try MLKEM768KeyPair(seed: seed)
      let publicKey = pair.publicKey
      #expect(try publicKey == test["public"]["mlkem_ek"].bytes)
      let ciphertext = try ciphertext(of: test)
      var opened = try Secret<Key32>(in: region)
      try pair.decapsulate(ciphertext.span, into: &opened)
      #expect(try opened.bytesForTestsOnly == test["values"]["kem_ss"].bytes)
    }
  }

  // [N-02]
  @Test func theFiniteFieldComesOut() throws {
    let file: VectorValue = try VectorFiles.decode(
      from: "secure_chat-protocol/handshake.json", in: VectorFiles.knownAnswers)
    let cases = try file["cases"].list.filter { !$0["values"]["ffdhe_Z"].isMissing }
    #expect(cases.count >= 2)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    for test in cases {
      for (own, other) in [("I", "R"), ("R", "I")] {
        let exponent = try Secret<FFDHE3072Exponent>(
          forTestsOnly: test["inputs"][own]["ffdhe_x"].bytes, in: region)
        #expect(try FFDHE3072.publicValue(of: exponent) == test["public"]["ffdhe_y_\(own)"].bytes)
        let peer = try test["public"]["ffdhe_y_\(other)"].bytes
        var shared = try Secret<Key384>(in: region)
        try FFDHE3072.sharedSecret(private: exponent, public: peer.span, into: &shared)
        #expect(try shared.bytesForTestsOnly == test["values"]["ffdhe_Z"].bytes)
      }
    }
  }

  private func ciphertext(of test: VectorValue) throws -> [UInt8] {
    for holder in [test["inputs"]["R"], test["values"], test["public"]] where !holder["mlkem_ct"].isMissing {
      return try holder["mlkem_ct"].bytes
    }
    return try test["mlkem_ct"].bytes
  }

  private func expectShared(
    _ privateKey: VectorValue, _ publicKey: VectorValue, _ expected: VectorValue, in region: GuardedRegion
  ) throws {
    let key = try Secret<Key32>(forTestsOnly: privateKey.bytes, in: region)
    let peer = try publicKey.bytes
    var shared = try Secret<OtherKey32>(in: region)
    try X25519.sharedSecret(private: key, public: peer.span, into: &shared)
    #expect(try shared.bytesForTestsOnly == expected.bytes)
  }
}

@Suite struct RecordCipherKnownAnswerTests {
  // [R-02] [R-03] [R-04] [R-05] [R-06]
  @Test func theChainTheKeysAndTheFramesComeOut() throws {
    let file: VectorValue = try VectorFiles.decode(
      from: "secure_chat-protocol/records.json", in: VectorFiles.knownAnswers)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    var context = try HMACSHA256(in: region)
    var frames: [String: Int] = [:]
    for sequence in try file["sequences"].list {
      let cipher = try #require(RecordCipher.withIdentifier(UInt8(sequence["cipher"].number)))
      let sealer = try cipher.makeSealer(region)
      let opener = try cipher.makeOpener(region)
      for record in try sequence["records"].list {
        let chainKey = try record["chain_key"].bytes
        context.setKey(chainKey.span)
        context.update([1].span)
        let master = context.finish()
        #expect(try master == record["mk"].bytes)
        context.update([2].span)
        let next = context.finish()
        #expect(try next == record["chain_key_after"].bytes)

        let salt = [UInt8](repeating: 0, count: 32)
        let label = [UInt8]("secure_chat/1 \(cipher.keyLabel)".utf8)
        let keyMaterial = filled(cipher.keyMaterialByteCount) {
          HKDF.derive(salt: salt.span, inputKey: master.span, info: label.span, into: &$0)
        }
        let parts = record["ek"].isMissing ? ["key", "nonce"] : ["ek", "ak", "iv"]
        #expect(try keyMaterial == parts.flatMap { try record[$0].bytes })

        // The long fragments stand there as digests only.
        guard !record["inner"].isMissing, !record["frame"].isMissing else { continue }
        let inner = try record["inner"].bytes
        let associated = try record["aad"].bytes
        #expect(
          CRC32.checksum(inner.span.extracting(droppingLast: 4))
            == inner.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        var sealed = inner + [UInt8](repeating: 0, count: cipher.overheadByteCount)
        var span = sealed.mutableSpan
        try sealer.seal(
          &span, plaintextByteCount: inner.count, keyMaterial: keyMaterial.span,
          authenticating: associated.span)
        #expect(try sealed == Array(record["frame"].bytes.dropFirst(3)))
        #expect(try sealed.count == record["bucket"].number - 16 + cipher.overheadByteCount)
        var opened = [UInt8](repeating: 0, count: sealed.count)
        var output = opened.mutableSpan
        let count = try opener.open(
          sealed.span, keyMaterial: keyMaterial.span, authenticating: associated.span, into: &output)
        #expect(Array(opened.prefix(count)) == inner)
        frames[cipher.name, default: 0] += 1
      }
    }
    #expect(frames.count == RecordCipher.builtIn.count)
    #expect(frames.values.allSatisfy { $0 >= 20 })
  }
}

@Suite struct LogHeaderKnownAnswerTests {
  @Test func theSealedSecretsOfTheWorkedExampleOpenWithTheLogKey() throws {
    let values: VectorValue = try VectorFiles.decode(
      from: "secure_chat-log/values.json", in: VectorFiles.knownAnswers)
    let log = try VectorFiles.bytes("secure_chat-log/worked-example.sclog", in: VectorFiles.knownAnswers)
    let text = String(decoding: log.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    let mark = try #require(text.range(of: ",\"w\":\""))
    let rest = text[mark.upperBound...]
    let end = try #require(rest.firstIndex(of: "\""))
    let sealed = try decode(String(rest[..<end]))
    #expect(sealed.count == 112)

    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let key = try Secret<Key32>(
      forTestsOnly: decode(values["secrets"]["me log-verify"].string), in: region)
    let opened = try filled(64) { (output) throws(CryptographyError) in
      try HPKESealing.open(
        sealed.span, privateKey: key, info: [UInt8]("secure_chat-log/1".utf8).span,
        authenticating: [UInt8](text[..<mark.lowerBound].utf8).span, into: &output)
    }
    #expect(
      try opened == decode(values["worked"]["R0"].string) + decode(values["worked"]["K_wit"].string))
  }

  private func decode(_ base64URL: String) throws -> [UInt8] {
    var text = base64URL.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    while !text.count.isMultiple(of: 4) { text += "=" }
    return [UInt8](try #require(Data(base64Encoded: text)))
  }
}

import ChatProtocol
import Cryptography
import ProtocolTestSupport
import TestSupport
import Testing
import Wire

private func file(_ name: String) throws -> VectorValue {
  try VectorFiles.decode(from: "secure_chat-protocol/\(name).json", in: VectorFiles.knownAnswers)
}

@Suite("KnownAnswer: identities and passwords")
struct IdentityKnownAnswerTests {
  // [S-01] [S-02]
  @Test func goodProfilesAreMadeAgainAndProven() throws {
    let good = try file("profile")["good"].list
    #expect(!good.isEmpty)
    for answer in good {
      let name = try answer["name_utf8"].bytes
      let keys = try IdentityKeys(
        name: PeerName(utf8: name.span), agreementKey: try makeSecret(answer["ik_dh_private"].bytes),
        signingSeed: try makeSecret(answer["ik_sig_seed"].bytes))
      #expect(try keys.profile.bytes == answer["profile"].bytes)
      #expect(try Label.bytes("profile") + keys.profile.signedBytes == answer["signed"].bytes)
      #expect(throws: Never.self) { try ProvenProfile(verifying: keys.profile) }
    }
  }

  // [S-02] [S-09]
  @Test func noBadProfileIsProven() throws {
    let bad = try file("profile")["bad"].list
    #expect(!bad.isEmpty)
    for answer in bad {
      let bytes = try answer["profile"].bytes
      let what = try answer["what"].string
      guard let profile = try? Profile(parsing: bytes.span) else { continue }
      #expect(throws: CryptographyError.notAuthentic, "\(what)") {
        try ProvenProfile(verifying: profile)
      }
    }
  }

  // [K-04]
  @Test func wordsOfAKey() throws {
    let answers = try file("words")["cases"].list
    #expect(!answers.isEmpty)
    for answer in answers {
      let (ikDH, ikSig) = (try answer["ik_dh"].bytes, try answer["ik_sig"].bytes)
      #expect(try KeyWords.digest(ikDH: ikDH, ikSig: ikSig) == answer["W"].bytes)
      let profile = try Profile(
        ikDH: ikDH, ikSig: ikSig, name: PeerName("x"), signature: [UInt8](repeating: 0, count: 64))
      #expect(try KeyWords.words(of: profile) == answer["words"].list.map { try $0.string })
    }
  }

  // [S-13] [S-14]
  @Test func passwordsBecomePRS() throws {
    let answers = try file("prs")["cases"].list
    #expect(!answers.isEmpty)
    for answer in answers {
      let (first, second) = (
        try PeerName(answer["name_a"].string), try PeerName(answer["name_b"].string)
      )
      #expect(try PasswordSecret.salt(first, second) == answer["salt"].bytes)
      let password = try buffer(answer["password_utf8"].bytes)
      let secret = try PasswordSecret.derive(password: password, names: second, first)
      #expect(try secret.key.revealed() == answer["prs"].bytes)
    }
  }

  // [S-13]
  @Test func refusedPasswordsNeverReachArgon2() throws {
    let (first, second) = (try PeerName("alice"), try PeerName("bob"))
    let refused = try file("prs")["refused"].list
    #expect(!refused.isEmpty)
    for answer in refused {
      let password = try buffer(answer["password_utf8"].bytes)
      let what = try answer["what"].string
      #expect(throws: PasswordError.self, "\(what)") {
        try PasswordSecret.derive(password: password, names: first, second)
      }
    }
  }

  private func buffer(_ bytes: [UInt8]) throws -> SecretBuffer {
    var buffer = try SecretBuffer(capacity: max(1, bytes.count))
    try buffer.append(bytes.span)
    return buffer
  }
}

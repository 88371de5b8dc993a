import Cryptography
import Foundation
import LogFiles
import Places
import SessionLog
import TestSupport
import Testing
import Wire

@Suite struct LogKeyFileTests {
  private func profile(_ name: String, _ value: UInt8 = 1) throws -> Profile {
    try Profile(
      ikDH: [UInt8](repeating: value, count: 32), ikSig: [UInt8](repeating: 2, count: 32),
      name: PeerName(name),
      signature: [UInt8](repeating: 3, count: 64))
  }

  @Test func aNewPairIsPrivateAndReadsBackAsWhatItIs() throws {
    let folder = try TemporaryFolder()
    let path = HomePath(folder.path).profile("alice")
    let made = try LogKeyFile.make(for: profile("alice"), at: path)
    #expect(try LogKeyFile.readPublic(path.logPublicKey) == made)
    let pair = try LogKeyFile.readSecret(path.logPrivateKey) { nil }
    #expect(pair.publicKey == made && pair.isPlain)
    #expect(try folder.mode(of: "profiles/alice/log-verify.key") == 0o600)
    #expect(try folder.mode(of: "profiles/alice/log-verify.pub") == 0o600)
    let text = String(decoding: try bytes(path.logPublicKey), as: UTF8.self)
    #expect(text.split(separator: "\n").count == 3 && text.hasPrefix("secure_chat log key 1\npub "))
  }

  @Test func theKeyFilesOfTheKnownAnswersAreWrittenTheSameWay() throws {
    let folder = try TemporaryFolder()
    let key = try KnownAnswerLogs.copy("keys/me.log-verify.key", to: folder)
    let expected = try bytes(key)
    let publicKey = try LogKeyFile.readPublicHalf(ofKey: key)
    let text = String(decoding: expected, as: UTF8.self)
    let published = try bytes(try KnownAnswerLogs.copy("keys/me.log-verify.pub", to: folder))
    #expect(text.hasPrefix(String(decoding: published, as: UTF8.self)))
    #expect(try LogKeyFile.readPublic(folder.file("me.log-verify.pub")) == publicKey)
  }

  @Test func aKeyUnderAPassphraseOpensWithItAlone() throws {
    let folder = try TemporaryFolder()
    let key = try KnownAnswerLogs.copy("keys/me-wrapped.log-verify.key", to: folder)
    let pair = try LogKeyFile.readSecret(key) { Passphrase(text: "correct horse battery") }
    #expect(!pair.isPlain)
    #expect(throws: LogFailure.wrongPassphrase(path: key)) {
      try LogKeyFile.readSecret(key) { Passphrase(text: "wrong") }
    }
    #expect(throws: LogFailure.passphraseNeeded(path: key)) { try LogKeyFile.readSecret(key) { nil } }
  }

  @Test func aKeyIsLockedByteForByteAsTheKnownAnswerIs() throws {
    let folder = try TemporaryFolder()
    let plain = try KnownAnswerLogs.copy("keys/me.log-verify.key", to: folder)
    let expected = try bytes(try KnownAnswerLogs.copy("keys/me-wrapped.log-verify.key", to: folder))
    let salt = try Base64URL.decode(canonical: "4xGmtTiZUwm3TIfi1-160Q")
    let text = try LogKeyFile.relocked(
      plain, current: nil, new: Passphrase(typed: Array("correct horse battery".utf8).span),
      effort: PassphraseEffort(passes: 3, memoryByteCount: 65_536 << 10), entropy: FixedEntropy(salt))
    #expect(text.withBytes { text in text.indices.map { text[$0] } } == expected)
  }

  @Test func aChangedKeyFileIsNotAKey() throws {
    let folder = try TemporaryFolder()
    let key = try KnownAnswerLogs.copy("keys/me.log-verify.key", to: folder)
    let whole = String(decoding: try bytes(key), as: UTF8.self)
    let changes = [
      whole.replacingOccurrences(of: "key 1", with: "key 2"), String(whole.dropLast()), whole + "\n", "",
      whole.replacingOccurrences(of: "plain ", with: "plain  "),
      whole.replacingOccurrences(of: "pub ndCH", with: "pub ndCI"),
      whole.replacingOccurrences(of: "\n", with: "\r\n"),
      whole.replacingOccurrences(of: "plain ", with: "argon2id 3 4096 "), String(whole.prefix(200)),
    ]
    for change in changes {
      try replace(key, with: Array(change.utf8))
      #expect(throws: LogFailure.badKeyFile(path: key)) { try LogKeyFile.readSecret(key) { nil } }
    }
  }

  @Test func aKeyThatOthersCanReadIsRefused() throws {
    let folder = try TemporaryFolder()
    let key = try KnownAnswerLogs.copy("keys/me.log-verify.key", to: folder)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
    #expect(throws: LogFailure.place(PlaceError(.openToOthers(mode: 0o644), path: key))) {
      try LogKeyFile.readSecret(key) { nil }
    }
  }

  @Test func anEarlierIdentitysPairStaysAndStillOpensItsLogs() throws {
    let scene = try SegmentScene()
    let path = try scene.closedSegment()
    let home = scene.home.profile("alice")
    let next = try LogKeyFile.make(for: profile("alice", 9), at: home)
    #expect(try LogKeyFile.readPublic(home.logPublicKey) == next)
    #expect(scene.folder.allFiles.count { $0.contains("log-verify-") } == 2)
    let found = try LogChecker(LogKeyring(.profiles(scene.home)) { _, _, _ in nil }).check(path)
    #expect(found.map(\.report.finding.code) == [.ok])
  }
}

/// Gives the same bytes each time.
private final class FixedEntropy: EntropySource {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func fill(_ output: inout MutableSpan<UInt8>) {
    for index in output.indices { output[index] = bytes[index % bytes.count] }
  }
}

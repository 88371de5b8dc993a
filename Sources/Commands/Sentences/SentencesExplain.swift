import Messenger
import Terminal
import Wire

// What `explain` says.
extension Sentences {
  static let lessonFailed = Failure(
    .failed, "E_STATE", "the two machines did not come to terms: this build is broken.",
    hint: "secure_chat doctor")

  /// All of one handshake, as alice sees it, with what bob verified.
  static func lesson(_ lesson: HandshakeLesson) -> [String] {
    var lines = [
      lesson.isFirstContact
        ? "First contact (pair): alice dials bob; both know one password, nobody's key is known."
        : "Later contact (known): alice dials bob; each knows the other's key since the first contact.",
      "The machines are the real ones, the keys published test keys: nothing here is a secret.",
      "h is the SHA-256 of everything so far; ck is the chaining key: each MixKey takes one more shared",
      "secret into it and makes a new key for Enc and Dec. Alice's values are shown; bob comes to the same",
      "ones, or a tag fails. A value that ends in .. is cut: --json has all, of both sides.",
      "",
    ]
    for (who, part) in lesson.parts {
      switch part {
      case .frame(let name, let bytes):
        lines.append("")
        lines.append(
          "\(who.rawValue) ==> \(name)  \(bytes.count) bytes: "
            + purpose(of: name, isFirstContact: lesson.isFirstContact))
        if name == "TEXT" {
          lines.append("    ciphertext \(short(Array(bytes.dropFirst(3).dropLast(32))))")
          lines.append("    HMAC       \(Hex.encode(Array(bytes.suffix(32))))")
        }
        lines.append("")
      case .operation(let operation):
        guard who == .alice else { continue }
        lines.append("  alice  " + told(operation.kind))
        switch operation.kind {
        case .response: break
        case .start, .mixHash, .mixKey, .seal, .open:
          lines.append("         h \(short(operation.hash))  ck \(short(operation.chainingKey))")
        }
      case .step(let step): lines.append("  \(who == .bob ? "bob  " : who.rawValue) \(Self.step(step))")
      case .record(let record): lines += Self.record(record, from: who)
      case .shown(let text):
        lines.append("  \(who.rawValue)    HMAC ok, AES-256-CBC opened, CRC32 ok; logged; only then shown:")
        lines.append("         " + SafeText.lines(utf8: text).joined(separator: "\n         "))
      }
    }
    lines += ["", "Both sides name this session \(Hex.encode(lesson.session)).", ""]
    return lines
  }

  static func name(of kind: HandshakeLesson.Operation.Kind) -> String {
    switch kind {
    case .start: "start"
    case .mixHash: "MixHash"
    case .mixKey: "MixKey"
    case .seal: "Enc"
    case .open: "Dec"
    case .response: "response"
    }
  }

  private static func record(
    _ record: HandshakeLesson.Record, from who: HandshakeLesson.Person
  ) -> [String] {
    [
      "  \(who.rawValue)  a text becomes a record: type, length, id, time, text, zeros, CRC32: "
        + count(record.inner.count, "byte"),
      "         CRC32    \(Hex.encode(record.checksum))",
      "         ek       \(Hex.encode(record.encryptionKey))",
      "         IV       \(Hex.encode(record.iv))",
      "         ak       \(Hex.encode(record.authenticationKey))",
      "         AES-256-CBC under ek and IV, then HMAC-SHA256 under ak, over the record's number too.",
      "         The three come from the chain key of this direction, which then steps on and is forgotten:",
      "         every record has keys of its own, and none leads back to an earlier one.",
    ]
  }

  /// What a message is for.
  private static func purpose(of name: String, isFirstContact: Bool) -> String {
    switch name {
    case "INIT":
      isFirstContact
        ? "what alice accepts, her challenge and fresh public keys, all readable"
        : "what alice accepts, her challenge and fresh public keys, and a tag that takes bob's key to verify"
    case "RESP":
      isFirstContact
        ? "bob's choice, challenge and fresh public keys; with them both make the first secrets"
        : "bob's choice, challenge and fresh public keys, and his response: it is bob"
    case "PAIR1": "encrypted: alice's name and her share of the password exchange"
    case "PAIR2": "bob's share, his identity, and his response to alice's challenge"
    case "AUTH": "alice's identity, encrypted, and her response to bob's challenge"
    case "FIN": "bob's second response: he knows that it is alice"
    case "TEXT": "one text, as anybody on the way sees it"
    case let other: other
    }
  }

  private static func told(_ kind: HandshakeLesson.Operation.Kind) -> String {
    switch kind {
    case .start: "start: h = ck = SHA-256 of the protocol's name and mode"
    case .mixHash(let count): "MixHash: \(Self.count(count, "byte")) of clear text into h"
    case .mixKey(let name, let secret): "MixKey: \(meaning(name)) = \(short(secret)) into ck"
    case .seal(let plaintext):
      "Enc: AES-256-CBC, then HMAC over h too, of \(Self.count(plaintext.count, "byte"))"
        + (plaintext.isEmpty ? "" : ": \(short(plaintext))")
    case .open(let plaintext):
      "Dec: HMAC ok; \(Self.count(plaintext.count, "byte")): \(short(plaintext))"
    case .response(let challenge, let value):
      "response to challenge \(short(challenge)) = HMAC over challenge and h = \(short(value))"
    }
  }

  private static func meaning(_ name: String) -> String {
    switch name {
    case "ee": "Diffie-Hellman ee (both fresh keys)"
    case "es": "Diffie-Hellman es (alice's fresh key, bob's own)"
    case "se": "Diffie-Hellman se (alice's own key, bob's fresh one)"
    case "ISK": "ISK, the password exchange (CPace)"
    case "pair_psk": "pair_psk, the secret kept since the first contact"
    case let other: other
    }
  }

  private static func short(_ bytes: [UInt8]) -> String {
    bytes.count <= 16 ? Hex.encode(bytes) : Hex.encode(Array(bytes.prefix(8))) + ".."
  }
}

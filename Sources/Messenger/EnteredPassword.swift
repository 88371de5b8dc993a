internal import ChatProtocol
internal import Cryptography
internal import Wire

/// A password as it was typed or read, in guarded memory; the bytes are lent, never handed out.
package final class EnteredPassword: Sendable {
  /// Room for what a person types; a password is 128 bytes at most after its rules (PROTOCOL 1.2).
  package static let capacity = 1024

  /// Nil where the system gave no guarded memory; such a password is refused when it is to be used.
  private let bytes: SecretBuffer?

  /// Takes what `fill` writes into a guarded buffer; it returns the count of bytes written.
  package init<E: Error>(
    filledBy fill: (inout MutableSpan<UInt8>) throws(E) -> Int
  ) throws(E) {
    var failure: E?
    bytes = EnteredPassword.buffer { rest in
      do throws(E) {
        return try fill(&rest)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
  }

  /// Takes over bytes that are in guarded memory already.
  init(_ bytes: consuming SecretBuffer) {
    self.bytes = consume bytes
  }

  /// The password by the rules of PROTOCOL 1.2: non-ASCII spaces become U+0020, NFC, no controls, not
  /// empty, at most 128 bytes; two spellings of one password become the same bytes.
  package func normalised() throws(PasswordProblem) -> EnteredPassword {
    let copy = try copy()
    do throws(PasswordError) {
      return EnteredPassword(try PasswordRules.normalise(copy))
    } catch {
      throw PasswordProblem(error)
    }
  }

  private func copy() throws(PasswordProblem) -> SecretBuffer {
    guard bytes != nil else { throw .memory }
    do throws(CryptographyError) {
      var copy = try SecretBuffer(capacity: EnteredPassword.capacity)
      try withBytes { (bytes) throws(CryptographyError) in try copy.append(bytes) }
      return copy
    } catch {
      throw error == .wrongLength ? .tooLong : .memory
    }
  }

  package func withBytes<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    switch bytes {
    case .some(let bytes): try bytes.withBytes(body)
    case .none: try body(Span())
    }
  }

  /// What Argon2id makes of the password and two names; it blocks for about a tenth of a second.
  func derive(_ first: PeerName, _ second: PeerName) throws(PasswordProblem) -> PasswordSecret {
    do throws(PasswordError) {
      switch bytes {
      case .some(let bytes): return try PasswordSecret.derive(password: bytes, names: first, second)
      case .none: throw .cryptography(.guardedMemoryExhausted)
      }
    } catch {
      throw PasswordProblem(error)
    }
  }

  private static func buffer(_ fill: (inout MutableSpan<UInt8>) -> Int) -> SecretBuffer? {
    do throws(CryptographyError) {
      var buffer = try SecretBuffer(capacity: capacity)
      try buffer.appendBytes { (rest) throws(CryptographyError) in fill(&rest) }
      return buffer
    } catch {
      return nil
    }
  }
}

extension PasswordProblem {
  init(_ error: PasswordError) {
    self =
      switch error {
      case .empty: .empty
      case .tooLong: .tooLong
      case .control: .control
      case .notUTF8: .notUTF8
      case .cryptography: .memory
      }
  }
}

package import Cryptography
package import Places
internal import Wire

/// A passphrase, in guarded memory, that several calls may read.
package final class Passphrase: Sendable {
  /// The longest passphrase, in bytes as it is typed or read.
  package static let capacity = 1024

  private let bytes: SecretBuffer

  /// Takes the bytes over; they are to be UTF-8 in Normalization Form C.
  package init(_ bytes: consuming SecretBuffer) { self.bytes = bytes }

  /// The passphrase that was typed, in Normalization Form C, so that two keyboards give one (LOG 2).
  package convenience init(typed: Span<UInt8>) throws(PassphraseProblem) {
    guard !typed.isEmpty else { throw .empty }
    guard typed.count <= Self.capacity else { throw .tooLong }
    self.init(try Self.composed(typed))
  }

  package func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    try bytes.withBytes(body)
  }

  /// Whether two were typed alike; the time it takes tells nothing of either.
  package func isSame(as other: Passphrase) -> Bool {
    withBytes { mine in
      other.withBytes { theirs in (try? ConstantTime.requireEqual(mine, theirs)) != nil }
    }
  }

  /// One of ASCII never leaves guarded memory; any other becomes a `String` for the length of this call.
  private static func composed(_ typed: Span<UInt8>) throws(PassphraseProblem) -> SecretBuffer {
    if typed.indices.allSatisfy({ typed[$0] < 0x80 }) { return try copy(typed) }
    var plain = typed.indices.map { typed[$0] }
    defer { for index in plain.indices { plain[index] = 0 } }
    guard let text = String(validating: plain, as: UTF8.self) else { throw .notUTF8 }
    var composed = Array(UnicodeForm.composed(text).utf8)
    defer { for index in composed.indices { composed[index] = 0 } }
    return try copy(composed.span)
  }

  private static func copy(_ bytes: Span<UInt8>) throws(PassphraseProblem) -> SecretBuffer {
    do throws(CryptographyError) {
      var buffer = try SecretBuffer(capacity: bytes.count)
      try buffer.append(bytes)
      return buffer
    } catch {
      throw .memory
    }
  }
}

/// Why bytes are no passphrase.
package enum PassphraseProblem: Error, Hashable, Sendable {
  case empty
  /// Above 1,024 bytes.
  case tooLong
  case notUTF8
  /// The system gives no guarded memory.
  case memory
}

/// Why a file or descriptor gives no passphrase.
package enum PassphraseSourceError: Error, Hashable, Sendable {
  case file(PlaceError)
  /// The descriptor is not open, or gives an error.
  case descriptor(Int32)
  case passphrase(PassphraseProblem)
}

extension PassphraseSourceError {
  init(_ failure: GivenSecret.Failure) {
    self =
      switch failure {
      case .file(let fault): .file(fault)
      case .descriptor(let number): .descriptor(number)
      case .tooLong: .passphrase(.tooLong)
      case .memory: .passphrase(.memory)
      }
  }
}

extension Passphrase {
  /// The passphrase of `--passphrase-file`.
  package static func read(file path: String) throws(PassphraseSourceError) -> Passphrase {
    try given { () throws(GivenSecret.Failure) in try GivenSecret.read(file: path, limit: capacity) }
  }

  /// The passphrase of `--passphrase-fd`. The descriptor is closed then.
  package static func read(descriptor: Int32) throws(PassphraseSourceError) -> Passphrase {
    try given { () throws(GivenSecret.Failure) in
      try GivenSecret.read(descriptor: descriptor, limit: capacity)
    }
  }

  private static func given(
    _ read: () throws(GivenSecret.Failure) -> SecretBuffer
  ) throws(PassphraseSourceError) -> Passphrase {
    let secret: SecretBuffer
    do throws(GivenSecret.Failure) {
      secret = try read()
    } catch {
      throw PassphraseSourceError(error)
    }
    do throws(PassphraseProblem) {
      return try secret.withBytes { (bytes) throws(PassphraseProblem) in try Passphrase(typed: bytes) }
    } catch {
      throw .passphrase(error)
    }
  }
}

import Cryptography

/// Purposes of secrets that only tests have.
enum Key16: SecretPurpose { static var byteCount: Int { 16 } }
enum Key32: SecretPurpose { static var byteCount: Int { 32 } }
enum OtherKey32: SecretPurpose { static var byteCount: Int { 32 } }
enum Key64: SecretPurpose { static var byteCount: Int { 64 } }
enum Key384: SecretPurpose { static var byteCount: Int { 384 } }

extension Secret {
  /// What a test wants to compare with a known value.
  var bytesForTestsOnly: [UInt8] {
    withBytes { bytes in
      var copy: [UInt8] = []
      for index in bytes.indices { copy.append(bytes[index]) }
      return copy
    }
  }
}

extension Secret {
  init(forTestsOnly bytes: [UInt8], in region: GuardedRegion) throws {
    try self.init(copying: bytes.span, in: region)
  }
}

/// A new array, filled through a span.
func filled<E: Error>(
  _ count: Int, _ fill: (inout MutableSpan<UInt8>) throws(E) -> Void
) throws(E) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  var span = bytes.mutableSpan
  try fill(&span)
  return bytes
}

/// Bytes in the order in which the machine asks for them; then the process's own.
final class ScriptedEntropy: EntropySource, @unchecked Sendable {
  private var script: [UInt8]

  init(_ script: [UInt8]) { self.script = script }

  func fill(_ bytes: inout MutableSpan<UInt8>) {
    for index in bytes.indices {
      bytes[index] = script.isEmpty ? UInt8.random(in: .min ... .max) : script.removeFirst()
    }
  }
}

/// The bytes 0, 1, 2, ...
func counting(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0) }
}

import Cryptography
import GroupKeys
import Testing

/// Runs every case of the files of one name; the committed file must come to these counts exactly.
///
/// A case is skipped for its cipher suite alone.
func runVectors(
  _ name: String, passed: Int, skipped: Int, _ body: (MLSVector, GroupSuite) throws -> Void
) throws {
  for file in try MLSVectors.files(name) {
    var count = VectorCount(0, 0)
    for (index, value) in file.cases.enumerated() {
      var suite = GroupSuite.x25519AES128
      if case .number(let number) = value["cipher_suite"] {
        guard let known = GroupSuite.numbered(UInt16(truncatingIfNeeded: number)) else {
          #expect([4, 6].contains(number))
          count.skipped += 1
          continue
        }
        suite = known
      }
      do {
        try body(value, suite)
        count.passed += 1
      } catch {
        Issue.record("\(file.name), case \(index), suite \(suite.identifier): \(error)")
      }
    }
    print("MLS vectors, \(file.name): \(count)")
    if file.name == name { #expect(count == VectorCount(passed, skipped), "\(name)") }
  }
}

/// Throws where a test's values differ, so that the case counts as failed.
func same<Value: Equatable>(_ found: Value, _ wanted: Value, _ what: String) throws {
  guard found == wanted else { throw MLSVector.Wrong(description: "\(what): \(found) instead of \(wanted)") }
}

func secret(_ bytes: [UInt8], _ slab: SecretSlab) throws -> GroupSecret {
  try GroupSecret(copying: bytes.span, in: slab)
}

/// A private key of a vector: those of P-521 stand there without leading zeros.
func privateKey(_ bytes: [UInt8], _ count: Int, _ slab: SecretSlab) throws -> GroupSecret {
  try secret([UInt8](repeating: 0, count: max(0, count - bytes.count)) + bytes, slab)
}

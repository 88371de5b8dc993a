internal import Cryptography

/// States of a chain kept at even distances, so that a checker can go back without starting over.
///
/// The table is one guarded slot of fixed size: when it is full every other state is dropped and the distance
/// doubles, so that memory stays flat however long the log is.
struct ChainCheckpoints: ~Copyable {
  private enum Table: SecretPurpose {
    static var byteCount: Int { ChainCheckpoints.slots * 32 }
  }

  private static let slots = 8192
  /// Guarded bytes that the table takes.
  static let byteCount = slots * 32

  private var table: Secret<Table>
  private var kept = 0
  private var distance = 16

  /// - Parameter first: the keys of record 0.
  init(_ first: borrowing ChainKeys, in region: GuardedRegion) throws(CryptographyError) {
    var table = try Secret<Table>(in: region)
    first.withState { state in table.withMutableBytes { $0.copy(state) } }
    self.table = table
    kept = 1
  }

  /// Moves the keys to a record, forwards or back.
  mutating func move(_ keys: inout ChainKeys, to number: Int) {
    if number < keys.number || number - keys.number > distance {
      let index = min(number / distance, kept - 1)
      if number < keys.number || index * distance > keys.number {
        table.withBytes {
          keys.restore($0.extracting((index * 32)..<(index * 32 + 32)), number: index * distance)
        }
      }
    }
    while keys.number < number {
      keys.advance()
      if keys.number == kept * distance { keep(keys) }
    }
  }

  private mutating func keep(_ keys: borrowing ChainKeys) {
    if kept == Self.slots {
      let half = Self.slots / 2
      table.withMutableBytes { table in
        for index in 1..<half {
          for byte in 0..<32 { table[index * 32 + byte] = table[2 * index * 32 + byte] }
        }
      }
      kept = half
      distance *= 2
      guard keys.number == kept * distance else { return }
    }
    let offset = kept * 32
    keys.withState { state in table.withMutableBytes { $0.copy(state, at: offset) } }
    kept += 1
  }
}

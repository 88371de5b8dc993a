internal import GRDB

// GRDB's blobs are Foundation's Data, which this room does without: the compiler finds the type by inference.

extension Array where Element == UInt8 {
  /// The bytes as an argument of a statement.
  var blob: (any DatabaseValueConvertible)? { DatabaseValue.Storage.blob(Self.collected(self)).value }

  private static func collected<Bytes: RangeReplaceableCollection>(_ bytes: [UInt8]) -> Bytes
  where Bytes.Element == UInt8 { Bytes(bytes) }
}

extension Row {
  /// The bytes of a column; nil for NULL and everything that is no blob.
  func bytes(_ column: String) -> [UInt8]? {
    let value: DatabaseValue = self[column]
    guard case .blob(let bytes) = value.storage else { return nil }
    return [UInt8](bytes)
  }
}

/// Six words that two people compare aloud (PROTOCOL 1.6).
package enum WordList {
  /// How many words 66 bits are.
  package static let wordCount = 6

  /// The words of the first 66 bits of `bytes`, 11 bits each; nil where there are fewer than 9 bytes.
  package static func words(of bytes: Span<UInt8>) -> [String]? {
    indexes(of: bytes)?.map { String(englishWords[$0]) }
  }

  /// The places of those words in the list, from 0.
  package static func indexes(of bytes: Span<UInt8>) -> [Int]? {
    guard bytes.count >= 9 else { return nil }
    return (0..<wordCount).map { word in
      var index = 0
      for bit in word * 11..<word * 11 + 11 {
        index = index << 1 | Int(bytes[bit / 8] >> UInt8(7 - bit % 8) & 1)
      }
      return index
    }
  }

  /// The 2,048 words of the BIP-39 English list, in its order.
  static let englishWords: [Substring] = english.split(separator: " ")
}

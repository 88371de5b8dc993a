/// The word somebody probably meant.
package enum DidYouMean {
  /// The candidate nearest to `word`, if it is near enough that a slip of the fingers explains it.
  package static func nearest(to word: String, among candidates: [String]) -> String? {
    let typed = Array(word.lowercased().unicodeScalars)
    guard !typed.isEmpty, typed.count <= 40 else { return nil }
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let known = Array(candidate.unicodeScalars)
      let distance = slips(from: typed, to: known)
      let tolerated = min(known.count, typed.count) <= 3 ? 1 : 2
      guard distance <= tolerated || startsAlike(typed, known) else { continue }
      if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// A word of three letters or more that a known one begins with: `ver` for `verify`.
  private static func startsAlike(_ typed: [Unicode.Scalar], _ known: [Unicode.Scalar]) -> Bool {
    typed.count >= 3 && known.starts(with: typed)
  }

  /// Letters to insert, delete, change or swap with their neighbour (optimal string alignment).
  private static func slips(from typed: [Unicode.Scalar], to known: [Unicode.Scalar]) -> Int {
    if typed.isEmpty { return known.count }
    if known.isEmpty { return typed.count }
    var before: [Int] = []
    var above = Array(0...known.count)
    for row in 1...typed.count {
      var current = [row]
      for column in 1...known.count {
        let change = typed[row - 1] == known[column - 1] ? 0 : 1
        var least = min(above[column] + 1, current[column - 1] + 1, above[column - 1] + change)
        if row > 1, column > 1, typed[row - 1] == known[column - 2], typed[row - 2] == known[column - 1] {
          least = min(least, before[column - 2] + 1)
        }
        current.append(least)
      }
      before = above
      above = current
    }
    return above[known.count]
  }
}

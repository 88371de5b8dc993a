import Foundation

/// One figure: ours, what it is held against, and what is aimed at.
struct Row {
  let figure: String
  let ours: String
  /// The limit or the peer, with its name.
  let other: String
  let ratio: Double?
  let target: String
  /// Whether the target is met; nil where there is none, or nothing to compare with.
  let isMet: Bool?

  init(
    _ figure: String, _ ours: String, against other: String = "", ratio: Double? = nil, target: String = "",
    isMet: Bool? = nil
  ) {
    self.figure = figure
    self.ours = ours
    self.other = other
    self.ratio = ratio
    self.target = target
    self.isMet = isMet
  }
}

/// Prints rows as one table as they come.
struct Report {
  private(set) var missed = 0

  init() {
    print("| figure | ours | beside | ratio | target | |")
    print("|---|---|---|---|---|---|")
  }

  mutating func add(_ row: Row) {
    let ratio = row.ratio.map { $0.formatted(digits: 2) } ?? ""
    let mark = row.isMet.map { $0 ? "met" : "missed" } ?? ""
    if row.isMet == false { missed += 1 }
    print("| \(row.figure) | \(row.ours) | \(row.other) | \(ratio) | \(row.target) | \(mark) |")
    fflush(nil)
  }

  func note(_ words: String) { FileHandle.standardError.write(Data((words + "\n").utf8)) }
}

extension Double {
  func formatted(digits: Int) -> String { String(format: "%.\(digits)f", self) }
}

/// A peer's figure, where the peer is installed.
func beside(_ name: String, _ value: Double?, _ unit: String, digits: Int = 1) -> String {
  value.map { "\(name) \($0.formatted(digits: digits)) \(unit)" } ?? "\(name): not installed"
}

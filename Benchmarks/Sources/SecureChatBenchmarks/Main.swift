import ChatProtocol
import Foundation
import Wire

/// Prints one table: figures of the product beside limits and peers, measured in this one run.
///
///     secure_chat_benchmarks [--binaries DIR] [--runs N] [--only in-process|end-to-end]
///
/// DIR holds the release programs. Every figure is a median, taken in turns with what it is compared with.
@main
enum Main {
  static func main() {
    do {
      try run(Array(CommandLine.arguments.dropFirst()))
    } catch {
      FileHandle.standardError.write(Data("secure_chat_benchmarks: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func run(_ words: [String]) throws {
    var binaries = ".build/release"
    var runs = 9
    var only: String?
    var rest = words[...]
    while let word = rest.popFirst() {
      guard let value = rest.popFirst() else { throw Failed("\(word) wants a value") }
      switch word {
      case "--binaries": binaries = value
      case "--runs":
        guard let number = Int(value), number > 0 else { throw Failed("--runs wants a number") }
        runs = number
      case "--only": only = value
      default: throw Failed("no option \(word)")
      }
    }
    var report = Report()
    if only != "end-to-end" { try inProcess(runs, &report) }
    if only != "in-process" {
      let own = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
      try EndToEnd(binaries: binaries, peerBinaries: own, runs: runs).run(into: &report)
    }
    report.note("\(report.missed) targets missed")
  }

  private static func inProcess(_ runs: Int, _ report: inout Report) throws {
    for cipher in CipherSuite.allCases {
      try records(cipher, holding: RecordSize.largestBody, rounds: 400, runs, "16 KiB", &report)
      try records(cipher, holding: 120, rounds: 8_000, runs, "64 bytes", &report)
    }
    for (mode, name) in [(MachinePair.Mode.known, "K"), (.pair, "P")] {
      let (ours, primitives) = try HandshakeBenchmark.run(mode, .x25519MLKEM768, runs: runs)
      report.add(
        Row(
          "handshakes a second, mode \(name), both sides on one core", (1 / ours).formatted(digits: 0),
          against: "its public-key operations alone \((1 / primitives).formatted(digits: 0))",
          ratio: primitives / ours, target: "at least 0.7", isMet: primitives / ours >= 0.7))
    }
  }

  private static func records(
    _ cipher: CipherSuite, holding byteCount: Int, rounds: Int, _ runs: Int, _ size: String,
    _ report: inout Report
  ) throws {
    guard let benchmark = RecordBenchmark(cipher, holding: byteCount, rounds: rounds) else { return }
    let figures = try benchmark.run(runs: runs)
    let isLarge = byteCount > 1_000
    for (verb, (ours, reference)) in [("seal", figures.seal), ("open", figures.open)] {
      let text =
        isLarge
        ? (
          "\((Double(benchmark.byteCount) / ours / 1e6).formatted(digits: 0)) MB/s",
          "\((Double(benchmark.byteCount) / reference / 1e6).formatted(digits: 0)) MB/s"
        )
        : (
          "\((ours / Double(rounds) * 1e9).formatted(digits: 0)) ns",
          "\((reference / Double(rounds) * 1e9).formatted(digits: 0)) ns"
        )
      let ratio = isLarge ? reference / ours : ours / reference
      report.add(
        Row(
          "\(verb) \(size), \(cipher.name)", text.0, against: "C loop \(text.1)", ratio: ratio,
          target: isLarge ? "at least 0.97" : "at most 1.15", isMet: isLarge ? ratio >= 0.97 : ratio <= 1.15))
    }
  }
}

import Glibc

/// Instants and processor time, in seconds.
enum Stopwatch {
  static var now: Double { read(CLOCK_MONOTONIC) }
  /// What this process has used of the processor.
  static var processorTime: Double { read(CLOCK_PROCESS_CPUTIME_ID) }

  private static func read(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The processor time that `body` takes, in seconds.
  static func processor(_ body: () throws -> Void) rethrows -> Double {
    let start = processorTime
    try body()
    return processorTime - start
  }

  /// The time that `body` takes, in seconds.
  static func wall(_ body: () throws -> Void) rethrows -> Double {
    let start = now
    try body()
    return now - start
  }
}

extension Array where Element == Double {
  /// Zero for none.
  var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}

/// Medians of two measurements, taken in turns so that what disturbs one disturbs the other.
func interleaved(
  runs: Int, _ first: () throws -> Double, _ second: () throws -> Double
) rethrows -> (Double, Double) {
  var (firsts, seconds): ([Double], [Double]) = ([], [])
  for _ in 0..<runs {
    firsts.append(try first())
    seconds.append(try second())
  }
  return (firsts.median, seconds.median)
}

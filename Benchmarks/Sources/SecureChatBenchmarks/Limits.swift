import CReference

/// What one core does of a single operation, in MB/s over 16 KiB.
enum Limits {
  static func cbc() -> Double {
    rate { reference_cbc_alone(&$0, $0.count, 2_000) }
  }

  static func hmac() -> Double {
    rate { reference_hmac_alone(&$0, $0.count, 2_000) }
  }

  /// CBC, then HMAC: two passes over each byte.
  static func sender() throws -> Double {
    let (cbc, hmac) = (cbc(), hmac())
    return 1 / (1 / cbc + 1 / hmac)
  }

  private static func rate(_ body: (inout [UInt8]) -> Int32) -> Double {
    var buffer = [UInt8](repeating: 0x61, count: 16_384)
    var times: [Double] = []
    for _ in 0..<5 { times.append(Stopwatch.processor { _ = body(&buffer) }) }
    return 2_000 * 16_384 / times.median / 1e6
  }
}

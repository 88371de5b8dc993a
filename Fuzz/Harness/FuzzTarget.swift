/// What is fuzzed. A target takes any bytes, and ends the process where a rule of the product is broken.
package enum FuzzTarget: String, CaseIterable, Sendable {
  case frames, handshake, records, users, log, terminal, home
  case mlsmessage, welcome, keypackage, ratchettree
  case relayframe
  /// No target of the product: it holds a fault that only a fuzzer which sees what it reaches can find.
  case planted

  package func run(_ input: [UInt8]) {
    var input = FuzzInput(input)
    switch self {
    case .frames: FramesTarget.run(&input)
    case .handshake: HandshakeTarget.run(&input)
    case .records: RecordsTarget.run(&input)
    case .users: UsersTarget.run(&input)
    case .log: LogTarget.run(&input)
    case .terminal: TerminalTarget.run(&input)
    case .home: HomeTarget.run(&input)
    case .mlsmessage: GroupsTarget.message(&input)
    case .welcome: GroupsTarget.welcome(&input)
    case .keypackage: GroupsTarget.keyPackage(&input)
    case .ratchettree: GroupsTarget.tree(&input)
    case .relayframe: RelayTarget.run(&input)
    case .planted: PlantedTarget.run(&input)
    }
  }
}

/// The bytes of one run, taken from the front; what is not there is zero or empty.
struct FuzzInput {
  private(set) var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isEmpty: Bool { rest.isEmpty }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func number16() -> Int { Int(byte()) << 8 | Int(byte()) }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  mutating func everything() -> [UInt8] { bytes(rest.count) }

  /// Everything, in pieces whose lengths follow from `seed`.
  mutating func pieces(_ seed: UInt8) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var step = Int(seed)
    while !rest.isEmpty {
      step = step * 5 % 251 + 1
      pieces.append(bytes(step % (Int(seed) + 1) + 1))
    }
    return pieces
  }
}

/// Ends the run as a finding.
func demand(_ holds: Bool, _ rule: String) {
  guard !holds else { return }
  fatalError("broken: \(rule)")
}

/// What must not fail in the harness itself.
func made<Value: ~Copyable>(_ make: () throws -> Value) -> Value {
  do {
    return try make()
  } catch {
    fatalError("the harness could not be made: \(error)")
  }
}

import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Synchronization
import Wire

/// Entropy that gives the scripted values in order, and then bytes that follow from a seed.
final class ScriptedEntropy: EntropySource {
  private struct State {
    var script: [[UInt8]]
    var generator: SeededGenerator
  }

  private let state: Mutex<State>

  init(_ script: [[UInt8]] = [], seed: UInt64 = 1) {
    state = Mutex(State(script: script, generator: SeededGenerator(seed: seed)))
  }

  /// Whether every scripted value was drawn.
  var isUsedUp: Bool { state.withLock { $0.script.isEmpty } }

  func fill(_ bytes: inout MutableSpan<UInt8>) {
    let count = bytes.count
    let values = state.withLock { state in
      if let next = state.script.first, next.count == count {
        state.script.removeFirst()
        return next
      }
      return (0..<count).map { _ in UInt8(truncatingIfNeeded: state.generator.next() >> 32) }
    }
    for index in 0..<count { bytes[index] = values[index] }
  }
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// An encapsulation whose ciphertext and secret are given.
final class ScriptedEncapsulation: KeyEncapsulation {
  private let ciphertext: [UInt8]
  private let secret: [UInt8]

  init(ciphertext: [UInt8], secret: [UInt8]) {
    self.ciphertext = ciphertext
    self.secret = secret
  }

  func encapsulate(
    to publicKey: Span<UInt8>, into secret: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    for index in self.secret.indices { secret[index] = self.secret[index] }
    return ciphertext
  }
}

func makePasswordSecret(_ bytes: [UInt8]) throws -> PasswordSecret {
  PasswordSecret(try makeSecret(bytes))
}

func makePairSecret(_ bytes: [UInt8]) throws -> PairSecret {
  PairSecret(try makeSecret(bytes))
}

extension ConnectionMachine {
  /// Everything that may leave now.
  func outbound(at now: Moment) -> [UInt8] {
    var bytes: [UInt8] = []
    takeOutbound(at: now) { bytes += [UInt8](copying: $0) }
    return bytes
  }

  func receive(_ bytes: [UInt8], at now: Moment) { received(bytes.span, at: now) }

  /// Every action that waits.
  func actions() -> [ConnectionAction] {
    var actions: [ConnectionAction] = []
    while let action = nextAction() { actions.append(action) }
    return actions
  }
}

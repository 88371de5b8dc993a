import ChatProtocol
import Testing
import Wire

/// First contacts that end where it hurts most: the two must find each other at the next, under one pin.
@Suite("First contacts that are interrupted")
struct InterruptedPairingTests {
  private let policy = NegotiationPolicy(groups: [.x25519MLKEM768], ciphers: [.aes256CBCHMACCRC32])

  // [G-08] [G-11] [G-15]
  @Test(
    "attack 31: whichever side dies in whichever of its durable writes, the pair converges on one pin",
    arguments: [true, false])
  func aDeathInEveryWrite(ofDialler: Bool) async throws {
    var deaths = 0
    var held: Set<[Bool]> = []
    for lands in [true, false] {
      for silently in [true, false] {
        var write = 0
        while true {
          await Task.yield()
          let (outcome, isInterrupted, pins) = try Pair(seed: 1, policy: policy).firstContact(
            .death(ofDialler: ofDialler, write: write, lands: lands, silently: silently))
          #expect(outcome.findings.isEmpty, "write \(write), lands \(lands), silently \(silently)")
          guard isInterrupted else { break }
          deaths += 1
          held.insert([pins.dialler, pins.listener])
          write += 1
        }
        // Pins, guesses, and lines of the log.
        #expect(write >= 4)
      }
    }
    print("first contacts: \(deaths) deaths of the \(ofDialler ? "dialler" : "listener") in a write")
    // Some of them where the listener holds a pin and the dialler none, which is what may go wrong.
    #expect(held.contains([false, true]) && held.contains([true, true]))
    #expect(!held.contains([true, false]), "the dialler never holds what the listener may not have")
  }

  // [G-08] [G-11]
  @Test("attack 31: a first contact whose FIN is cut at whatever byte converges on one pin")
  func aCutAtEveryByteOfFIN() async throws {
    // FIN is 83 bytes behind RESP and PAIR2 of 1,157 and 403.
    for offset in 0...83 {
      await Task.yield()
      let (outcome, _, pins) = try Pair(seed: 3, policy: policy).firstContact(
        .cut(afterBytes: 1157 + 403 + offset))
      #expect(outcome.findings.isEmpty, "byte \(offset) of FIN")
      #expect(pins.dialler == (offset == 83) && pins.listener, "byte \(offset) of FIN")
    }
  }
}

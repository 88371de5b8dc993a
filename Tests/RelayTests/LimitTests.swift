import Relay
import Testing

@Suite struct LimitTests {
  @Test func anEntryHoldsTheLargestPaddedEnvelope() {
    #expect(RelayLimits().entryByteCount >= 68 << 10)
  }
}

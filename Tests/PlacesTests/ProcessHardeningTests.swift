import Glibc
import Places
import Testing

@Suite struct ProcessHardeningTests {
  @Test func afterwardsNothingIsDumpedOrTracedAndDescriptorsAreMany() async {
    // An exit test: a process of its own, since all of this holds for the rest of its life.
    await #expect(processExitsWith: .success) {
      #expect(ProcessHardening.apply() == [])
      #expect(ProcessHardening.dumpsAreForbidden)
      #expect(ProcessHardening.backtraceIsOff)
      let limits = ProcessHardening.descriptorLimits
      #expect(limits.soft == limits.hard)
      var core = rlimit()
      #expect(getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core) == 0)
      #expect(core.rlim_max == 0)
    }
  }

  @Test func aCrashHandlerThatWasInstalledBeforeSaysNothing() async throws {
    let result = try #require(
      await #expect(processExitsWith: .signal(SIGILL), observing: [\.standardErrorContent]) {
        // As Swift's runtime does before main where its backtracer is enabled.
        signal(SIGILL) { _ in
          _ = "registers and memory".withCString { write(STDERR_FILENO, $0, 20) }
          _exit(1)
        }
        #expect(!ProcessHardening.backtraceIsOff)
        ProcessHardening.apply()
        raise(SIGILL)
      })
    #expect(!String(decoding: result.standardErrorContent, as: UTF8.self).contains("registers"))
  }

  @Test func writingToAPipeThatNobodyReadsIsAnErrorAndNotTheEnd() async {
    await #expect(processExitsWith: .success) {
      ProcessHardening.apply()
      var ends: [Int32] = [-1, -1]
      #expect(pipe(&ends) == 0)
      close(ends[0])
      var byte: UInt8 = 0
      #expect(write(ends[1], &byte, 1) == -1)
      #expect(errno == EPIPE)
    }
  }
}

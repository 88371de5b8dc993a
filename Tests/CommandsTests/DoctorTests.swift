import Commands
import Messenger
import Testing
import Wire

@Suite struct DoctorTests {
  private func libraries(sodium: String = "1.0.18", openSSL: String = "3.0.22") -> Finding {
    Sentences.libraries(Diagnosis.Libraries(libsodium: sodium, openSSL: openSSL, zlib: "1.2.13"))
  }

  @Test func aLibraryThatIsTooOldFailsAndSaysWhatToInstall() {
    #expect(libraries(sodium: "1.0.17").verdict == .failed)
    #expect(libraries(sodium: "1.0.17").hint?.contains("libsodium23") == true)
    #expect(libraries(openSSL: "3.0.19").verdict == .failed)
    #expect(libraries(openSSL: "1.1.1w").verdict == .failed)
    #expect(libraries(openSSL: "3.0.9").hint?.contains("libssl3") == true)
  }

  @Test func aLibraryThatMayHaveTheHoleGetsAWarning() {
    #expect(libraries(openSSL: "3.0.20").verdict == .warning)
    #expect(libraries(openSSL: "3.5.1").verdict == .warning)
    #expect(libraries(openSSL: "3.0.21").verdict == .ok)
    #expect(libraries(sodium: "1.0.20", openSSL: "3.0.22").verdict == .ok)
  }

  @Test func aRefusedLockAndALowLimitAreSaid() {
    let refused = Sentences.memory(Diagnosis.Memory(limit: 0, isLocked: false))
    #expect(refused.verdict == .warning && refused.hint?.contains("ulimit -l") == true)
    #expect(Sentences.memory(Diagnosis.Memory(limit: 64 << 10, isLocked: true)).verdict == .warning)
    #expect(Sentences.memory(Diagnosis.Memory(limit: 8 << 20, isLocked: true)).verdict == .ok)
    #expect(Sentences.memory(Diagnosis.Memory(limit: nil, isLocked: true)).verdict == .ok)
  }

  @Test func fewDescriptorsAreSaid() {
    #expect(Sentences.descriptors((soft: 32, hard: 32)).verdict == .failed)
    #expect(Sentences.descriptors((soft: 256, hard: .max)).verdict == .warning)
    #expect(Sentences.descriptors((soft: 4096, hard: 4096)).verdict == .ok)
  }

  @Test(arguments: [0, 1_700_000_000_000, 4_102_444_800_000] as [UInt64])
  func aClockThatCannotBeRightFails(milliseconds: UInt64) {
    let clocks = Diagnosis.Clocks(now: UnixTime(milliseconds: milliseconds), neverWentBack: true)
    #expect(Sentences.clocks(clocks).verdict == .failed)
  }

  @Test func aClockThatWentBackFails() {
    let now = UnixTime(milliseconds: 1_795_176_000_123)
    #expect(Sentences.clocks(Diagnosis.Clocks(now: now, neverWentBack: false)).verdict == .failed)
    #expect(Sentences.clocks(Diagnosis.Clocks(now: now, neverWentBack: true)).verdict == .ok)
  }

  @Test func whatCannotBeProtectedFails() {
    let bare = Diagnosis.Hardening(dumpsAreForbidden: false, backtraceIsOff: true)
    #expect(Sentences.process(bare).verdict == .failed)
  }

  @Test func aFindingIsOneEvent() {
    let finding = libraries(openSSL: "3.0.19")
    let text = String(decoding: JSONEvents.check(finding), as: UTF8.self)
    #expect(
      text.hasPrefix(#"{"v":1,"event":"check","name":"libraries","result":"failed","message":"libsodium"#))
    #expect(text.contains(#""hint":""#) && text.hasSuffix("\"}\n"))
    #expect(
      String(decoding: JSONEvents.doctor(warnings: 1, failed: 2), as: UTF8.self)
        == #"{"v":1,"event":"doctor","warnings":1,"failed":2}"# + "\n")
  }
}

import ChatProtocol
import Testing
import Wire

extension TestPeer {
  /// What holds of every handshake that an attack ends: this code, nothing said to the other side, no
  /// session, nothing shown and nothing pinned. What was said before the attack must have been taken.
  func expectSilentRefusal(
    _ code: ChatErrorCode, at stage: HandshakeStage? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(refusal?.code == code, sourceLocation: sourceLocation)
    if let stage { #expect(refusal?.stage == stage, sourceLocation: sourceLocation) }
    let said = sent()
    #expect(said.isEmpty, sourceLocation: sourceLocation)
    #expect(closesLink == false, sourceLocation: sourceLocation)
    #expect(summary == nil, sourceLocation: sourceLocation)
    #expect(shown.isEmpty, sourceLocation: sourceLocation)
    #expect(stored.isEmpty, sourceLocation: sourceLocation)
  }
}

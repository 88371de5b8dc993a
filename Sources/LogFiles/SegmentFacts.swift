package import SessionLog
package import Wire

/// Whose conversation a segment records, as its header states it.
package struct SegmentFacts: Hashable, Sendable {
  package var me: PeerName
  /// My profile id, 32 bytes (PROTOCOL 1.2).
  package var myIdentifier: [UInt8]
  package var peer: PeerName
  /// The peer's profile id, 32 bytes.
  package var peerIdentifier: [UInt8]
  /// The session id, 32 bytes (PROTOCOL 1.6).
  package var session: [UInt8]
  package var text: LogTextMode

  package init(
    me: PeerName, myIdentifier: [UInt8], peer: PeerName, peerIdentifier: [UInt8], session: [UInt8],
    text: LogTextMode
  ) {
    self.me = me
    self.myIdentifier = myIdentifier
    self.peer = peer
    self.peerIdentifier = peerIdentifier
    self.session = session
    self.text = text
  }
}

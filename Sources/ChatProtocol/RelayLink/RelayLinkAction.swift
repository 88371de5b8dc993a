package import Wire

/// What the driver must do for a `RelayLinkMachine`, in the order in which it takes them; nothing is emitted after
/// `.refused` and `.ended` but `.closeLink`.
package enum RelayLinkAction: Sendable {
  /// The link is up, at both sides right after RESP: the relay is proven, the client is nobody yet.
  case established(RelayLinkSummary)
  /// A whole frame of the other side: a type of 64 to 95, and at most 1 MiB.
  case frame(type: UInt8, body: [UInt8])
  /// The answer to a question for the relay's profile (L5); its signature holds.
  case profile(ProvenProfile)
  /// The handshake failed. `.closeLink` comes with it.
  case refused(RelayLinkRefusal)
  /// The link was up and is over. `.closeLink` comes with it.
  case ended(RelayLinkEnd)
  /// Close the connection; `afterFlushing`: write what `takeOutbound` still gives, then close.
  case closeLink(afterFlushing: Bool)
}

/// What both sides know of a link that is up.
package struct RelayLinkSummary: Hashable, Sendable {
  /// `th`, 32 bytes: what the client's HELLO signs (GROUPS 3.5 L3).
  package let transcriptHash: [UInt8]
  package let group: KeyAgreementGroup
  package let cipher: CipherSuite
}

/// A relay link that did not come up, or a profile that did not come.
package struct RelayLinkRefusal: Hashable, Sendable {
  package let code: ChatErrorCode
  package let role: Role
  /// False when the other side never sent a byte.
  package let peerSentBytes: Bool
  /// R: the other side asked for the profile and has it, so that nothing failed.
  package let answeredAsk: Bool
}

/// How a relay link that was up came to its end.
package struct RelayLinkEnd: Hashable, Sendable {
  /// Nil for a clean end: CLOSE both ways. Else E_MAC, E_TIMEOUT, E_PROTO, ..., `truncated`, `alert`.
  package let code: ChatErrorCode?
  /// The reason in the other side's CLOSE, if one came.
  package let peerReason: CloseReason?
  /// The other side's ALERT, if one came.
  package let alert: AlertCode?

  package init(code: ChatErrorCode?, peerReason: CloseReason?, alert: AlertCode?) {
    self.code = code
    self.peerReason = peerReason
    self.alert = alert
  }
}

package import Wire

/// What the driver tells a `ConnectionMachine`; each answers one action or comes from the user.
///
/// An event that answers no open question (a late answer after the end) is ignored.
package enum ConnectionEvent: Sendable {
  /// Answers `.lookUpPairing`.
  case pairing(PairingAnswer)
  /// Answers `.lookUpContact`.
  case contact(ContactAnswer)
  /// Answers `.lookUpKeyOwner`: whether another name owns one of the keys (then E_IDENT).
  case keyOwner(isAnother: Bool)
  /// Answers `.spendGuess`, `.storePin`, `.confirmPin`, `.raiseFloor`: it is durable.
  case stored
  /// Answers the same: it could not be written, or compare-and-set lost: E_STATE.
  case storeFailed
  /// Answers the next unanswered `.log`: its record is synced. `position` is nil when this side
  /// keeps no log that could be named (`--log-sync interval`).
  case logged(LogTicket, LoggedPosition?)
  /// The log cannot be written: E_STATE, the conversation ends.
  case logFailed
  /// The user's text. Check `canTakeText` first; see `ConnectionMachine.sendRoom`.
  case send(OutgoingText)
  /// A record for the groups of the other side; dropped where the session is not open.
  case sendGroupRecord(GroupRecord)
  /// End the conversation cleanly: texts already taken are sent, then CLOSE. Before the session is
  /// up it ends the connection at once.
  case close(CloseReason)
  /// Bytes of `ReceivedText.creditBytes` that the user has taken.
  case credit(bytes: Int)
  /// The link ended (end of input, reset, or closed on this side).
  case linkClosed
}

/// R's answer to a claimed name.
package struct PairingAnswer: Sendable {
  /// The password secret of a name that is valid, known, not the own, with pairing open and a guess
  /// left; nil for every other name, which goes on with a random one.
  package var password: PasswordSecret?
  /// The floor of an older pin of this name.
  package var floor: KeyAgreementGroup?
  /// `.verification` while this side's user waits in `verify NAME --wait`.
  package var purpose: PairingPurpose

  package init(
    password: PasswordSecret?, floor: KeyAgreementGroup? = nil,
    purpose: PairingPurpose = .conversation
  ) {
    self.password = password
    self.floor = floor
    self.purpose = purpose
  }
}

/// R's answer to an identity key.
package struct ContactAnswer: Sendable {
  /// The pin of the contact whose `ik_dh` this is; nil for an unknown key, which goes on with a
  /// random pair secret and fails as a wrong one does.
  package var pin: Pin?
  /// A session that is not wanted (blocked, too many sessions): FIN is finished, this ALERT takes
  /// the place of SYNC, and the link closes.
  package var alert: AlertCode?

  package init(pin: Pin?, alert: AlertCode? = nil) {
    self.pin = pin
    self.alert = alert
  }
}

/// A text to send. Its id comes from a `MessageStream`; a text sent again keeps id, time and `f`.
package struct OutgoingText: Sendable {
  package let id: MessageID
  package let sentAt: UnixTime
  /// `f`, 32 random bytes: the key of the text's commitment in both logs.
  package let commitmentKey: [UInt8]
  /// UTF-8, at most 65,536 bytes.
  package let text: [UInt8]
}

package import ChatProtocol
package import Wire

/// One pairing of a contact, made anew with every first contact: what compare-and-set compares.
///
/// Floor, standing and the verified flag change under one pairing, so that two sessions side by side do
/// not undo or refuse each other's progress; another key or another pair secret is another pairing.
package struct PairingID: Hashable, Sendable {
  package static let byteCount = 16
  package let bytes: [UInt8]
}

/// What stood for a name at one moment; a run remembers it when it begins.
package struct PinState: Hashable, Sendable {
  /// Nil where no pin was stored.
  package let pairing: PairingID?

  /// No pin was stored.
  package static let absent = PinState(pairing: nil)
}

/// A contact as this side knows it: the pin, and where it comes from.
package struct Contact: Sendable {
  package enum Origin: Hashable, Sendable {
    /// A stored pin.
    case stored(PairingID)
    /// An `identity` of the users file, with nothing stored yet: no pair secret.
    case usersFile
  }

  package let pin: Pin
  package let origin: Origin
  /// The users file gives this name another identity than the stored pin: exit 4 before dialling.
  package let differsFromUsersFile: Bool

  package var name: PeerName { pin.name }

  package var state: PinState {
    switch origin {
    case .stored(let pairing): PinState(pairing: pairing)
    case .usersFile: PinState(pairing: nil)
    }
  }
}

/// What a listener knows of a name that a stranger claims, before anything is proven.
package struct ClaimedContact: Sendable {
  /// What a pin of this name would be compared against.
  package let state: PinState
  /// The floor of an older pin.
  package let floor: KeyAgreementGroup?
  /// The name is a confirmed contact: only `verify NAME` pairs it anew.
  package let isConfirmed: Bool
}

/// What became of a change that was asked for.
package enum ContactChange: Sendable {
  case stored(Contact)
  case refused(ContactRefusal)
}

/// Why a change of a contact was not made; nothing was written.
package enum ContactRefusal: Hashable, Sendable {
  /// Compare-and-set: another run changed the contact since this one began. E_STATE.
  case changedMeanwhile
  /// The contact is confirmed, so only `verify NAME` replaces its pin. E_STATE.
  case alreadyConfirmed
  /// One of the two keys belongs to a contact of another name. E_IDENT.
  case keyOfAnother(PeerName)
  /// One of the two keys is one's own. E_IDENT.
  case ownKey
}

import Wire

/// Where a connection is. The states hold keys, so that there is one owner of each and no copy.
enum Phase: ~Copyable {
  // The dialling side.
  case beforeDialling(DialSetup)
  case awaitingResponse(AwaitingResponse)
  case awaitingPairingReply(AwaitingPairingReply)
  case awaitingReplyOwner(AwaitingReplyOwner)
  case awaitingConfirmation(AwaitingConfirmation)

  // The accepting side.
  case awaitingInitiation(AcceptSetup)
  case awaitingPairingRequest(AwaitingPairingRequest)
  case awaitingPairingAnswer(AwaitingPairingAnswer)
  case awaitingGuessSpent(AwaitingGuessSpent)
  case awaitingAuthentication(AwaitingAuthentication)
  case awaitingContact(AwaitingContact)
  case awaitingKeyOwner(AwaitingKeyOwner)
  case awaitingPinStored(AwaitingPinStored)

  // Both.
  case session
  case over

  /// The frame that may come now; nil while it is this side's turn.
  var gate: FrameGate? {
    switch self {
    case .awaitingInitiation: .initiation
    case .awaitingResponse(let state): state.gate
    case .awaitingPairingRequest: .pair1
    case .awaitingPairingReply: .pair2
    case .awaitingAuthentication: .authentication
    case .awaitingConfirmation: .finish
    case .beforeDialling: nil
    case .awaitingReplyOwner: nil
    case .awaitingPairingAnswer: nil
    case .awaitingGuessSpent: nil
    case .awaitingContact: nil
    case .awaitingKeyOwner: nil
    case .awaitingPinStored: nil
    case .session: nil
    case .over: nil
    }
  }

  /// What the driver was asked and has not answered.
  enum Question {
    case pairing, contact, keyOwner, storing
  }

  /// The question of the handshake that is open.
  var question: Question? {
    switch self {
    case .awaitingPairingAnswer: .pairing
    case .awaitingContact: .contact
    case .awaitingReplyOwner: .keyOwner
    case .awaitingKeyOwner: .keyOwner
    case .awaitingGuessSpent: .storing
    case .awaitingPinStored: .storing
    case .beforeDialling: nil
    case .awaitingResponse: nil
    case .awaitingPairingReply: nil
    case .awaitingConfirmation: nil
    case .awaitingInitiation: nil
    case .awaitingPairingRequest: nil
    case .awaitingAuthentication: nil
    case .session: nil
    case .over: nil
    }
  }
}

/// R, mode P: FIN is made and withheld while the provisional pin is being stored.
struct AwaitingPinStored: ~Copyable {
  let established: EstablishedSession
  let confirmation: [UInt8]
  let newPin: NewPin
}

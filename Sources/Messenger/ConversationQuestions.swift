import ChatProtocol
import Transport
import Wire

// What a machine asks about people: looked up, stored and counted on the threads for the disk, and
// answered as events. A machine has one open question at a time.
extension Conversation {
  /// Runs `work` off the loop and `then`, with its result, back on it.
  private func ask<Answer: Sendable>(
    _ work: @escaping @Sendable () throws(HomeFailure) -> Answer,
    then: @escaping (Conversation, Result<Answer, HomeFailure>) -> Void
  ) {
    let bound = LoopBound((conversation: self, then: then), on: core.executor)
    core.disk.run(on: core.executor) { () -> Result<Answer, HomeFailure> in
      do throws(HomeFailure) {
        return .success(try work())
      } catch {
        return .failure(error)
      }
    } then: { result in
      bound.value.then(bound.value.conversation, result)
    }
  }

  /// Answers `.stored`, or `.storeFailed` with the reason kept for the user.
  private func answerStored(_ result: Result<ContactChange, HomeFailure>) {
    switch result {
    case .success(.stored(let contact)):
      self.contact = contact
      tell(.stored)
    case .success(.refused(let refusal)):
      storageProblem = refusal.problem
      contactHasChanged = refusal == .changedMeanwhile || refusal == .alreadyConfirmed
      tell(.storeFailed)
    case .failure(let failure):
      storageProblem = failure.problem
      tell(.storeFailed)
    }
  }

  // MARK: Accepting a first contact

  private struct Claim: Sendable {
    let guess: Guesses.Guess
    let state: PinState
    let floor: KeyAgreementGroup?
    let isConfirmed: Bool
  }

  /// Every claimed name takes the same way: one look at the contacts, one at the guesses.
  func lookUpPairing(_ claimed: ClaimedName) {
    let isForVerification = core.servesVerificationOnly
    let name = claimed.name.flatMap { name in
      core.pairing?.takes(name) == true && (!isForVerification || name == core.verifying) ? name : nil
    }
    let isVerifying = name != nil && name == core.verifying
    let (contacts, guesses, blocked) = (core.contacts, core.guesses, core.blocked)
    ask { () throws(HomeFailure) in
      let found = try contacts.claimed(claimed.name)
      let isBlocked = try blocked.contains(claimed.name)
      let mayPair = name != nil && !isBlocked && (!found.isConfirmed || isVerifying)
      return Claim(
        guess: try guesses.reserve(claimed, known: mayPair), state: found.state, floor: found.floor,
        isConfirmed: found.isConfirmed && !isVerifying && !isBlocked)
    } then: { conversation, result in
      conversation.answerPairing(claimed, isVerifying: isVerifying, result)
    }
  }

  private func answerPairing(
    _ claimed: ClaimedName, isVerifying: Bool, _ result: Result<Claim, HomeFailure>
  ) {
    let claim: Claim
    switch result {
    case .success(let found):
      claim = found
    case .failure(let failure):
      storageProblem = failure.problem
      tell(.pairing(PairingAnswer(password: nil)))
      return
    }
    if claim.isConfirmed, let name = claimed.name {
      core.events.put(.repairWanted(RepairWantedEvent(name: name, address: address.description)))
    }
    keep(claim)
    guard let pairing = core.pairing else {
      tell(.pairing(PairingAnswer(password: nil)))
      return
    }
    // Nothing is ever prepared for the own name: a claim without a real guess waits the same way.
    let asked = claimed.name.flatMap { claim.guess.isReal ? $0 : nil } ?? core.options.me
    let answer = { (conversation: Conversation, secret: PasswordSecret?) in
      conversation.tell(
        .pairing(
          PairingAnswer(
            password: secret, floor: secret == nil ? nil : claim.floor,
            purpose: isVerifying ? .verification : .conversation)))
    }
    let bound = LoopBound((conversation: self, answer: answer), on: core.executor)
    let (executor, secrets) = (core.executor, pairing.secrets)
    Task {
      let secret = await secrets.prepared(for: asked)
      executor.execute { bound.value.answer(bound.value.conversation, secret) }
    }
  }

  private func keep(_ claim: Claim) {
    guard refusal == nil else {
      // The connection ended meanwhile; nobody will spend it.
      core.guesses.release(claim.guess)
      return
    }
    guess = claim.guess
    expecting = claim.state
  }

  func spendGuess() {
    guard let guess else {
      storageProblem = storageProblem ?? ContactRefusal.changedMeanwhile.problem
      tell(.storeFailed)
      return
    }
    let guesses = core.guesses
    ask { () throws(HomeFailure) in
      var spent = guess
      try guesses.spend(&spent)
      return spent
    } then: { conversation, result in
      switch result {
      case .success(let spent):
        conversation.guess = spent
        conversation.tell(.stored)
      case .failure(let failure):
        conversation.storageProblem = failure.problem
        conversation.tell(.storeFailed)
      }
    }
  }

  func releaseGuess() {
    if let guess { core.guesses.release(guess) }
    guess = nil
  }

  func returnGuess() {
    guard let guess else { return }
    self.guess = nil
    let guesses = core.guesses
    ask { () throws(HomeFailure) in
      try guesses.giveBack(guess)
    } then: { _, _ in
      // One that stays spent costs one guess, which `verify` opens again.
    }
  }

  // MARK: Contacts

  func lookUpContact(_ key: [UInt8]) {
    let (contacts, blocked) = (core.contacts, core.blocked)
    ask { () throws(HomeFailure) in
      let contact = try contacts.contact(agreementKey: key)
      return (contact: contact, isBlocked: try blocked.contains(contact?.name))
    } then: { conversation, result in
      guard case .success(let found) = result else {
        // A pin that cannot be read is no unknown key, but this side can say no more than to one.
        if case .failure(let failure) = result { conversation.storageProblem = failure.problem }
        conversation.tell(.contact(ContactAnswer(pin: nil)))
        return
      }
      conversation.answerContact(found.contact, isBlocked: found.isBlocked)
    }
  }

  private func answerContact(_ contact: Contact?, isBlocked: Bool) {
    self.contact = contact
    let why: UnwantedContact.Why? =
      if isBlocked {
        .blocked
      } else if core.servesVerificationOnly {
        .verifying
      } else if let contact, core.options.requiresVerified, !contact.pin.isVerified {
        .unverified
      } else if let contact,
        core.sessionCount(withProfile: contact.pin.profile.profileID) >= MessengerCore.sessionLimit
      {
        .tooMany
      } else {
        nil
      }
    unwanted = why.flatMap { why in contact.map { UnwantedContact(name: $0.name, why: why) } }
    tell(.contact(ContactAnswer(pin: contact?.pin, alert: unwanted?.why.alert)))
  }

  func lookUpKeyOwner(_ profile: ProvenProfile) {
    let contacts = core.contacts
    ask { () throws(HomeFailure) in
      try contacts.conflict(with: profile.profile)
    } then: { conversation, result in
      switch result {
      case .success(let conflict):
        conversation.tell(.keyOwner(isAnother: conflict != nil))
      case .failure(let failure):
        // What cannot be looked up is not taken for free.
        conversation.storageProblem = failure.problem
        conversation.tell(.keyOwner(isAnother: true))
      }
    }
  }

  func storePin(_ pin: NewPin) {
    let name = pin.profile.name
    // Of two first contacts that cross, one dialled from each side, both would leave a pin, and not the
    // same: the one that the name first in order dialled goes on.
    let isFirst = core.identity.profile.name.utf8.lexicographicallyPrecedes(name.utf8)
    if !isDialled, isFirst, core.dialsFirstContact(with: name) {
      answerStored(.success(.refused(.changedMeanwhile)))
      return
    }
    let contacts = core.contacts
    let expecting = expecting ?? PinState(pairing: nil)
    ask { () throws(HomeFailure) in
      try contacts.store(pin, expecting: expecting, at: .now)
    } then: { conversation, result in
      conversation.answerStored(result)
    }
  }

  func confirmPin(_ profile: ProvenProfile, _ floor: KeyAgreementGroup) {
    guard let contact, contact.pin.profile.isSameIdentity(as: profile) else {
      tell(.storeFailed)
      return
    }
    if case .stored = contact.origin, contact.pin.standing == .confirmed,
      contact.pin.floor.strength >= floor.strength
    {
      core.pairing?.close(contact.name)
      tell(.stored)
      return
    }
    let contacts = core.contacts
    ask { () throws(HomeFailure) in
      try contacts.confirm(contact, floor: floor, at: .now)
    } then: { conversation, result in
      if case .success(.stored(let contact)) = result { conversation.core.pairing?.close(contact.name) }
      conversation.answerStored(result)
    }
  }

  func raiseFloor(_ profile: ProvenProfile, _ floor: KeyAgreementGroup) {
    guard let contact, contact.pin.profile.isSameIdentity(as: profile) else {
      tell(.storeFailed)
      return
    }
    let contacts = core.contacts
    ask { () throws(HomeFailure) in
      try contacts.raiseFloor(contact, to: floor, at: .now)
    } then: { conversation, result in
      conversation.answerStored(result)
    }
  }

  /// The other side's CLOSE says that it only checks a new key: it has stored nothing, so a pin that this
  /// run confirmed goes back to provisional, or a `no` over there would lock both out.
  func doubtPin() {
    guard let summary, !summary.isKnown, !summary.isVerification, let contact else { return }
    isPinDoubted = true
    let contacts = core.contacts
    ask { () throws(HomeFailure) in
      try contacts.doubt(contact, at: .now)
    } then: { conversation, result in
      guard case .success(.stored(let contact)) = result else { return }
      conversation.contact = contact
      if let pairing = conversation.core.pairing, pairing.holds(contact.name) {
        pairing.reopen(contact.name)
      }
    }
  }

  /// I, mode K: FIN was made with the pair's secret, so the other side holds this very pin.
  func confirmDialledPin() {
    guard isDialled, let summary, summary.isKnown, let contact, contact.pin.standing == .provisional else {
      return
    }
    let contacts = core.contacts
    ask { () throws(HomeFailure) in
      try contacts.confirm(contact, floor: summary.group, at: .now)
    } then: { conversation, result in
      // One that cannot be written stays provisional, which locks nobody out.
      if case .success(.stored(let contact)) = result { conversation.contact = contact }
    }
  }

  // MARK: Dialling

  func countFailedGuess() {
    guard let run = dialRun, case .firstContact(let plan) = run.plan else { return }
    isCountingGuess = true
    let (dialGuesses, name) = (core.dialGuesses, run.target.name)
    ask { () throws(HomeFailure) in
      try dialGuesses.countFailure(name, plan.password)
    } then: { conversation, result in
      conversation.isCountingGuess = false
      if case .failure(let failure) = result { conversation.storageProblem = failure.problem }
      conversation.concludeIfReady()
    }
  }
}

extension UnwantedContact.Why {
  /// What the other side is told. Who is not verified here is no more wanted than who is blocked.
  fileprivate var alert: AlertCode {
    switch self {
    case .blocked, .unverified: .blocked
    case .verifying, .tooMany: .tooManySessions
    }
  }
}

extension ContactRefusal {
  /// The refusal as a sentence's parts.
  var problem: StorageProblem {
    switch self {
    case .changedMeanwhile:
      StorageProblem(path: "", why: "another connection changed this contact meanwhile", errorNumber: 0)
    case .alreadyConfirmed:
      StorageProblem(path: "", why: "this contact is known already; verify pairs anew", errorNumber: 0)
    case .keyOfAnother(let name):
      StorageProblem(path: "", why: "the key is that of \(name.text)", errorNumber: 0)
    case .ownKey:
      StorageProblem(path: "", why: "the key is one's own", errorNumber: 0)
    }
  }
}

/// The rule of this product's groups that a well-formed message broke (docs/GROUPS.md).
package enum MemberRefusal: String, Error, Hashable, Sendable, CaseIterable {
  // Certificates
  case certificateVersion, certificateScheme, certificatePairHere, certificateProfile, certificateName
  case certificateTimes, certificateExpired, certificateNotYetValid, certificateKeyDiffers
  case certificateProfileDiffers, credentialNotACertificate
  // Descriptions
  case descriptionMissing, descriptionVersion, descriptionName, descriptionFlags, descriptionRelays
  case descriptionAddress, descriptionAdmins, descriptionTooLong
  // Envelopes
  case envelopeVersion, envelopeScheme, envelopeType, envelopeSize, envelopePadding, envelopeBody
  case envelopeGroup, envelopeEpoch, envelopeAuthenticator, envelopeSender, envelopeNumber
  // Entries
  case entryUnknownHint, entryKindDiffers
  // Invitations and key packages
  case invitationVersion, invitationContent, keyPackageForm, keyPackageTooLong, keyPackageNotOfThisGroup
  // Members and commits
  case nameTaken, keyTaken, addNotAllowed, removeNotAllowed, proposalNotAllowed, credentialChanged
  case descriptionChangeNotAllowed, tooManyAdds, nextKeyDiffers, slotDiffers, slotSignature
  case replacesAnother
  // Presence
  case presenceForm, presenceSender
}

internal import Cryptography

/// Why a step of the group's machine failed, sorted by fault. A step that throws leaves the state as it was.
package enum GroupError: Error, Hashable, Sendable {
  /// The peer's: bytes that are not the structure of RFC 9420 that should stand there.
  case malformed(Malformation)
  /// The peer's: well-formed, and against a rule of RFC 9420 or of the policy.
  case refused(Refusal)
  /// The peer's: against a rule of this product's groups.
  case member(MemberRefusal)
  /// A tag, a signature or a decryption does not hold. Says nothing more, on purpose.
  case notAuthentic
  /// The place's: no guarded memory, or a library that refused to work.
  case placeFailed
  /// Ours: a call that this state does not allow.
  case misuse(Misuse)

  package enum Malformation: Hashable, Sendable {
    case truncated
    /// Bytes after the end of a structure or a vector.
    case trailingBytes
    /// A length that is not in its shortest form, or has the prefix that stands for none (RFC 9000, 16).
    case wrongLengthPrefix
    /// A number that RFC 9420 gives no meaning in this place; `structure` names where.
    case unknownValue(structure: Structure)
    case tooLarge
  }

  /// A discriminator that had a value without a meaning.
  package enum Structure: Hashable, Sendable {
    case optional, version, wireFormat, credential, leafNodeSource, nodeType, proposalType,
      proposalOrReference
    case pskType, pskUsage, senderType, contentType, cipherSuite
  }

  package enum Misuse: Hashable, Sendable {
    case notAMember, nothingStaged, unsupportedSuite, removedFromGroup, groupIsReinitialised, damagedState
    /// More bytes than HKDF gives at once were asked for.
    case tooManyBytes
  }
}

/// The rule that a well-formed message broke; the comment says where RFC 9420 has it.
package enum Refusal: String, Error, Hashable, Sendable, CaseIterable {
  // Messages (6)
  case otherGroup, pastEpoch, futureEpoch, wrongWireFormat, unknownSender, blankSender, senderNotAllowed
  case applicationInPublic, paddingNotZero, generationTooFar, generationUsed, ownMessage
  case membershipTagMissing, externalCommitByPolicy, externalSenderUnknown, externalProposalByPolicy
  // Leaf nodes (7.3)
  case leafSourceWrong, leafSuiteUnsupported, leafVersionUnsupported, leafExtensionUnlisted
  case leafCredentialUnlisted
  case leafLacksRequiredExtension, leafLacksRequiredProposal, leafLacksRequiredCredential
  case leafCredentialUnsupportedByMember, leafUnsupportsMemberCredential, leafLacksGroupExtension
  case leafExpired, leafNotYetValid, leafLifetimeTooLong, credentialTypeByPolicy, credentialRefused
  case duplicateSignatureKey, duplicateEncryptionKey, duplicateExtension, invalidEncryptionKey
  // Key packages (10.1)
  case keyPackageVersion, keyPackageSuite, keyPackageInitKeyIsEncryptionKey, keyPackageInitKeyInvalid
  // Trees (4.1, 7.8, 7.9, 12.4.3.1)
  case treeEndsBlank, treeLeafAtParent, treeParentAtLeaf, treeTooLarge, treeEmpty, treeHashDiffers
  case unmergedLeafNotSorted, unmergedLeafNotBelow, unmergedLeafBlank, unmergedLeafNotInBetween
  case parentHashUnlinked
  // Proposals (12.1) and their lists (12.2)
  case updateOfUnchangedKey, updateOutsideOwnLeaf, updateByCommitter, removeOfBlankLeaf, removeOfCommitter
  case severalChangesOfOneLeaf, addOfMember, duplicateAdd
  case pskNonceLength, pskUsageWrong, pskUnknown, duplicatePSK, pskGroupOrEpochUnknown
  case severalGroupContextExtensions, groupContextExtensionUnsupported, requiredCapabilityUnsupported
  case reInitNotAlone, reInitVersionLower, externalInitInMemberCommit
  case externalCommitWithoutInit, severalExternalInit, externalCommitProposalNotAllowed
  case externalCommitByReference
  case severalRemovesInExternalCommit, externalSenderProposalNotAllowed, newMemberProposalNotAdd
  case proposalReferenceUnknown, tooManyProposals
  // Commits (12.4)
  case pathMissing, pathLengthWrong, pathCiphertextCountWrong, pathKeyNotNew, pathPublicKeyWrong
  case pathSecretLength
  case confirmationTagMissing, leafParentHashWrong, externalCommitWithoutPath
  // Welcomes (12.4.3.1)
  case welcomeNotForKeyPackage, welcomeSuiteDiffers, welcomeVersionDiffers, welcomeWithoutTree
  case welcomeSignerBlank
  case welcomeOwnLeafMissing, welcomePathSecretWrong, welcomeSignerIsSelf, welcomePSKNotAlone
  case welcomeEpochNotFirst
  case duplicateKeyPackageReference, joinerSecretLength
  case limitExceeded
}

extension GroupError {
  /// What a failure of Cryptography means here.
  init(_ error: CryptographyError) {
    self =
      switch error {
      case .notAuthentic, .damagedAfterAuthentication, .weakShare, .wrongLength: .notAuthentic
      case .guardedMemoryExhausted, .underlyingLibraryFailed: .placeFailed
      }
  }
}

/// Runs what Cryptography does, with its errors as this room's.
func cryptography<R: ~Copyable>(_ body: () throws(CryptographyError) -> R) throws(GroupError) -> R {
  do throws(CryptographyError) {
    return try body()
  } catch {
    throw GroupError(error)
  }
}

/// Throws the refusal unless the rule holds.
func require(_ holds: Bool, _ refusal: Refusal) throws(GroupError) {
  guard holds else { throw .refused(refusal) }
}

import Cryptography
import Wire

/// The key chain of one direction: every record takes one step, and the old keys are gone.
///
/// MK = HMAC(CK, 0x01), CK' = HMAC(CK, 0x02); the record's keys are HKDF of MK under the cipher's
/// label (PROTOCOL 1.7). Nothing of a chain is ever written to disk.
struct RecordChain<Purpose: SecretPurpose>: ~Copyable {
  private var chainKey: Secret<Purpose>
  private var material: Secret<RecordKeyMaterial>
  private let cipher: RecordCipher
  private let keyInfo: [UInt8]
  /// Counts all records of this direction, across epochs.
  private(set) var sequence: UInt64
  private(set) var epoch: UInt32
  /// AAD = "rec" | role | epoch u32 | seq u64 | len u16, of the record before.
  private var associated: [UInt8]

  init(
    chainKey: consuming Secret<Purpose>, cipher: RecordCipher, sender role: Role,
    epoch: UInt32 = 0, sequence: UInt64 = 0, in region: GuardedRegion
  ) throws(CryptographyError) {
    let material = try Secret<RecordKeyMaterial>(in: region)
    self.chainKey = chainKey
    self.material = material
    self.cipher = cipher
    keyInfo = Label.prefix + [UInt8](cipher.keyLabel.utf8)
    self.sequence = sequence
    self.epoch = epoch
    associated = Label.bytes("rec") + [role.rawValue] + [UInt8](repeating: 0, count: 14)
  }

  /// Moves the chain on and lends the keys of the next record to `body`; they are gone afterwards,
  /// also when `body` throws.
  mutating func step<R, E: Error>(
    frameLength: UInt16, _ body: (_ keyMaterial: Span<UInt8>, _ associated: Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    setAssociated(frameLength: frameLength)
    advance()
    let count = cipher.keyMaterialByteCount
    let associated = associated
    defer { material.wipe() }
    return try material.withBytes { (material) throws(E) -> R in
      try body(material.extracting(first: count), associated.span)
    }
  }

  /// A rekey takes effect: the new chain key, the next epoch; the sequence goes on.
  mutating func switchEpoch(to chainKey: consuming Secret<Purpose>) {
    self.chainKey = chainKey
    epoch += 1
  }

  private mutating func advance() {
    let count = cipher.keyMaterialByteCount
    let info = keyInfo
    Self.advance(&chainKey, info, &material, count)
    sequence += 1
  }

  private static func advance(
    _ chainKey: inout Secret<Purpose>, _ info: [UInt8], _ material: inout Secret<RecordKeyMaterial>,
    _ count: Int
  ) {
    material.withMutableBytes { material in
      var keys = material._mutatingExtracting(first: count)
      KeyRatchet.step(&chainKey, info: info.span, into: &keys)
    }
  }

  private mutating func setAssociated(frameLength: UInt16) {
    let (start, epoch, sequence) = (associated.count - 14, epoch, sequence)
    var bytes = associated.mutableSpan
    bytes.store(bigEndian: epoch, at: start)
    bytes.store(bigEndian: sequence, at: start + 4)
    bytes.store(bigEndian: frameLength, at: start + 12)
  }
}

/// Room for the key material of any cipher: the largest takes 80 bytes.
private enum RecordKeyMaterial: SecretPurpose { static let byteCount = 80 }

import Cryptography
import Wire

/// The key chain of one direction: every record takes one step, and the old keys are gone.
///
/// MK = HMAC(CK, 0x01), CK' = HMAC(CK, 0x02); the record's keys are HKDF of MK under the cipher's
/// label (PROTOCOL 1.7). Nothing of a chain is ever written to disk.
struct RecordChain<Purpose: SecretPurpose>: ~Copyable {
  private var chainKey: Secret<Purpose>
  private var recordMasterKey: Secret<RecordMasterKey>
  private var material: Secret<RecordKeyMaterial>
  private let cipher: RecordCipher
  private let keyInfo: [UInt8]
  /// Counts all records of this direction, across epochs.
  private(set) var sequence: UInt64
  private(set) var epoch: UInt32
  /// "rec" | role: what every record of this direction authenticates first.
  private let associatedStart: [UInt8]

  init(
    chainKey: consuming Secret<Purpose>, cipher: RecordCipher, sender role: Role,
    epoch: UInt32 = 0, sequence: UInt64 = 0, in region: GuardedRegion
  ) throws(CryptographyError) {
    let master = try Secret<RecordMasterKey>(in: region)
    let material = try Secret<RecordKeyMaterial>(in: region)
    self.chainKey = chainKey
    recordMasterKey = master
    self.material = material
    self.cipher = cipher
    keyInfo = Label.prefix + [UInt8](cipher.keyLabel.utf8)
    self.sequence = sequence
    self.epoch = epoch
    associatedStart = Label.bytes("rec") + [role.rawValue]
  }

  /// Moves the chain on and lends the keys of the next record to `body`; they are gone afterwards,
  /// also when `body` throws.
  mutating func step<R, E: Error>(
    frameLength: UInt16, _ body: (_ keyMaterial: Span<UInt8>, _ associated: Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    let associated = associatedBytes(frameLength: frameLength)
    advance()
    let count = cipher.keyMaterialByteCount
    recordMasterKey.wipe()
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
    Self.advance(&chainKey, &recordMasterKey, &material, info, count)
    sequence += 1
  }

  private static func advance(
    _ chainKey: inout Secret<Purpose>, _ master: inout Secret<RecordMasterKey>,
    _ material: inout Secret<RecordKeyMaterial>, _ info: [UInt8], _ count: Int
  ) {
    chainKey.withBytes { chainKey in
      master.withMutableBytes { HMACSHA256.authenticate([1].span, key: chainKey, into: &$0) }
    }
    master.withBytes { master in
      material.withMutableBytes { material in
        var keys = material._mutatingExtracting(first: count)
        HKDF.derive(salt: zeroSalt.span, inputKey: master, info: info.span, into: &keys)
      }
    }
    // The master key is spent: its slot carries the next chain key over.
    chainKey.withBytes { chainKey in
      master.withMutableBytes { HMACSHA256.authenticate([2].span, key: chainKey, into: &$0) }
    }
    master.withBytes { master in chainKey.withMutableBytes { $0.copy(master) } }
  }

  /// AAD = "rec" | role | epoch u32 | seq u64 | len u16.
  private func associatedBytes(frameLength: UInt16) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(associatedStart.count + 14)
    bytes += associatedStart
    bytes.append(bigEndian: epoch)
    bytes.append(bigEndian: sequence)
    bytes.append(bigEndian: frameLength)
    return bytes
  }
}

/// Room for the key material of any cipher: the largest takes 80 bytes.
private enum RecordKeyMaterial: SecretPurpose { static let byteCount = 80 }

private let zeroSalt = [UInt8](repeating: 0, count: 32)

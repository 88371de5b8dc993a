import Cryptography
import Synchronization
import Wire

/// The inputs of a rehearsal: published test keys, those of the known answers of secure_chat/1
/// (handshake.json, cases K-group1 and P-group1). Never use them for anything else.
struct RehearsalValues {
  struct Side {
    let name: String
    let agreementKey: String
    let signingSeed: String
    let challenge: String
    let ephemeral: String
    /// Empty in mode K.
    let scalar: String
  }

  let mode: HandshakeMode
  let initiator: Side
  let responder: Side
  /// I's ML-KEM seed.
  let seed: String
  let encapsulated: String
  /// What both sides know before: PRS in mode P, the pair secret in mode K.
  let shared: String
  let ciphertext: String

  /// Those of a first contact, or of contacts that know each other.
  static func of(_ mode: HandshakeMode) -> RehearsalValues {
    mode.knowsResponder ? known : pair
  }

  private func side(_ role: Role) -> Side {
    switch role {
    case .initiator: initiator
    case .responder: responder
    }
  }

  func identity(of role: Role) throws -> IdentityKeys {
    let side = side(role)
    return try IdentityKeys(
      name: try PeerName(side.name), agreementKey: try Self.secret(side.agreementKey),
      signingSeed: try Self.secret(side.signingSeed))
  }

  func password() throws -> PasswordSecret { PasswordSecret(try Self.secret(shared)) }

  func pin(of role: Role) throws -> Pin {
    Pin(
      profile: try ProvenProfile(verifying: try identity(of: role).profile),
      secret: PairSecret(try Self.secret(shared)), floor: .x25519MLKEM768, standing: .confirmed,
      isVerified: false, pairedAt: UnixTime(milliseconds: 0), verifiedAt: nil)
  }

  func target() throws -> DialSetup.Target {
    guard !mode.knowsResponder else { return .known(try pin(of: .responder)) }
    return .firstContact(
      name: try PeerName(responder.name), password: try password(), floor: nil, purpose: .conversation)
  }

  func message(_ text: String) -> OutgoingText {
    OutgoingText(
      id: MessageID(stream: 1 << 63, number: 1), sentAt: UnixTime(milliseconds: 1_795_176_000_000),
      commitmentKey: [UInt8](repeating: 0x66, count: 32), text: Array(text.utf8))
  }

  func entropy(of role: Role) -> any EntropySource {
    let side = side(role)
    var script = [side.challenge, side.ephemeral]
    switch role {
    case .initiator: script.append(seed)
    case .responder:
      // It draws what stands in for an unknown password before its scalar.
      if mode == .pair { script.append(String(repeating: "09", count: 32)) }
    }
    if !side.scalar.isEmpty { script.append(side.scalar) }
    return FixedEntropy(script.map(Self.bytes))
  }

  var encapsulation: any KeyEncapsulation {
    FixedEncapsulation(ciphertext: Self.bytes(ciphertext), secret: Self.bytes(encapsulated))
  }

  private static func secret<Purpose: SecretPurpose>(_ hex: String) throws -> Secret<Purpose> {
    let value = bytes(hex)
    return try Secret(copying: value.span, in: GuardedRegion(byteCount: value.count))
  }

  private static func bytes(_ hex: String) -> [UInt8] { Hex.decode(hex) ?? [] }
}

/// The scripted values in order, then bytes that are the same in every run.
private final class FixedEntropy: EntropySource {
  private let script: Mutex<(values: [[UInt8]], counter: UInt8)>

  init(_ values: [[UInt8]]) { script = Mutex((values, 0)) }

  func fill(_ bytes: inout MutableSpan<UInt8>) {
    let count = bytes.count
    let value = script.withLock { script in
      if let next = script.values.first, next.count == count { return script.values.removeFirst() }
      script.counter &+= 1
      return [UInt8](repeating: script.counter, count: count)
    }
    for index in 0..<count { bytes[index] = value[index] }
  }
}

/// The known answers' ciphertext: the library takes no fixed randomness. Its opening is the real one.
private final class FixedEncapsulation: KeyEncapsulation {
  private let ciphertext: [UInt8]
  private let secret: [UInt8]

  init(ciphertext: [UInt8], secret: [UInt8]) {
    self.ciphertext = ciphertext
    self.secret = secret
  }

  func encapsulate(
    to publicKey: Span<UInt8>, into secret: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    guard secret.count == self.secret.count else { throw .wrongLength }
    for index in 0..<secret.count { secret[index] = self.secret[index] }
    return ciphertext
  }
}

extension RehearsalValues {
  fileprivate static let known = RehearsalValues(
    mode: .known,
    initiator: Side(
      name: "alice", agreementKey: "599a9fc36857aff238368367ce23a84d1f0f31ffe83a4c50d78352e6b7bd786d",
      signingSeed: "78d32ab6210c6dd45c6b04a659bd466abf34376ebf6a06df7de90de88a6b8542",
      challenge: "262417c5b4b5da79d22a9237f7945927f8d0e617e63d0d0ca37ce457698dd1ec",
      ephemeral: "bdeabf2bf303e06292eb472977652eae7c769d3159a15c660a8e0f66a7ac246d",
      scalar: ""),
    responder: Side(
      name: "bob", agreementKey: "6a3600f4c8bea7cac27b94f33a3601bfc98d49d62b290cfc1723d7e28b278ad0",
      signingSeed: "abe08a04bbf15a68757f5dcff906d43604bd570b5fa3259a19bdae67e35157cd",
      challenge: "100fb811c2afa5867cc56ccd0c7343ec0522c03ed3dc6555a377a1ae330908cd",
      ephemeral: "2678d7ba2432c9e7a020b76871ae9ae76b6d3337c38ac9df3dfecd9dd50d8122",
      scalar: ""),
    seed: """
      dbbeb6a6be84af801c9290af202ec1cdae9f5ffcb6b2dd93fe33a2d9f0669913\
      a8edfc539be124cde2c2f63acfa4daa9e2bd4c10234e52c162553643ca18dbd2
      """,
    encapsulated: "601a07ba7753d5ecf592581049875165788a347c9f5da7c680147d7a715debba",
    shared: "b8786f71c1033422ccfae7a3cb6a35c507040ff10d896adc9fc711d00d0c2787",
    ciphertext: """
      289bd11b767a0c03d686f6c18af39d51c9ae6c9074768062feb2ae4d01ebd3076873acc108da2646adc0398c149dc503\
      f6b94e9c49c1d80bbd944d5cbca90b12da792069ca76c44e6f3e362185c5f23f469bbffc4c6727c9a217c938021e0d46\
      e56f2108385eef36c9bbb18e1154bf094899bbafd30c84c2a668be5970ff35089d816dc0fbc61797bfd2e5b588d19479\
      c7f640bcb4a1e6fd6b339d3d9130a7b6bd14dc5f90e1bbfdd725c772b60e87f0ade8bfe0d554787053481509ef5c58e9\
      2196222d5fd5b7a518e96b1a6ae3bc747e6d42e2318d05e4483e303db5b14249f7a991faf9c9a505b782cf2f33471121\
      9b8fb31e5ef115b4a439b3907cbeddbcd99a85eeb53b1dc5176683c6f4a9936f1c499f9d2a4cb25b8bed8eff3bc23d32\
      84f4e9896ddd81bf4462714b3a68ddd3d03eb2af177fd5ab10ea502c31d4e77edc4f620de7573929d11e84cb61fe18f8\
      c05d8b7ebc41c126693f41d94d3bacfdc322e7132728be0bc8a3e694cd88558a44a77ccd32dfe882d3cd8c19024fff34\
      81237cea840988e897860a70c8d452a192513deba13c837974ec9807d0f06ed59cf7d2eba9a745ea482e39c841b034d1\
      3b6f97fadb0e0d8b11ae3e40a8d6eb1632957cdb2065df416d200593ea1f1071ccca52d5f77c4101633a299e13d2f67e\
      4aff296427484320bbdebda68768d35cf1c3dbb8a65164b9b468a79fd13dbb817daeeabb672395fbde91e7490ac94e9a\
      7378966e3c1254e749ac7939943c1a436db9800a601692ca0cad345a357d612be09cf4411a8a3e5c0cd475d62ee657cd\
      8041f1ace5a592c5ca082c04097d25fdfb48a8b522518e0c021c96aa54ae6cab38b483030d2881d8b8ab4bdb3b3f1216\
      946b773f209204d759a517b552928a47e2de8c24b8fd894a4edb4161aa99bf5d1b841ad3ca635da6696a55129d5821e7\
      98ab33238fff6f290dc713955ba1821dcbad0d7afc5d4ec1870b55cbe894fe0b3e5ec571828631a0f1de9568e92ec8c8\
      d38ab133d008feb0478fc0091c3cfbdd3e83623d451fbd698e33ee7cd77ad621449a99263d29168222d8e3516ba28301\
      8bedfc0c4b27890df5281fce3b46d42a203cf8078ceb92dab6b8be3fe2e45bf1b3ae20c7d67202776d3c4c3026de9bbd\
      76cab73b847f40e2df8854597b7bc6669a304c9db8ab521b4745fe0c823700af48504d83a97c29f95f72afe838f140ed\
      41c8954e1d10d2e6d30c2bae9ea2305c85af5a0387e9fe07491b32f6d0cf050ae9159325b1faa920a6224206fb6bb652\
      dd4f58b865785f56c9011d8071e732110d9aad8a47e46e8bfcbaa28bfcd7399a950806af9d0879476af8b826b9afc4df\
      c263565eecd378bcb65d1f06c3da1612239a57ac5b4fa47333c99dfeaf79f099c811dd277ee31a29906e334cf5703b92\
      32e260c76a041b51a71a7c000470f112cffabea3fcacdc554e3a31e1e234379609f43db5279aea4a2a964ac0d624103d\
      63d1ecb9430764ddeb183857c6b9725a5ff419b7962e888de00698a5cfe52036
      """)

  fileprivate static let pair = RehearsalValues(
    mode: .pair,
    initiator: Side(
      name: "alice", agreementKey: "17f7a30edcc35821fc535d3fdb06baabe9d2fe71e4c892c430a55de7cfcc5447",
      signingSeed: "b20df04bb67c1977d70ab3aab12c8604b61b23c4b7ec695f072d331456d892e8",
      challenge: "9648daf7d63dd6468044b7f9a13872dd2857e0591c700aebaa7fe3a6ef7df866",
      ephemeral: "a3a73f2fa5c172995daec76d5a91f308651f5ae55d417dddf2304e610d4ccaa4",
      scalar: "7ae2645aaccf8732d6ebd5c36d8937f498394c7019bb3bc659999817b350330e"),
    responder: Side(
      name: "bob", agreementKey: "570ce97435109b790d0ed74bee2e6b74ae5425e4665606b08f87d6f6ac40172e",
      signingSeed: "676b7c30798c4c61931e9342fd13f139128bca2309a03a7d96d6d59e72a50b62",
      challenge: "62e205cedfcb211f115c43ea9845c7464497e340bd4a74e9ac0d32a0bbc0307b",
      ephemeral: "898bfa26b9da200b3efb49d5bc95db1e60919d359c701b459d7c30da4a94031e",
      scalar: "2baa03ddb0c723242ed43de92204510d8b443198dddb2eaa49335c81bc9ffb0c"),
    seed: """
      9badcb40e1bbc746d60f12e22abc8e9bb0c9eefe7924da13a866d3d1a7bd75c2\
      2eb4e1c7a5549a7a24306df69a34903758e9c4d8f1fad3573393b40c0f0bd05d
      """,
    encapsulated: "5213e91fff2216224f337d04deef606de33f4b4cdb581b73c30e9582dae8a3a8",
    shared: "7fd649c3317bee2537620ab68a5236234a63cbd7c307b297ea7b665a7365ef53",
    ciphertext: """
      3e6f7e8f7c9d37f39ea91e2428156205b6ae5b9b44ffe195112d38835d398efbac23ebe2d0ae545bca48c597f03f6e35\
      b5e9090c72ca87c8fc3bbd930a1617e5126419e1c0af452d9fb36e73db415a3722f59970d49c65823f62b5c32b22f6e7\
      651439990d5feb84a8baf7e77c0bf3fe0982c14695baa978916f40a9ee6e0c57c284bc2b788f786e8fa7089c77eee0c8\
      5f88111a3df4ccfee2a7ce2d7159d4b9179b32e71be8540be622b7d022dd919fe3d073ae92e5be6024041abc6351453b\
      8c581c11faacab53bf4f13dfa42572f7747cb8a525ba495f3f19382b03e882197df4f2a0132b5718e191f8d7ddada912\
      e340a1328efb4be9e490df6bcc75535bbbfcd0d6e9d2b65f077f00dcf6580c1648548f2d034a32a8fd9fc8643a6293a9\
      d791b56760abe901941b987be326caabf0bbe21a9359a8658afc5a8a03255357a30e144dca1e56f0013ee2fb8c17d812\
      61372bf917da5889d9a0fc236be1af4c4aa3786420d6859b2b35e4e9bcdfd1dcc566d1bf797b826c4f0e8849c214f9a4\
      8157b8354cfb5e8d5e31a4ecc602bae75e0cb8991c8c7d48548d5fa67c7541a8faf5399b0e44f52430605a54f62b5153\
      3783bb881dd6c597bd0c2ac2fb037d376fd06ae402208540da658f482b13ade3a11fa0a8f5da43f5dd4aed97fe3dd5e0\
      bd3421cbbee6d4964a98321bd8f73d001f5c03ca8100a64b6395413f6bc3e5627295056b60f9cdc7bc96af2a75b3b048\
      8e6f58c707f480512a9ed8fcf32eb1f06fc0419298028d2dc55f3fa21be4c3002becbcadfaa9bdfac6c1bc0edc799a13\
      9204e3bc70fc431074c038d1a5a444e9ddc2cf060a5a9cbae11e7de40a444c2447bd100449d948a4492ac9312d5882fd\
      15b1bd9333265b13f3d0258df448d46d6fd821f2f60a4dad7c2aedb5c8f0baf27346243dd312bc8a72471aeedb5e9ff2\
      b3ff334f4fae4f5d7633e752359630d6f73578172391ea5cb3332fbb9c025f5fc1a4514feeb7406e7abf36d190961d36\
      2ab13308c17b7050e9038b1b21e37782154276d44ff46b3609cafcbbef694f498b6160a006fa04a115f5959eab866984\
      e7dc7b35e3d5a9415b0d756c982dcf0831985f4c035ba0c9b9a0cc4595985a81d5225ea01c42eb063a6b79f93edaa370\
      d63a48fdb78c5c9dc49b420aad53a2cd09b472c94cbe975a2616b9b050dc2a2caad677bb42b58239d5980c0fc787c7df\
      111108d107cb18972dc885db76a19f92861974546a59fc772b900b79b76b7660b88d2956278b5a669493bbfe2d587630\
      19d0ac38b63fea28399dcfa804f7177e84754d2576ceae99dc6c86f33e10dde85a1c7409ba1729b87e6d751e5098bb48\
      bea3d0e81875722d9cf8132f452f95db5aee8dc326589884f5611fb1a21863e710f5108d2b6f35d4048b5070fec23de6\
      aa3d8ebf60f65e40193d19a98d3cd582e7a910fe5e000128af162c8ab70924f5e8dbfc2c9d556ac3934c9d47072ca717\
      2dafa2a0a6b2093ed1d9ad4e8177e96446369b4675ba919938e1827012183339
      """)
}

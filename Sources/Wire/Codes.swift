/// Why a connection failed, as this side tells its own user (PROTOCOL 1.11); never sent.
package enum ChatErrorCode: String, Error, Hashable, Sendable, CaseIterable {
  case proto = "E_PROTO"
  case policy = "E_POLICY"
  case dh = "E_DH"
  case pake = "E_PAKE"
  case auth = "E_AUTH"
  case ident = "E_IDENT"
  case reflect = "E_REFLECT"
  case downgrade = "E_DOWNGRADE"
  case mac = "E_MAC"
  case crc = "E_CRC"
  case ku = "E_KU"
  case limit = "E_LIMIT"
  case timeout = "E_TIMEOUT"
  case state = "E_STATE"
  case closed = "E_CLOSED"
  case alert = "E_ALERT"
  case truncated = "TRUNCATED"
}

/// Why a side ends its session, as its CLOSE record says (PROTOCOL 1.9).
package enum CloseReason: UInt8, Hashable, Sendable, CaseIterable {
  case bye = 0
  case duplicate = 1
  case shuttingDown = 2
  case verified = 3
}

/// What an ALERT record tells the peer (PROTOCOL 1.11).
package enum AlertCode: UInt8, Hashable, Sendable, CaseIterable {
  /// Any fatal error: on the wire they all look the same.
  case error = 0
  case blocked = 1
  case tooManySessions = 2
  case notMember = 3
}

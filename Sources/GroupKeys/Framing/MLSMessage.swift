/// MLSMessage (RFC 9420, 6): everything that travels.
package enum MLSMessage: TLSCodable, Equatable {
  case publicMessage(PublicMessage)
  case privateMessage(PrivateMessage)
  case welcome(Welcome)
  case groupInfo(GroupInfo)
  case keyPackage(KeyPackage)

  package var wireFormat: WireFormat {
    switch self {
    case .publicMessage: .publicMessage
    case .privateMessage: .privateMessage
    case .welcome: .welcome
    case .groupInfo: .groupInfo
    case .keyPackage: .keyPackage
    }
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    guard try reader.uint16() == protocolVersion else { throw .malformed(.unknownValue(structure: .version)) }
    switch try WireFormat(reading: &reader) {
    case .publicMessage: self = .publicMessage(try PublicMessage(from: &reader))
    case .privateMessage: self = .privateMessage(try PrivateMessage(from: &reader))
    case .welcome: self = .welcome(try Welcome(from: &reader))
    case .groupInfo: self = .groupInfo(try GroupInfo(from: &reader))
    case .keyPackage: self = .keyPackage(try KeyPackage(from: &reader))
    }
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(protocolVersion)
    writer.write(wireFormat.rawValue)
    switch self {
    case .publicMessage(let message): writer.write(message)
    case .privateMessage(let message): writer.write(message)
    case .welcome(let welcome): writer.write(welcome)
    case .groupInfo(let info): writer.write(info)
    case .keyPackage(let keyPackage): writer.write(keyPackage)
    }
  }
}

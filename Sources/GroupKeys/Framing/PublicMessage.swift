package import Cryptography

/// PublicMessage (RFC 9420, 6.2): signed, and for members tagged, but not encrypted.
package struct PublicMessage: TLSCodable, Equatable {
  package var authenticated: AuthenticatedContent
  package var membershipTag: [UInt8]?

  package init(authenticated: AuthenticatedContent, membershipTag: [UInt8]?) {
    self.authenticated = authenticated
    self.membershipTag = membershipTag
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    let content = try FramedContent(from: &reader)
    authenticated = try AuthenticatedContent(
      wireFormat: .publicMessage, content: content, authenticationFrom: &reader)
    membershipTag = if case .member = content.sender { try reader.opaque() } else { nil }
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(authenticated.content)
    authenticated.encodeAuthentication(to: &writer)
    if case .member = authenticated.content.sender { writer.opaque(membershipTag ?? []) }
  }

  /// Puts a member's tag on content that was signed for this wire format.
  package static func protected(
    _ authenticated: AuthenticatedContent, context: [UInt8], membershipKey: GroupSecret, suite: GroupSuite
  ) -> PublicMessage {
    guard case .member = authenticated.content.sender else {
      return PublicMessage(authenticated: authenticated, membershipTag: nil)
    }
    let tag = suite.authenticate(authenticated.membershipBytes(context), key: membershipKey)
    return PublicMessage(authenticated: authenticated, membershipTag: tag)
  }

  /// Checks the tag of a member's message; what comes back is not yet checked for its signature.
  package func unprotected(
    context: [UInt8], membershipKey: GroupSecret, suite: GroupSuite
  ) throws(GroupError) -> AuthenticatedContent {
    if case .application = authenticated.content.content { throw .refused(.applicationInPublic) }
    if case .member = authenticated.content.sender {
      guard let membershipTag else { throw .refused(.membershipTagMissing) }
      try suite.verify(tag: membershipTag, of: authenticated.membershipBytes(context), key: membershipKey)
    }
    return authenticated
  }
}

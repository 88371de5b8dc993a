import Cryptography
package import Wire

/// Why a step of a connection failed, as the code that its own user sees.
///
/// Every path that throws one has lost its state already: what failed cannot go on.
package struct ProtocolFailure: Error, Equatable {
  package let code: ChatErrorCode

  package init(_ code: ChatErrorCode) {
    self.code = code
  }

  /// A failed check is `code`; what failed on this side is E_STATE.
  init(_ error: CryptographyError, as code: ChatErrorCode) {
    switch error {
    case .notAuthentic, .damagedAfterAuthentication, .weakShare, .wrongLength: self.code = code
    case .guardedMemoryExhausted, .underlyingLibraryFailed: self.code = .state
    }
  }
}

/// Runs a step of Cryptography whose failed check has the code `code`.
func checking<R: ~Copyable>(
  as code: ChatErrorCode, _ body: () throws(CryptographyError) -> R
) throws(ProtocolFailure) -> R {
  do {
    return try body()
  } catch {
    throw ProtocolFailure(error, as: code)
  }
}

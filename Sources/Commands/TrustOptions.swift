import ArgumentParser

/// Whom a conversation is held with.
struct TrustOptions: ParsableArguments {
  @Flag(
    name: .customLong("require-verified"),
    help: "Talk with verified contacts only: those whose words you compared (verify NAME).")
  var requireVerified = false
}

import Terminal

/// Colour for those who want it; what it marks is always said in words too.
package struct Paint: Sendable {
  let isOn: Bool

  /// No colour at all.
  package static var plain: Paint { Paint(.never, on: .error, noColor: nil, terminal: nil) }

  /// By `--color`; `auto` paints a terminal that knows how, unless NO_COLOR is set (no-color.org).
  init(_ choice: ColorChoice, on stream: StandardStream, noColor: String?, terminal: String?) {
    switch choice {
    case .always: isOn = true
    case .never: isOn = false
    case .auto:
      isOn =
        stream.isTerminal && (noColor ?? "").isEmpty && terminal != nil && terminal != ""
        && terminal != "dumb"
    }
  }

  func strong(_ text: String) -> String { wrap(text, "1") }
  func faint(_ text: String) -> String { wrap(text, "2") }
  func alarm(_ text: String) -> String { wrap(text, "1;31") }
  func good(_ text: String) -> String { wrap(text, "32") }

  private func wrap(_ text: String, _ code: String) -> String {
    isOn ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}

import Foundation

/// One JSON object of a program's output, its members by name.
package struct JSONLine: Decodable, Sendable {
  package enum Value: Decodable, Hashable, Sendable {
    case text(String)
    case number(Double)
    case truth(Bool)
    case list([Value])
    case object([String: Value])
    case null

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let value = try? container.decode(Bool.self) {
        self = .truth(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else if let value = try? container.decode(String.self) {
        self = .text(value)
      } else if let value = try? container.decode([Value].self) {
        self = .list(value)
      } else {
        self = .object(try container.decode([String: Value].self))
      }
    }
  }

  package let members: [String: Value]
  /// The line as it was written.
  package private(set) var line = ""

  package init(from decoder: any Decoder) throws {
    members = try decoder.singleValueContainer().decode([String: Value].self)
  }

  /// Reads one line; anything but one object is an error that shows the line.
  package init(_ line: String) throws {
    do {
      self = try JSONDecoder().decode(JSONLine.self, from: Data(line.utf8))
      self.line = line
    } catch {
      throw ProgramFailure("not a JSON object: \(line.debugDescription)")
    }
  }

  package var event: String? { text("event") }

  package func text(_ name: String) -> String? {
    guard case .text(let value)? = members[name] else { return nil }
    return value
  }

  package func number(_ name: String) -> Int? {
    guard case .number(let value)? = members[name] else { return nil }
    return Int(exactly: value)
  }

  package func truth(_ name: String) -> Bool? {
    guard case .truth(let value)? = members[name] else { return nil }
    return value
  }
}

extension RunningProgram {
  /// Every line of standard output so far, each of which must be one JSON object.
  package var events: [JSONLine] {
    get throws {
      try output.text.split(separator: "\n").map { try JSONLine(String($0)) }
    }
  }

  /// Waits for the event of this name, the `occurrence`-th from 0; every line before it must be JSON too.
  package func event(
    _ name: String, _ occurrence: Int = 0, within seconds: Double = 60
  ) async throws -> JSONLine {
    var seen = 0
    var index = 0
    while let text = await output.line(index, within: seconds) {
      index += 1
      let line = try JSONLine(text)
      guard line.event == name else { continue }
      if seen == occurrence { return line }
      seen += 1
    }
    throw ProgramFailure("\(self.name) has no event \(name) number \(occurrence)\n" + transcript)
  }
}

import Foundation

/// Programs that a user would pick instead, where they are installed, and the floor in plain C.
final class Peers {
  private let place: Place
  private let plain: String
  let hasSocat: Bool

  /// Makes a certificate for socat, in the place's folder.
  init(place: Place, binaries: String) throws {
    self.place = place
    plain = binaries + "/plain_peer"
    hasSocat = ["socat", "openssl"].allSatisfy { program in
      (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
      }
    }
    guard hasSocat else { return }
    // RSA: the suites of TLS 1.2 with AES-CBC and HMAC-SHA256 want it.
    try Child(
      [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-keyout", place.file("key.pem"), "-out", place.file("certificate.pem"),
      ], output: .nothing
    ).wait()
    let pair =
      try String(contentsOfFile: place.file("key.pem"), encoding: .utf8)
      + String(contentsOfFile: place.file("certificate.pem"), encoding: .utf8)
    try pair.write(toFile: place.file("both.pem"), atomically: true, encoding: .utf8)
  }

  enum Kind: String {
    case plainC = "plain C"
    case tls13 = "socat TLS 1.3"
    case tls12CBC = "socat TLS 1.2 AES-256-CBC"

    var options: String {
      switch self {
      case .plainC: ""
      case .tls13: ",openssl-min-proto-version=TLS1.3"
      case .tls12CBC: ",openssl-max-proto-version=TLS1.2,cipher=ECDHE-RSA-AES256-SHA384"
      }
    }
  }

  func isHere(_ kind: Kind) -> Bool { kind == .plainC || hasSocat }

  /// One that listens and sends back what comes (`echo`) or writes it to its output, and its port.
  func listener(_ kind: Kind, echo: Bool) throws -> (Child, Int) {
    if kind == .plainC {
      let child = try Child([plain, echo ? "echo" : "sink"])
      return (child, try Place.port(in: "port " + child.errors.line(), after: "port "))
    }
    let port = Int.random(in: 20_000..<32_000)
    let options = "reuseaddr,nodelay,cert=\(place.file("both.pem")),cafile=\(place.file("certificate.pem"))"
    let child = try Child(
      [
        "socat", "-b", "262144", "-d", "-d", echo ? "PIPE" : "STDOUT",
        "OPENSSL-LISTEN:\(port),bind=127.0.0.1,\(options)\(kind.options)",
      ].reordered(when: !echo))
    try child.errors.line(with: "listening on")
    return (child, port)
  }

  /// Standard input to the other side, and back.
  func dialler(_ kind: Kind, port: Int, input: Child.Input, oneWay: Bool) throws -> Child {
    if kind == .plainC { return try Child([plain, "connect", "\(port)"], input: input) }
    let options =
      "nodelay,cert=\(place.file("both.pem")),cafile=\(place.file("certificate.pem")),commonname=localhost"
    return try Child(
      ["socat", "-b", "262144"] + (oneWay ? ["-u"] : []) + [
        "STDIN\(oneWay ? "" : "!!STDOUT")", "OPENSSL:127.0.0.1:\(port),\(options)\(kind.options)",
      ], input: input)
  }
}

extension [String] {
  /// socat copies from its first address to its second in one-way mode: the listening one comes first there.
  fileprivate func reordered(when oneWay: Bool) -> [String] {
    guard oneWay, count >= 2 else { return self }
    return dropLast(2) + ["-u", self[count - 1], self[count - 2]]
  }
}

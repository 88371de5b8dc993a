import Foundation
import Wire

/// Figures of the real programs, as processes over loopback TCP.
struct EndToEnd {
  private let binaries: String
  private let peerBinaries: String
  private let runs: Int

  init(binaries: String, peerBinaries: String, runs: Int) {
    self.binaries = binaries
    self.peerBinaries = peerBinaries
    self.runs = runs
  }

  func run(into report: inout Report) throws {
    try coldStart(&report)
    try roundTrip(&report)
    try bulk(&report)
    try receipts(&report)
    try memory(&report)
    try idle(&report)
  }

  // MARK: From the start of a process to its first message at the other side

  private func coldStart(_ report: inout Report) throws {
    let place = try Place(binaries: binaries)
    let peers = try Peers(place: place, binaries: peerBinaries)
    let (listener, port) = try place.listener()
    let short = try place.short()
    let first = try Stopwatch.wall {
      let sender = try place.dialler("send", port: port, input: .file(short), output: .nothing)
      try listener.output.line(with: "\"event\":\"message\"")
      try sender.wait()
    }
    var times: [Double] = []
    for _ in 0..<runs {
      let start = Stopwatch.now
      let sender = try place.dialler("send", port: port, input: .file(short), output: .nothing)
      try listener.output.line(with: "\"event\":\"message\"")
      times.append(Stopwatch.now - start)
      try sender.wait()
    }
    try listener.end()
    var plain: [Double] = []
    var tls: [Double] = []
    for _ in 0..<runs {
      plain.append(try oneLine(peers, .plainC, short))
      if peers.hasSocat { tls.append(try oneLine(peers, .tls13, short)) }
    }
    let ours = times.median * 1000
    let socat = peers.hasSocat ? tls.median * 1000 : nil
    report.add(
      Row(
        "cold start to first message, known contact", "\(ours.formatted(digits: 1)) ms",
        against: beside("socat TLS 1.3", socat, "ms"), ratio: socat.map { ours / $0 },
        target: "at most 60 ms",
        isMet: ours <= 60))
    report.add(
      Row(
        "the same in plain C", "", against: beside("plain C", plain.median * 1000, "ms"),
        ratio: ours / (plain.median * 1000)))
    report.add(
      Row(
        "first contact (password hash of 64 MiB included), once", "\((first * 1000).formatted(digits: 0)) ms")
    )
  }

  private func oneLine(_ peers: Peers, _ kind: Peers.Kind, _ file: String) throws -> Double {
    let (listener, port) = try peers.listener(kind, echo: false)
    let start = Stopwatch.now
    let sender = try peers.dialler(kind, port: port, input: .file(file), oneWay: true)
    try listener.output.line()
    let time = Stopwatch.now - start
    try sender.end(SIGKILL)
    try listener.end(SIGKILL)
    return time
  }

  // MARK: A message of 64 bytes and what answers it

  private func roundTrip(_ report: inout Report) throws {
    let count = 400
    var ours: [String: Double] = [:]
    let place = try Place(binaries: binaries)
    let peers = try Peers(place: place, binaries: peerBinaries)
    let line = [UInt8](repeating: 0x61, count: 63) + [0x0a]
    for sync in ["interval", "group"] {
      place.logSync = sync
      let (listener, port) = try place.listener()
      if sync == "interval" { try place.introduce(port: port) }
      let drain = Drain(listener.output)
      let chat = try place.dialler("chat", port: port, ["--json"], input: .pipe)
      try chat.output.line(with: "\"event\":\"connected\"")
      var times: [Double] = []
      for _ in 0..<count {
        let start = Stopwatch.now
        try chat.write(line)
        try chat.output.line(with: "\"event\":\"delivered\"")
        times.append(Stopwatch.now - start)
      }
      ours[sync] = times.median * 1e6
      chat.closeInput()
      try chat.wait()
      try listener.end()
      drain.finish()
    }
    let plain = try echo(peers, .plainC, line, count)
    let tls = peers.hasSocat ? try echo(peers, .tls13, line, count) : nil
    let interval = ours["interval"] ?? 0
    report.add(
      Row(
        "64 bytes and their receipt, p50, --log-sync interval", "\(interval.formatted(digits: 0)) us",
        against: beside("socat TLS 1.3", tls, "us", digits: 0), ratio: tls.map { interval / $0 },
        target: "at most 1.2", isMet: tls.map { interval / $0 <= 1.2 }))
    report.add(
      Row(
        "the same beside plain C", "\(interval.formatted(digits: 0)) us",
        against: beside("plain C", plain, "us", digits: 0), ratio: interval / plain, target: "at most 1.6",
        isMet: interval / plain <= 1.6))
    report.add(
      Row(
        "64 bytes and their receipt, p50, both logs synced first (the default)",
        "\((ours["group"] ?? 0).formatted(digits: 0)) us"))
  }

  private func echo(_ peers: Peers, _ kind: Peers.Kind, _ line: [UInt8], _ count: Int) throws -> Double {
    let (listener, port) = try peers.listener(kind, echo: true)
    let dialler = try peers.dialler(kind, port: port, input: .pipe, oneWay: false)
    var times: [Double] = []
    for _ in 0..<count {
      let start = Stopwatch.now
      try dialler.write(line)
      try dialler.output.line()
      times.append(Stopwatch.now - start)
    }
    try dialler.end(SIGKILL)
    try listener.end(SIGKILL)
    return times.median * 1e6
  }

  // MARK: Bulk

  private func bulk(_ report: inout Report) throws {
    let byteCount = 64 << 20
    let place = try Place(binaries: binaries)
    let peers = try Peers(place: place, binaries: peerBinaries)
    let file = place.file("bulk")
    let words = [UInt8]("All work and no play makes a long file of plain text. ".utf8)
    var contents: [UInt8] = []
    contents.reserveCapacity(byteCount + words.count)
    while contents.count < byteCount { contents += words }
    contents.removeSubrange(byteCount...)
    try Data(contents).write(to: URL(fileURLWithPath: file))

    func ours(_ cipher: String) throws -> Double {
      let (listener, port) = try place.listener(json: false)
      let start = Stopwatch.now
      let sender = try place.dialler(
        "send", port: port, ["--ciphers", cipher], input: .file(file), output: .nothing)
      try listener.output.discard(byteCount)
      let time = Stopwatch.now - start
      try sender.wait()
      try listener.end()
      return Double(byteCount) / time / 1e6
    }
    func theirs(_ kind: Peers.Kind) throws -> Double? {
      guard peers.isHere(kind) else { return nil }
      let (listener, port) = try peers.listener(kind, echo: false)
      let start = Stopwatch.now
      let sender = try peers.dialler(kind, port: port, input: .file(file), oneWay: true)
      try listener.output.discard(byteCount)
      let time = Stopwatch.now - start
      try sender.end(SIGKILL)
      try listener.end(SIGKILL)
      return Double(byteCount) / time / 1e6
    }
    let (introducing, port) = try place.listener()
    try place.introduce(port: port)
    try introducing.end()
    var figures: [String: [Double]] = [:]
    let ciphers = CipherSuite.allCases.map(\.name)
    for _ in 0..<max(3, runs / 3) {
      for cipher in ciphers { figures[cipher, default: []].append(try ours(cipher)) }
      for kind in [Peers.Kind.plainC, .tls13, .tls12CBC] {
        if let figure = try theirs(kind) { figures[kind.rawValue, default: []].append(figure) }
      }
    }
    let limit = try Limits.sender()
    let tls12 = figures[Peers.Kind.tls12CBC.rawValue]?.median
    let tls13 = figures[Peers.Kind.tls13.rawValue]?.median
    for cipher in ciphers {
      let figure = figures[cipher]?.median ?? 0
      let text = "\(figure.formatted(digits: 0)) MB/s"
      if cipher == ciphers[0] {
        report.add(
          Row(
            "64 MiB of text, \(cipher), logged on both sides", text,
            against: "its sender's limit, CBC then HMAC \(limit.formatted(digits: 0)) MB/s",
            ratio: figure / limit,
            target: "at least 0.8", isMet: figure / limit >= 0.8))
        report.add(
          Row(
            "the same", text, against: beside("socat TLS 1.2 AES-256-CBC", tls12, "MB/s", digits: 0),
            ratio: tls12.map { figure / $0 }, target: "at least 1.5", isMet: tls12.map { figure / $0 >= 1.5 })
        )
      } else {
        report.add(
          Row(
            "64 MiB of text, \(cipher), logged on both sides", text,
            against: beside("socat TLS 1.3", tls13, "MB/s", digits: 0), ratio: tls13.map { figure / $0 },
            target: "above 1", isMet: tls13.map { figure > $0 }))
      }
    }
    if let plain = figures[Peers.Kind.plainC.rawValue]?.median {
      report.add(Row("the same in plain C", "", against: beside("plain C", plain, "MB/s", digits: 0)))
    }
  }

  // MARK: Messages with receipts

  private func receipts(_ report: inout Report) throws {
    let count = 20_000
    let place = try Place(binaries: binaries)
    let file = place.file("lines")
    try (1...count).map { "line \($0) of a conversation that is logged on both sides" }.joined(
      separator: "\n"
    )
    .appending("\n").write(toFile: file, atomically: true, encoding: .utf8)
    let (listener, port) = try place.listener()
    try place.introduce(port: port)
    let drain = Drain(listener.output)
    var times: [Double] = []
    for _ in 0..<max(3, runs / 3) {
      times.append(
        try Stopwatch.wall {
          try place.dialler("send", port: port, ["--lines"], input: .file(file), output: .nothing).wait()
        })
    }
    try listener.end()
    drain.finish()
    let figure = Double(count) / times.median
    report.add(
      Row(
        "messages a second, each logged on both sides and acknowledged", "\(figure.formatted(digits: 0)) /s",
        target: "at least 20,000 /s", isMet: figure >= 20_000))
  }

  // MARK: Memory

  private func memory(_ report: inout Report) throws {
    let users = 8
    let place = try Place(binaries: binaries, users: users + 1)
    let (listener, port) = try place.listener()
    let names = (1...users + 1).filter { $0 != 2 }.map { "user\($0)" }
    for name in names { try place.introduce(name, port: port) }
    let drain = Drain(listener.output)
    let idle = try listener.memory()
    var chats: [Child] = []
    for name in names {
      for _ in 0..<6 {
        let chat = try place.dialler("chat", as: name, port: port, ["--json"], input: .pipe)
        try chat.output.line(with: "\"event\":\"connected\"")
        chats.append(chat)
      }
    }
    let full = try listener.memory()
    let each = (full - idle) / Double(chats.count)
    for chat in chats { chat.closeInput() }
    for chat in chats { try chat.wait() }
    try listener.end()
    drain.finish()

    // A fresh one: what the sessions left behind must not pay for the silent ones.
    let (quiet, silentPort) = try place.listener()
    let silent = Drain(quiet.output)
    let before = try quiet.memory()
    let strangers = try Strangers(count: 2_000, port: silentPort)
    Thread.sleep(forTimeInterval: 1)
    let perSilent = (try quiet.memory() - before) / Double(strangers.count)
    strangers.close()
    try quiet.end()
    silent.finish()
    report.add(
      Row(
        "memory of a listener", "\((before / 1000).formatted(digits: 1)) MB", target: "under 20 MB",
        isMet: before < 20_000))
    report.add(
      Row(
        "memory of each established session (\(chats.count) of them)", "\(each.formatted(digits: 1)) kB",
        target: "under 16 kB", isMet: each < 16))
    report.add(
      Row(
        "memory of each silent connection (\(strangers.count) of them)",
        "\(perSilent.formatted(digits: 1)) kB",
        target: "5 kB, at most 8 kB", isMet: perSilent <= 8))
  }

  // MARK: Idle

  private func idle(_ report: inout Report) throws {
    let place = try Place(binaries: binaries)
    let (listener, port) = try place.listener()
    try place.introduce(port: port)
    let drain = Drain(listener.output)
    let chat = try place.dialler("chat", port: port, ["--json"], input: .pipe)
    try chat.output.line(with: "\"event\":\"connected\"")
    Thread.sleep(forTimeInterval: 1)
    let start = try listener.processorTime() + chat.processorTime()
    Thread.sleep(forTimeInterval: 10)
    let used = try listener.processorTime() + chat.processorTime() - start
    chat.closeInput()
    try chat.wait()
    try listener.end()
    drain.finish()
    report.add(
      Row(
        "processor time of an idle session, both ends, in 10 s", "\((used * 1000).formatted(digits: 0)) ms",
        target: "0", isMet: used < 0.02))
  }
}

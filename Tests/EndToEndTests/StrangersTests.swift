import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Strangers by the thousand at a listener that has work to do (PROTOCOL "Limits").
  @Suite struct Strangers {
    /// A listener whose contact `user1` is known, and who could still meet `user3`.
    private static func openHouse() async throws -> (Scene, RunningProgram, Int) {
      let (one, two, three) = (FreePort.next(), FreePort.next(), FreePort.next())
      let scene = try Scene(
        users: """
          [ {"username": "user1", "password": "password1", "ip": "127.0.0.1", "port": \(one)},
            {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": \(two)},
            {"username": "user3", "password": "password3", "ip": "127.0.0.1", "port": \(three)} ]
          """)
      let (listener, port) = try await scene.listener(home: "two")
      let first = try await scene.send("first contact", port: port, home: "one")
      let ending = try await first.ending()
      try scene.expect(ending == .exited(0), "the first contact: \(ending)")
      return (scene, listener, port)
    }

    /// Good peers, five at a time, each a program of its own that sends one text as a known contact.
    private static func good(
      _ count: Int, _ scene: Scene, port: Int, between: () -> Void = {}
    ) async throws {
      for group in 0..<(count + 4) / 5 {
        let programs = try (0..<min(5, count - 5 * group)).map { number in
          try scene.start(
            [
              "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--to",
              "127.0.0.1:\(port)",
            ],
            home: "one", streams: .input(Array("good \(5 * group + number)".utf8)))
        }
        for program in programs {
          let ending = try await program.ending(within: 120)
          try scene.expect(ending == .exited(0), "a good peer among strangers: \(ending)", program)
        }
        between()
      }
    }

    // [L-02] [L-08]
    @Test("attack 33: 2,000 silent and slow connections keep no good peer out, and are gone after their time")
    func slowStrangers() async throws {
      let (scene, listener, port) = try await Self.openHouse()
      let count = Crowd.raiseDescriptorLimit(for: 2000)
      try #require(count >= 500, "the limit of descriptors is too low to show anything")
      // 200 of one address that begin a good INIT, a byte a second; the others say nothing.
      let slow = Crowd.Member(host: 2, says: [0x05, 0x22, 0x01] + Array("SECCHAT".utf8))
      let members =
        (0..<200).map { _ in slow }
        + (200..<count).map { Crowd.Member(host: UInt8(3 + $0 % 20), says: []) }
      let facts = ProcessFacts(listener.processID)
      let before = (resident: facts.residentBytes, descriptors: facts.descriptors)
      let crowd = Crowd(members, to: port)
      #expect(await crowd.wait(within: 60) { $0.openCount >= count * 9 / 10 }, "\(crowd.now)")

      if let descriptors = facts.descriptors, let were = before.descriptors, descriptors - were > count / 2 {
        let each = (facts.residentBytes - before.resident) / (descriptors - were)
        print("strangers: \(each) bytes of memory each, of \(descriptors - were)")
        #expect(each < 8192, "a connection that has proven nothing takes under 8 kB")
      } else {
        print("strangers: this user may not count the listener's descriptors; their memory is not measured")
      }

      var most = 0
      try await Self.good(50, scene, port: port) { most = max(most, crowd.now.openCount) }
      #expect(most >= count / 2, "the strangers stood there while good peers came")
      crowd.stopPressing()
      #expect(await crowd.wait(within: 120) { $0.openCount == 0 }, "\(crowd.now)")
      // None was let go before its ten seconds, and those of one address no sooner than others.
      #expect(try #require(crowd.now.shortestLife) > .seconds(9))
      #expect(crowd.now.failed == 0)
      if let were = before.descriptors {
        #expect(
          await facts.descriptorsReturn(to: were), "descriptors: \(facts.descriptors ?? 0), were \(were)")
      }
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.count == 51)
    }

    /// How long each flood lasts at least: `make deep` says twenty seconds.
    private static let floodSeconds =
      ProcessInfo.processInfo.environment["SECURE_CHAT_FLOOD_SECONDS"].flatMap { Double($0) } ?? 0

    // [L-04]
    @Test(
      "attack 35: under a flood of INIT a live chat goes on, a good peer connects, and what it took returns")
    func floodOfInitiations() async throws {
      let (scene, listener, port) = try await Self.openHouse()
      // A good INIT(K) to replay, seen on the path.
      let proxy = try FrameProxy(to: port)
      _ = try await scene.send("recorded", port: proxy.port, home: "one")
      let recorded = try #require(try await proxy.end()[.toListener].first)
      try #require(recorded.count == 1316)

      let live = try scene.start(
        [
          "chat", "user2", "--users", "users.json", "--as", "user1", "--json", "--to",
          "127.0.0.1:\(port)",
        ], home: "one")
      _ = try await live.event("connected")
      let facts = ProcessFacts(listener.processID)
      let before = facts.descriptors
      var resident: [Int] = []
      var said = 0
      for round in 0..<2 {
        let flood = Flood(recorded: recorded, to: port)
        for _ in 0..<5 {
          live.write("line \(said)\n")
          // The first contact and the recorded text came before; a good peer comes after each round.
          let message = try await listener.event("message", 2 + said + round, within: 120)
          #expect(message.text("text") == "line \(said)")
          said += 1
        }
        #expect(await flood.wait(forRefused: 300, within: 120), "\(flood.refused) were refused")
        await flood.wait(forSeconds: Self.floodSeconds)
        try await Self.good(1, scene, port: port)
        let refused = await flood.stop()
        print("flood: \(refused) handshakes refused in \(flood.duration)")
        if let before {
          #expect(await facts.descriptorsReturn(to: before), "descriptors: \(facts.descriptors ?? 0)")
        }
        resident.append(facts.residentBytes)
      }
      print("flood: memory grew by \(resident[1] - resident[0]) bytes in the second round")
      #expect(resident[1] - resident[0] < 4 << 20, "what a flood took is there for the next")
      live.closeInput()
      let ending = try await live.ending()
      try scene.expect(ending == .exited(0), "the live chat: \(ending)", live)
      try await scene.stop(listener)
    }

    // [L-05]
    @Test func theOldestSilentOnesGoFairlyByAddressWhenDescriptorsRunShort() async throws {
      let (scene, listener, port) = try await Self.openHouse()
      let limited = try RunningProgram(
        "/usr/bin/prlimit", ["--pid", "\(listener.processID)", "--nofile=160:160"], environment: [:],
        folder: scene.folder.path)
      #expect(try await limited.ending() == .exited(0), "\(limited.transcript)")
      // 64 are kept for files and dials, so 96 connections may stand: the second address has twice as many as fit.
      let members =
        (0..<60).map { _ in Crowd.Member(host: 40, says: []) }
        + (0..<200).map { _ in Crowd.Member(host: 41, says: []) }
      let crowd = Crowd(members, to: port, isPressing: false)
      #expect(await crowd.wait(within: 60) { $0.closed >= 260 - 96 }, "\(crowd.now)")
      let open = crowd.now.open
      #expect(open[40, default: 0] >= 30, "the address with fewer keeps its share: \(open)")
      #expect(open[40, default: 0] + open[41, default: 0] <= 96, "\(open)")
      try await Self.good(1, scene, port: port)
      try await scene.stop(listener)
    }
  }
}

/// What the system says of a running program.
private struct ProcessFacts: Sendable {
  private let folder: String

  init(_ processID: Int32) { folder = "/proc/\(processID)" }

  var residentBytes: Int {
    let fields =
      (try? String(contentsOfFile: folder + "/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
  }

  /// Nil where this user may not look: the programs forbid it to all but root.
  var descriptors: Int? {
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder + "/fd"), !entries.isEmpty
    else { return nil }
    return entries.count
  }

  /// Waits until no more than `count` are open.
  func descriptorsReturn(to count: Int) async -> Bool {
    for _ in 0..<600 {
      if let now = descriptors, now <= count { return true }
      try? await Task.sleep(for: .milliseconds(100))
    }
    return false
  }
}

/// Bad handshakes as fast as three threads can make them: garbage under a K, a P that never goes on, a good
/// INIT(K) again, and bytes that are no frame.
private final class Flood: Sendable {
  private struct State: Sendable {
    var refused = 0
    var running = 3
    var isStopping = false
  }

  private let state = Watched(State())
  private let began = ContinuousClock.now

  init(recorded: [UInt8], to port: Int) {
    for thread in 0..<3 {
      Thread.detachNewThread { [state] in
        var number = thread
        while !state.value.isStopping {
          if Flood.isRefused(Flood.bytes(number, recorded), port) { state.change { $0.refused += 1 } }
          number += 1
        }
        state.change { $0.running -= 1 }
      }
    }
  }

  deinit { state.change { $0.isStopping = true } }

  var refused: Int { state.value.refused }
  var duration: Duration { ContinuousClock.now - began }

  func wait(forRefused count: Int, within seconds: Double) async -> Bool {
    await state.wait(within: seconds) { $0.refused >= count ? true : nil } ?? false
  }

  /// Lets it go on until it has lasted so long.
  func wait(forSeconds seconds: Double) async {
    try? await Task.sleep(for: max(.zero, .seconds(seconds) - duration))
  }

  /// How many were refused, once the last thread has ended.
  func stop() async -> Int {
    state.change { $0.isStopping = true }
    return await state.wait(within: 60) { $0.running == 0 ? $0.refused : nil } ?? refused
  }

  private static func bytes(_ number: Int, _ recorded: [UInt8]) -> [UInt8] {
    func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255) } }
    let offer: [UInt8] = [1, 0, 0, 0, 1, 0, 0, 0]
    switch number % 4 {
    case 0: return [0x05, 0x22, 0x01] + Array("SECCHAT\u{1}K".utf8) + offer + random(64 + 1184 + 48)
    case 1: return [0x04, 0xF2, 0x01] + Array("SECCHAT\u{1}P".utf8) + offer + random(64 + 1184)
    case 2: return recorded
    default: return random(200)
    }
  }

  /// Says it and waits for the end of the connection, but of an answer takes the first byte only.
  private static func isRefused(_ bytes: [UInt8], _ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let isConnected = withUnsafePointer(to: sockaddr_in.loopback(1, port)) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else { return false }
    _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, 0) >= 0 || errno == ECONNRESET
  }
}

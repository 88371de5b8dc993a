import ChatProtocol
import Cryptography
import Foundation
import TestSupport
import Testing
import Wire

extension EndToEnd {
  /// `secure_chat relay`: the real program, and clients made of the machines.
  @Suite struct Relays {
    private func relay(
      _ scene: Scene, port: Int = 0, _ more: String...
    ) async throws -> (program: RunningProgram, port: Int, profile: Profile) {
      let running = try scene.start(["relay", "--listen", "127.0.0.1:\(port)", "--json"] + more)
      let listening = try await running.event("listening")
      let text = try #require(listening.text("profile"))
      let bytes = try Base64URL.decode(canonical: text)
      let profile = try Profile(parsing: bytes.span)
      return (running, try #require(listening.number("port")), profile)
    }

    private func id(_ number: UInt64) -> MessageID { MessageID(stream: 7, number: number) }

    private func seed(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }

    /// Checks a receipt's signature as a member does.
    private func requireSigned(_ receipt: RelayReceipt, by relay: Profile, in pseudonym: [UInt8]) throws {
      let bytes = receipt.signedBytes(pseudonym: pseudonym)
      try Ed25519.verify(receipt.signature.span, of: bytes.span, publicKey: relay.ikSig.span)
    }

    @Test func itSaysWhereItStandsAndWhatItSeesAndASignalEndsIt() async throws {
      let scene = try Scene()
      let running = try scene.start("relay", "--listen", "127.0.0.1:0")
      try await running.complains("It cannot see: names, members, texts or keys.")
      try await running.complains("It keeps entries for 30 days, at most 256 MiB of each group")
      let said = running.errors.text
      #expect(said.contains("The relay listens on 127.0.0.1:"))
      #expect(said.contains("Its key, to compare: ") && said.contains("Its profile: "))
      #expect(said.contains("It can see: the network addresses of its clients, times"))
      running.send(SIGUSR1)
      try await running.complains("0 links, 0 mailboxes")
      try await scene.stop(running)
      #expect(running.output.text.isEmpty)

      // The same one again: its identity stays.
      let again = try scene.start(
        "relay", "--listen", "127.0.0.1:0", "--json", "--keep", "12h", "--quota", "4M")
      let listening = try await again.event("listening")
      #expect(said.contains(try #require(listening.text("words"))))
      #expect(listening.text("as") == "relay")
      #expect(listening.number("keep_s") == 43_200 && listening.number("quota") == 4 << 20)
      again.send(SIGUSR1)
      #expect(try await again.event("counters").number("links") == 0)
      again.send(SIGINT)
      #expect(try await again.ending() == .exited(130))
    }

    @Test func whatItCannotDoIsSaidWithTheNextStep() async throws {
      let scene = try Scene()
      let (running, port, _) = try await relay(scene)
      let taken = try await scene.run(
        "relay", "--listen", "127.0.0.1:\(port)", "--as", "second", home: "home")
      #expect(taken.exit == .exited(1) && taken.errors.contains("port \(port) of 127.0.0.1 is in use"))
      #expect(taken.errors.contains("--listen ADDR:PORT"))
      let same = try await scene.run("relay", "--listen", "127.0.0.1:0")
      #expect(same.exit == .exited(1) && same.errors.contains("another process keeps it locked"))
      for (option, value) in [("--keep", "30"), ("--keep", "1w"), ("--quota", "many"), ("--quota", "1")] {
        let wrong = try await scene.run("relay", "--listen", "127.0.0.1:0", option, value, home: "other")
        #expect(wrong.exit == .exited(2) && wrong.errors.contains("Write a number"), "\(option) \(value)")
      }
      let address = try await scene.run("relay", "--listen", "7000", home: "other")
      #expect(address.exit == .exited(2) && address.errors.contains("--listen ADDR:PORT"))
      try scene.folder.write("", to: "file")
      let home = try await scene.run("relay", "--listen", "127.0.0.1:0", "--home", scene.folder.file("file"))
      #expect(home.exit == .exited(1) && home.errors.contains(scene.folder.file("file")))
      try await scene.stop(running)
    }

    @Test func whatOneClientAppendsAnotherReadsAndEachReceiptIsSigned() async throws {
      let scene = try Scene()
      let (running, port, profile) = try await relay(scene)
      let writer = try await RelayCaller.call(port: port, relay: profile, seed: seed(1))
      let welcome = try await writer.hello()
      #expect(welcome.head == 0 && welcome.slot == 0 && welcome.others.isEmpty)
      let bodies = (1...20).map { number in Array("ciphertext \(number)".utf8) + seed(UInt8(100 + number)) }
      var chain = RelaySignedBytes.chainStart
      for (index, body) in bodies.enumerated() {
        let request = writer.append(body, id: id(UInt64(index) + 1))
        let receipt = try await writer.receipt()
        #expect(receipt.request == request && receipt.sequence == UInt64(index) + 1)
        let next = RelaySignedBytes.chain(
          after: chain, sequence: receipt.sequence, bodyHash: SHA256Hash.hash(body.span))
        chain = SHA256Hash.hash(next.span)
        #expect(receipt.chain == chain && receipt.level == .durable)
        try requireSigned(receipt, by: profile, in: writer.pseudonym)
        #expect(throws: CryptographyError.self) {
          try requireSigned(receipt, by: profile, in: seed(9))
        }
      }
      let reader = try await RelayCaller.call(port: port, relay: profile, seed: seed(1))
      #expect(try await reader.hello().head == 20)
      #expect(try await reader.entries(from: 1, count: 20).map(\.body) == bodies)
      writer.append(seed(77), id: id(21))
      let live = try await reader.answer { if case .entry(let entry) = $0 { entry } else { nil } }
      #expect(live.sequence == 21 && live.body == seed(77))
      // Somebody else's mailbox is another one.
      let other = try await RelayCaller.call(port: port, relay: profile, seed: seed(2))
      #expect(try await other.hello().head == 0)

      // A stop is said on every link.
      running.send(SIGTERM)
      #expect(try await writer.waitForEnd().peerReason == .shuttingDown)
      #expect(try await reader.waitForEnd().peerReason == .shuttingDown)
      #expect(try await other.waitForEnd().peerReason == .shuttingDown)
      #expect(try await running.ending() == .exited(0))
      try expectBlind(scene, port)
    }

    /// Nothing in the relay's folder but what clients sent sealed, and nothing of their links.
    private func expectBlind(_ scene: Scene, _ port: Int) throws {
      let files = scene.folder.allFiles.filter { $0.hasPrefix("home/profiles/relay/relay/") }
      #expect(files.contains("home/profiles/relay/relay/relay.sqlite"))
      for file in files {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scene.folder.file(file))))
        for sought in [
          Sought("an address", Array("127.0.0.1".utf8)), Sought("a seed of a member", seed(1)),
        ] {
          let isThere = sought.isIn(bytes)
          #expect(!isThere, "\(sought.name) is in \(file)")
        }
        var status = stat()
        #expect(stat(scene.folder.file(file), &status) == 0 && status.st_mode & 0o077 == 0, "\(file)")
      }
    }

    private struct Noted {
      let receipt: RelayReceipt
      let body: [UInt8]
    }

    private static func body(_ writer: Int, _ number: Int) -> [UInt8] {
      Array("entry \(writer) \(number)".utf8)
    }

    @Test func afterAKillEveryReceiptedEntryIsThereAsItWas() async throws {
      let scene = try Scene()
      let (running, port, profile) = try await relay(scene)
      // A link may append forty times at once.
      let (links, each) = (4, 35)
      var writers: [RelayCaller] = []
      var term: UInt64 = 0
      for _ in 0..<links {
        let writer = try await RelayCaller.call(port: port, relay: profile, seed: seed(3))
        term = try await writer.hello().term
        writers.append(writer)
      }
      for number in 1...each {
        for (index, writer) in writers.enumerated() {
          writer.append(Self.body(index, number), id: id(UInt64(index * each + number)))
        }
      }
      let first = try await writers[0].receipt()
      running.send(SIGKILL)
      _ = try await running.ending()
      var receipts = [Noted(receipt: first, body: Self.body(0, Int(first.request)))]
      for (index, writer) in writers.enumerated() {
        await writer.drain()
        for receipt in writer.receiptsThatCame() {
          receipts.append(Noted(receipt: receipt, body: Self.body(index, Int(receipt.request))))
        }
      }

      let (second, newPort, same) = try await relay(scene)
      #expect(same == profile)
      let reader = try await RelayCaller.call(port: newPort, relay: profile, seed: seed(3))
      let welcome = try await reader.hello()
      let highest = try #require(receipts.map(\.receipt.sequence).max())
      #expect(welcome.term == term && welcome.head >= highest)
      let entries = try await reader.entries(from: 1, count: Int(highest))
      for noted in receipts {
        let sequence = noted.receipt.sequence
        let entry = try #require(entries.first { $0.sequence == sequence })
        #expect(entry.chain == noted.receipt.chain && entry.body == noted.body)
      }
      // All of it is appended again under its ids, and stands once.
      for index in 0..<links {
        let writer = try await RelayCaller.call(port: newPort, relay: profile, seed: seed(3))
        try await writer.hello()
        for number in 1...each {
          writer.append(Self.body(index, number), id: id(UInt64(index * each + number)))
          _ = try await writer.receipt()
        }
      }
      let all = try await RelayCaller.call(port: newPort, relay: profile, seed: seed(3))
      #expect(try await all.hello().head == UInt64(links * each))
      try await scene.stop(second)
    }

    @Test func strangersGetNothingAndAClientIsServedAfterThem() async throws {
      let scene = try Scene()
      let (running, port, profile) = try await relay(scene)
      for text in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}"] {
        let socket = try RawSocket(connectedTo: port)
        socket.write(Array(text.utf8))
        #expect(await socket.everything(within: 60) == [])
      }
      // A relay's key is not the one that the client knows: not a byte comes back.
      let stranger = try IdentityKeys.generate(name: PeerName("relay"), entropy: SystemEntropy.shared)
      await #expect(throws: ProgramFailure.self) {
        _ = try await RelayCaller.call(port: port, relay: stranger.profile, seed: seed(4))
      }
      // Who has no profile asks for it.
      let asking = try RawSocket(connectedTo: port)
      asking.write([0, 1, 7])
      #expect(await asking.everything(within: 60) == [0, 194, 8] + profile.bytes)
      // A key that is not the mailbox's.
      let member = try await RelayCaller.call(port: port, relay: profile, seed: seed(5))
      try await member.hello()
      member.append([1], id: id(1))
      #expect(try await member.receipt().sequence == 1)
      try await scene.stop(running)
    }
  }
}

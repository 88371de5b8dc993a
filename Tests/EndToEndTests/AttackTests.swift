import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// The attacks of the protocol against the built programs, with someone on the path between them.
  @Suite struct Attacks {
    @Test func aProxyThatOnlyPassesOnChangesNothing() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let proxy = try FrameProxy(to: port)
      for (number, text) in ["one", "two"].enumerated() {
        let sender = try await scene.send(text, port: proxy.port, home: "one")
        let ending = try await sender.ending()
        try scene.expect(ending == .exited(0), "send through the proxy: \(ending)")
        #expect(try await listener.event("message", number).text("text") == text)
      }
      // A first contact, then a known one: INIT, PAIR1, AUTH and records; RESP, PAIR2, FIN and records.
      let first = try await proxy.end()
      #expect(first[.toListener].prefix(4).map { $0[2] } == [1, 3, 5, 0x10])
      #expect(first[.toDialler].prefix(4).map { $0[2] } == [2, 4, 6, 0x10])
      let known = try await proxy.end(connection: 1)
      #expect(known[.toListener].prefix(3).map { $0[2] } == [1, 5, 0x10])
      #expect(known[.toDialler].prefix(3).map { $0[2] } == [2, 6, 0x10])
      try await scene.stop(listener)
    }
  }
}

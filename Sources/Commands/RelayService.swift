import Messenger
import Terminal

/// A relay that runs: says where it stands and what it can see, counts, and ends by a signal.
struct RelayService: Sendable {
  let server: RelayServer
  let surroundings: Surroundings

  /// How often the counters are said, when something changed.
  private static let countersSeconds = 60

  private enum Wish: Sendable {
    case report, look
    case end(ExitCode)
  }

  func run() async throws(Failure) -> ExitCode {
    let (wishes, wish) = AsyncStream.makeStream(of: Wish.self)
    surroundings.signals.add(.report)
    await surroundings.signals.handle { signal in
      switch signal {
      case .report: wish.yield(.report)
      case .interrupt: wish.yield(.end(.interrupted))
      case .terminate, .hangUp: wish.yield(.end(.ok))
      case .windowChanged, .resumed: break
      }
    }
    let looking = Task {
      while (try? await Task.sleep(for: .seconds(Self.countersSeconds))) != nil { wish.yield(.look) }
    }
    defer { looking.cancel() }
    do throws(Failure) {
      let code = try await serve(wishes)
      await server.stop()
      return code
    } catch {
      await server.stop()
      throw error
    }
  }

  private func serve(_ wishes: AsyncStream<Wish>) async throws(Failure) -> ExitCode {
    let output = surroundings.output
    if output.isJSON { try await output.payload(bytes: JSONEvents.relayListening(server.summary)) }
    for line in Sentences.relayListening(server.summary) { await output.notice(line) }
    var told: RelayServerCounters?
    for await wish in wishes {
      switch wish {
      case .end(let code): return code
      case .report, .look:
        let counters = await server.counters()
        if case .look = wish, counters == told { continue }
        told = counters
        if output.isJSON { try await output.payload(bytes: JSONEvents.counters(counters)) }
        await output.notice(Sentences.relayCounters(counters))
      }
    }
    return .ok
  }
}

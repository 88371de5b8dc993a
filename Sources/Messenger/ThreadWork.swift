import Transport

extension BlockingThreads {
  /// Runs work that can fail on one of the threads.
  ///
  /// Throws what `failure` makes of its error, and `.stopped` after `shutDown`.
  func attempt<Answer: Sendable, Problem: Error>(
    _ work: @escaping @Sendable () throws(Problem) -> Answer, failure: (Problem) -> MessengerFailure
  ) async throws(MessengerFailure) -> Answer {
    let result = await run { () -> Result<Answer, Problem> in
      do throws(Problem) {
        return .success(try work())
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let answer)?: return answer
    case .failure(let problem)?: throw failure(problem)
    case nil: throw .stopped
    }
  }

  /// Runs what reads or writes the profile's files; a failure is `.state`.
  func attempt<Answer: Sendable>(
    _ work: @escaping @Sendable () throws(HomeFailure) -> Answer
  ) async throws(MessengerFailure) -> Answer {
    try await attempt(work) { .state($0.problem) }
  }
}

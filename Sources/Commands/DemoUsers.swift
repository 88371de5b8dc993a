import Messenger

/// `demo --users N --write DIR`: a users file to begin with, whose passwords nobody has to invent.
struct DemoUsers {
  static let counts = 2...99

  let count: Int
  let folder: String

  /// `typed`: what stands behind `--users`, which is a number here.
  init(typed: String?, folder: String) throws(Failure) {
    guard let count = typed.flatMap({ Int($0) }), Self.counts.contains(count) else {
      throw Sentences.demoUsersCount
    }
    self.count = count
    self.folder = folder
  }

  func run(_ output: Output) async throws(Failure) -> ExitCode {
    let path: String
    do throws(NewUsersFile.Refusal) {
      path = try NewUsersFile.write(count: count, into: folder)
    } catch {
      throw Sentences.demoUsers(error)
    }
    if output.isJSON {
      try await output.payload(bytes: JSONEvents.usersFile(path, count: count))
    } else {
      try await output.payload(path)
    }
    await output.notice(Sentences.demoUsersWritten(path, count: count))
    return .ok
  }
}

import CPlatform
import Glibc

/// What another program is started with: of this program's descriptors it gets the three named here alone.
struct ChildStart {
  enum Errors {
    /// This program's own standard error.
    case inherited
    /// Nobody sees them.
    case dropped
    case descriptor(Int32)
  }

  var path: String
  var arguments: [String]
  /// Set beside this program's own variables, or in their place.
  var variables: [(name: String, value: String)] = []
  var input: Int32
  var output: Int32
  var errors: Errors
  /// In a session of its own, without a terminal, signals as a login gives them: one signal to its group
  /// reaches all that it starts in turn.
  var isApart = false

  /// Starts it; the error number is 0 where that went well.
  func spawn() -> (processID: Int32, errorNumber: Int32) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    switch errors {
    case .inherited: break
    case .dropped: unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    case .descriptor(let descriptor):
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, STDERR_FILENO)
    }
    // Sockets that a library made without close-on-exec are not the other program's.
    unsafe sc_close_from(&actions, STDERR_FILENO + 1)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    if isApart { ChildStart.setApart(&attributes) }
    var words = unsafe ChildStart.copies([path] + arguments)
    defer { for index in unsafe words.indices { unsafe free(words[index]) } }
    var environment = unsafe ChildStart.copies(self.environment)
    defer { for index in unsafe environment.indices { unsafe free(environment[index]) } }
    var processID: Int32 = -1
    let errorNumber = unsafe posix_spawn(&processID, path, &actions, &attributes, &words, &environment)
    return (processID, errorNumber)
  }

  /// POSIX_SPAWN_SETSID, which glibc declares only where its own extensions are asked for.
  private static let setSession: Int32 = 0x80

  private static func setApart(_ attributes: inout posix_spawnattr_t) {
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    let flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK) | setSession
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
  }

  private var environment: [String] {
    var words: [String] = []
    var index = 0
    while let word = unsafe environ[index] {
      let text = unsafe String(cString: word)
      if !variables.contains(where: { text.hasPrefix($0.name + "=") }) { words.append(text) }
      index += 1
    }
    return words + variables.map { $0.name + "=" + $0.value }
  }

  private static func copies(_ words: [String]) -> [UnsafeMutablePointer<CChar>?] {
    unsafe words.map { unsafe strdup($0) } + [nil]
  }

  /// Waits for a child's end and returns its status as wait(2) has it; nil where it is no child any more.
  static func reap(_ processID: Int32) -> Int32? {
    var status: Int32 = 0
    while unsafe waitpid(processID, &status, 0) < 0 {
      guard errno == EINTR else { return nil }
    }
    return status
  }
}

import Foundation
import Glibc

/// A program that runs beside this one, on pipes.
final class Child {
  enum Input {
    case pipe, nothing
    case file(String)
  }
  enum Output { case pipe, nothing }

  let processID: pid_t
  let name: String
  private let input: Int32?
  let output: Outlet
  let errors: Outlet
  private var ending: (status: Int32, processorTime: Double)?

  init(
    _ words: [String], input: Input = .nothing, output: Output = .pipe, environment: [String: String] = [:]
  ) throws {
    guard let program = words.first else { throw Failed("no program") }
    name = words.joined(separator: " ")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var opened: [Int32] = []
    defer { for descriptor in opened { close(descriptor) } }
    switch input {
    case .pipe:
      let ends = try Self.pipe()
      posix_spawn_file_actions_adddup2(&actions, ends.read, 0)
      opened.append(ends.read)
      self.input = ends.write
    case .nothing:
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
      self.input = nil
    case .file(let path):
      posix_spawn_file_actions_addopen(&actions, 0, path, O_RDONLY, 0)
      self.input = nil
    }
    switch output {
    case .pipe:
      let (normal, error) = (try Self.pipe(), try Self.pipe())
      posix_spawn_file_actions_adddup2(&actions, normal.write, 1)
      posix_spawn_file_actions_adddup2(&actions, error.write, 2)
      opened += [normal.write, error.write]
      self.output = Outlet(normal.read, name)
      errors = Outlet(error.read, name)
    case .nothing:
      posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
      self.output = Outlet(nil, name)
      errors = Outlet(nil, name)
    }
    let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = all.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }
    var processID: pid_t = 0
    let status = posix_spawnp(&processID, program, &actions, nil, &arguments, &variables)
    guard status == 0 else { throw Failed("\(program): \(String(cString: strerror(status)))") }
    self.processID = processID
  }

  deinit {
    if ending == nil {
      kill(processID, SIGKILL)
      waitpid(processID, nil, 0)
    }
    closeInput()
  }

  /// Ends that no other child inherits.
  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw Failed("no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private var isInputOpen = true

  func closeInput() {
    if let input, isInputOpen { close(input) }
    isInputOpen = false
  }

  func write(_ bytes: [UInt8]) throws {
    guard let input else { throw Failed("\(name): no standard input") }
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(input, $0.baseAddress! + sent, bytes.count - sent) }
      guard count > 0 else { throw Failed("\(name): does not read") }
      sent += count
    }
  }

  /// Waits for its end; seconds of processor time that it used.
  @discardableResult
  func wait() throws -> Double {
    if ending == nil {
      var status: Int32 = 0
      var usage = rusage()
      while wait4(processID, &status, 0, &usage) < 0 {
        guard errno == EINTR else { throw Failed("\(name): lost") }
      }
      let time =
        Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
      ending = (status, time)
    }
    guard let ending else { return 0 }
    guard ending.status == 0 || wasTold else { throw Failed("\(name): ended with status \(ending.status)") }
    return ending.processorTime
  }

  private var wasTold = false

  func end(_ signal: Int32 = SIGTERM) throws {
    wasTold = true
    kill(processID, signal)
    try wait()
  }

  /// What it holds of memory, in kB: `VmRSS` or another line of its status.
  func memory(_ line: String = "VmRSS") throws -> Double {
    let status = try String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
    for entry in status.split(separator: "\n") where entry.hasPrefix(line + ":") {
      if let number = entry.split(whereSeparator: { !$0.isNumber }).first, let value = Double(number) {
        return value
      }
    }
    throw Failed("\(name): no \(line)")
  }

  /// Seconds of processor time so far.
  func processorTime() throws -> Double {
    let stat = try String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
    let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
      throw Failed("\(name): no figures")
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}

import Glibc

/// The variables that a program was started with; tests put in their own.
package protocol ProcessEnvironment: Sendable {
  func value(of name: String) -> String?
  /// The folder that the system's list of users gives for this one.
  var homeOfTheUser: String? { get }
}

/// The environment of this process.
package struct SystemEnvironment: ProcessEnvironment {
  package init() {}

  package func value(of name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  package var homeOfTheUser: String? {
    guard let entry = unsafe getpwuid(geteuid()), let folder = unsafe entry.pointee.pw_dir else { return nil }
    return unsafe String(cString: folder)
  }
}

/// An environment of given variables.
package struct FixedEnvironment: ProcessEnvironment {
  private let values: [String: String]
  package let homeOfTheUser: String?

  package init(_ values: [String: String], homeOfTheUser: String? = nil) {
    self.values = values
    self.homeOfTheUser = homeOfTheUser
  }

  package func value(of name: String) -> String? { values[name] }
}

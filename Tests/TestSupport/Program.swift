import Foundation

/// The product's programs as this build made them.
package enum Program {
  /// The path of a built program: in `SECURE_CHAT_BINARIES`, else beside the test bundle, else in the
  /// package's build folder.
  package static func path(_ name: String, filePath: String = #filePath) throws -> String {
    var folders: [String] = []
    if let named = ProcessInfo.processInfo.environment["SECURE_CHAT_BINARIES"] { folders.append(named) }
    let arguments = CommandLine.arguments
    for (flag, value) in zip(arguments, arguments.dropFirst()) where flag == "--test-bundle-path" {
      // .build/debug/secure_chatPackageTests.xctest
      folders.append((value as NSString).deletingLastPathComponent)
    }
    folders.append((arguments[0] as NSString).deletingLastPathComponent)
    let root = URL(fileURLWithPath: filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    #if DEBUG
      folders += [root + "/.build/debug", root + "/.build/release"]
    #else
      folders += [root + "/.build/release", root + "/.build/debug"]
    #endif
    for folder in folders {
      let path = (folder as NSString).appendingPathComponent(name)
      if FileManager.default.isExecutableFile(atPath: path) { return path }
    }
    throw ProgramFailure("no built \(name) in \(folders)")
  }
}

/// Why a program did not do what a test waited for, with all that it wrote.
package struct ProgramFailure: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

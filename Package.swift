// swift-tools-version: 6.2

import PackageDescription

// Warnings are errors where SECURE_CHAT_STRICT is set (CI); a newer compiler's new warning must not
// stop a newcomer's first build.
let strict = Context.environment["SECURE_CHAT_STRICT"] != nil

let testSettings: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
  ] + (strict ? [.treatAllWarnings(as: .error)] : [])

let plainTestSettings = testSettings + [.unsafeFlags(["-Onone"])]

// Tests drive the system's own interfaces, and the macros of the test library hide where; the rooms do
// neither.
let settings = testSettings + [.strictMemorySafety()]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// `computes`: the tests themselves work for seconds, so that they are worth optimising; the others wait, or leave
/// the work to what they test, and compile in half the time without it.
func tests(_ name: String, _ dependencies: [Target.Dependency], computes: Bool = false) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"],
    swiftSettings: computes ? testSettings : plainTestSettings)
}

// What each room is for, and what it may import, is in docs/ARCHITECTURE.md; ArchitectureTests
// hold every import line against that table.
let package = Package(
  name: "secure_chat",
  products: [
    .executable(name: "secure_chat", targets: ["secure_chat"]),
    .executable(name: "secure_chat_log", targets: ["secure_chat_log"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
  ],
  targets: [
    .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPlatform"),

    room("Wire"),
    room("Cryptography", ["CSodium", "COpenSSL", "CZlib", crypto]),
    room("ChatProtocol", ["Cryptography", "Wire"]),
    room("GroupKeys", ["Cryptography", "Wire"]),
    room("SessionLog", ["Cryptography", "Wire"]),
    room("Places", ["CPlatform"]),
    room("LogFiles", ["SessionLog", "Cryptography", "Wire", "Places"]),
    room("Relay", ["Wire"]),
    room("Stores", ["Wire", "Places", grdb]),
    room("Transport", ["Wire", nioCore, nioPosix, logging]),
    room("Terminal", ["CPlatform"]),
    room(
      "Messenger",
      [
        "ChatProtocol", "Cryptography", "GroupKeys", "LogFiles", "Places", "Relay", "SessionLog", "Stores",
        "Transport", "Wire", logging,
      ]),
    room("Commands", ["Messenger", "Terminal", "Wire", argumentParser]),
    room(
      "LogCommands",
      ["LogFiles", "SessionLog", "Cryptography", "Wire", "Places", "Terminal", argumentParser]),
    .executableTarget(
      name: "secure_chat", dependencies: ["Commands", "Places"], swiftSettings: settings),
    .executableTarget(
      name: "secure_chat_log", dependencies: ["LogCommands", "Places"], swiftSettings: settings),

    .target(
      name: "TestSupport", dependencies: ["CPlatform"], path: "Tests/TestSupport", swiftSettings: testSettings
    ),
    // Peers made by hand, message by message.
    .target(
      name: "ProtocolTestSupport", dependencies: ["ChatProtocol", "Cryptography", "Wire"],
      path: "Tests/ProtocolTestSupport", swiftSettings: testSettings),
    tests("ArchitectureTests", []),
    tests("CryptographyTests", ["Cryptography"]),
    tests("WireTests", ["Wire"]),
    tests(
      "ChatProtocolTests", ["ChatProtocol", "Cryptography", "ProtocolTestSupport", "Wire"], computes: true),
    tests("GroupKeysTests", ["GroupKeys", "Cryptography", "CZlib"], computes: true),
    tests("RelayTests", ["Relay", "Wire"]),
    tests("StoresTests", ["Stores", "Places", "Wire", grdb]),
    tests("SessionLogTests", ["SessionLog", "Cryptography", "Wire"]),
    tests("PlacesTests", ["Places"]),
    tests("LogFilesTests", ["LogFiles", "SessionLog", "Cryptography", "Wire", "Places"]),
    tests("TransportTests", ["Transport", "Wire"]),
    tests("TerminalTests", ["Terminal"]),
    tests(
      "MessengerTests",
      [
        "Messenger", "ChatProtocol", "Cryptography", "GroupKeys", "LogFiles", "Places", "Relay", "SessionLog",
        "Stores", "Transport", "Wire",
      ]),
    tests("CommandsTests", ["Commands", "Messenger", "Terminal", "Wire"]),
    tests("LogCommandsTests", ["LogCommands", "LogFiles", "SessionLog", "Wire"]),
    // Both folders are one module, so that what starts many processes runs one test at a time.
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "secure_chat", "secure_chat_log", "ChatProtocol", "Cryptography", "ProtocolTestSupport",
        "TestSupport", "Wire",
      ], path: "Tests",
      exclude: [
        "ArchitectureTests", "ChatProtocolTests", "CommandsTests", "CryptographyTests", "GroupKeysTests",
        "KnownAnswers", "LogCommandsTests", "LogFilesTests", "MessengerTests", "PlacesTests",
        "ProtocolTestSupport", "RelayTests", "SessionLogTests", "StoresTests", "TerminalTests",
        "TestSupport", "TransportTests", "Vectors", "WireTests",
      ],
      sources: ["EndToEndTests", "AcceptanceTests"], swiftSettings: plainTestSettings),
  ]
)

// Where SECURE_CHAT_FUZZ is set, the fuzzer and what it drives take the place of programs and tests
// (Fuzz/README.md). The packages that this one depends on come from the folder that the variable names, built
// before by the ordinary flags: most of a build's time, and not ours to fuzz.
if let packages = Context.environment["SECURE_CHAT_FUZZ"] {
  let driven = [
    "CSodium", "COpenSSL", "CZlib", "CPlatform", "Cryptography", "Wire", "ChatProtocol",
    "GroupKeys", "SessionLog", "Places", "LogFiles", "Relay", "Stores", "Terminal", "Transport", "Messenger",
    "ProtocolTestSupport",
  ]
  package.products = [.executable(name: "secure_chat_fuzz", targets: ["secure_chat_fuzz"])]
  package.dependencies = []
  package.targets.removeAll { !driven.contains($0.name) }
  package.targets += [
    .target(
      name: "FuzzHarness",
      dependencies: [
        "ChatProtocol", "Cryptography", "GroupKeys", "LogFiles", "Messenger", "Places",
        "ProtocolTestSupport", "Relay", "SessionLog",
        "Terminal", "Wire",
      ], path: "Fuzz/Harness", swiftSettings: testSettings),
    .executableTarget(
      name: "secure_chat_fuzz", dependencies: ["FuzzHarness"], path: "Fuzz/Entry",
      swiftSettings: testSettings,
      linkerSettings: [.unsafeFlags(["-L", packages, "-lPackages", "-lstdc++", "-lsqlite3"])]),
  ]
  for target in package.targets where target.type != .system {
    target.dependencies.removeAll { if case .productItem = $0 { true } else { false } }
    target.swiftSettings? += [.unsafeFlags(["-I", packages])]
  }
}

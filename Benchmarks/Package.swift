// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that nothing of it is built with the product. `Rooms` is a link to the product's
// Sources: the rooms that are measured in-process are compiled here with the flags of a release build.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("ImmutableWeakCaptures"),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Rooms/\(name)", swiftSettings: settings)
}

let package = Package(
  name: "secure_chat_benchmarks",
  dependencies: [
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2")
  ],
  targets: [
    .systemLibrary(name: "CSodium", path: "Rooms/CSodium", pkgConfig: "libsodium"),
    .systemLibrary(name: "COpenSSL", path: "Rooms/COpenSSL", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CZlib", path: "Rooms/CZlib", pkgConfig: "zlib"),
    room("Wire"),
    room(
      "Cryptography",
      ["CSodium", "COpenSSL", "CZlib", .product(name: "Crypto", package: "swift-crypto")]),
    room("ChatProtocol", ["Cryptography", "Wire"]),
    // The same library calls in a plain C loop, and a plain C program on either end of a connection.
    .target(name: "CReference", dependencies: ["CSodium", "COpenSSL", "CZlib"]),
    .executableTarget(name: "plain_peer", path: "Sources/PlainPeer"),
    .executableTarget(
      name: "secure_chat_benchmarks",
      dependencies: ["ChatProtocol", "Cryptography", "Wire", "CReference"],
      path: "Sources/SecureChatBenchmarks", swiftSettings: settings),
  ]
)

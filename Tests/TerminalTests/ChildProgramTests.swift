import Glibc
import Terminal
import Testing

@Suite struct ChildProgramTests {
  /// A library's socket without close-on-exec would keep a port busy for as long as the other program runs.
  @Test func aChildInheritsNothingButItsThreeStreams() async throws {
    let leaked = open("/dev/null", O_RDONLY)
    try #require(leaked >= 0)
    defer { close(leaked) }
    let high = fcntl(leaked, F_DUPFD, 200)
    try #require(high >= 200)
    defer { close(high) }
    let child = try ChildProgram("/bin/ls", ["/proc/self/fd"])
    var descriptors: [String] = []
    while let line = await child.nextLine() { descriptors.append(line) }
    #expect(await child.exitCode() == 0)
    // The fourth is the folder that ls itself reads.
    #expect(descriptors == ["0", "1", "2", "3"])
  }
}

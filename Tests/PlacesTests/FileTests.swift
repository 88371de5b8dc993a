import Foundation
import Glibc
import Places
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func mode(_ path: String) throws -> UInt32 { try FileStatus(path: path).mode }

private func fault(_ body: () throws -> Void) -> PlaceError.Fault? {
  do {
    try body()
    return nil
  } catch {
    return (error as? PlaceError)?.fault
  }
}

@Suite struct PrivateFileTests {
  private func read(_ path: String, capacity: Int = 16) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: capacity)
    var span = buffer.mutableSpan
    let count = try PrivateFile.read(path, into: &span)
    return Array(buffer[..<count])
  }

  @Test func itsBytesGoIntoTheMemoryThatIsLent() throws {
    let folder = try TestFolder()
    let path = folder.path + "/secret"
    try AtomicFile.replace(path, with: bytes("0123456789abcdef"))
    #expect(try read(path) == bytes("0123456789abcdef"))
    #expect(fault { _ = try read(path, capacity: 15) } == .tooLarge(limit: 15))
  }

  @Test(arguments: [0o604, 0o640, 0o620, 0o601, 0o666])
  func aFileThatOthersCanUseIsRefused(bits: Int) throws {
    let folder = try TestFolder()
    let path = folder.path + "/secret"
    try AtomicFile.replace(path, with: bytes("x"))
    try #require(chmod(path, mode_t(bits)) == 0)
    #expect(fault { _ = try read(path) } == .openToOthers(mode: UInt32(bits)))
  }

  @Test func aFileOfAnotherUserIsRefused() throws {
    guard geteuid() == 0 else { return print("skipped: only root can give a file away") }
    let folder = try TestFolder()
    let path = folder.path + "/secret"
    try AtomicFile.replace(path, with: bytes("x"))
    try #require(chown(path, 65534, 65534) == 0)
    #expect(fault { _ = try read(path) } == .ownedByAnother)
  }

  @Test func whatIsNoRegularFileIsRefusedAndNeverWaitedFor() throws {
    let folder = try TestFolder()
    let fifo = folder.path + "/fifo"
    try #require(mkfifo(fifo, 0o600) == 0)
    #expect(fault { _ = try read(fifo) } == .notARegularFile)
    #expect(fault { _ = try read(folder.path) } == .notARegularFile)
    #expect(fault { _ = try read("/dev/zero") } == .notARegularFile)
    #expect(fault { _ = try read(folder.path + "/none") } == .notFound)
  }

  @Test func aSymbolicLinkIsNotFollowed() throws {
    let folder = try TestFolder()
    try AtomicFile.replace(folder.path + "/secret", with: bytes("x"))
    try #require(symlink("secret", folder.path + "/link") == 0)
    #expect(fault { _ = try read(folder.path + "/link") } == .symbolicLink)
  }
}

@Suite struct AtomicFileTests {
  @Test func aReplacedFileIsNewPrivateAndLeavesNothingBeside() throws {
    let folder = try TestFolder()
    let path = folder.path + "/f"
    try Data("old".utf8).write(to: URL(fileURLWithPath: path))
    try #require(chmod(path, 0o644) == 0)
    try AtomicFile.replace(path, with: bytes("new"))
    #expect(try PublicFile.read(path, limit: 10) == bytes("new"))
    #expect(try mode(path) == 0o600)
    #expect(try Folder.entries(folder.path).map(\.name) == ["f"])
  }

  @Test func aLinkIsReplacedAndWhatItLeadsToIsLeftAlone() throws {
    let folder = try TestFolder()
    try AtomicFile.replace(folder.path + "/target", with: bytes("target"))
    try #require(symlink("target", folder.path + "/link") == 0)
    try AtomicFile.replace(folder.path + "/link", with: bytes("new"))
    #expect(try PublicFile.read(folder.path + "/target", limit: 10) == bytes("target"))
    #expect(try FileStatus(path: folder.path + "/link").kind == .regular)
  }

  @Test func aFailedReplacementLeavesTheOldFileAndNothingBeside() throws {
    let folder = try TestFolder()
    let path = folder.path + "/d"
    try Folder.create(path + "/inside")
    #expect(fault { try AtomicFile.replace(path, with: bytes("new")) } != nil)
    #expect(try Folder.entries(folder.path).map(\.name) == ["d"])
    #expect(fault { try AtomicFile.replace(folder.path + "/none/f", with: []) } == .notFound)
  }

  @Test func aNewFileNeverReplacesOneAndCanBeAppendedTo() throws {
    let folder = try TestFolder()
    let path = folder.path + "/log"
    // One that a crash left behind does not stop the next.
    try AtomicFile.replace(folder.path + "/.log.new", with: bytes("torn"))
    let file = try AtomicFile.createNew(path, with: bytes("one\n").span)
    try file.write(bytes("two\n"))
    try file.synchronizeContents()
    #expect(try PublicFile.read(path, limit: 10) == bytes("one\ntwo\n"))
    #expect(file.path == path)
    #expect(try mode(path) == 0o600)
    #expect(fault { _ = try AtomicFile.createNew(path, with: [UInt8]().span) } == .alreadyExists)
    #expect(try PublicFile.read(path, limit: 10) == bytes("one\ntwo\n"))
    #expect(try Folder.entries(folder.path).map(\.name) == ["log"])
  }
}

@Suite struct OpenFileTests {
  @Test func readsFromAnOffsetStopAtTheEnd() throws {
    let folder = try TestFolder()
    try AtomicFile.replace(folder.path + "/f", with: bytes("abcdef"))
    let file = try OpenFile.forReading(folder.path + "/f")
    var buffer = [UInt8](repeating: 0, count: 4)
    var span = buffer.mutableSpan
    #expect(try file.read(at: 4, into: &span) == 2)
    #expect(buffer == bytes("ef") + [0, 0])
  }

  @Test func aLongWriteIsContinuedThroughInterruptionsAndShortWrites() throws {
    // A pipe takes 64 KiB at a time, so a megabyte needs many calls; the reader is slow on purpose.
    let folder = try TestFolder()
    let path = folder.path + "/fifo"
    try #require(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDWR)
    try #require(reader >= 0)
    defer { close(reader) }
    let content = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let collected = Collected()
    let thread = Thread {
      var buffer = [UInt8](repeating: 0, count: 10_000)
      while collected.count < content.count {
        let count = read(reader, &buffer, buffer.count)
        guard count > 0 else { return }
        collected.append(buffer[..<count])
      }
      collected.finished.signal()
    }
    thread.start()
    let file = OpenFile.forTestsOnly(adopting: dup(reader), path: path)
    try file.write(content)
    #expect(collected.finished.wait(timeout: .now() + 60) == .success)
    #expect(collected.bytes == content)
  }

  @Test func aFullDiskIsToldApart() throws {
    let file = OpenFile.forTestsOnly(adopting: open("/dev/full", O_WRONLY), path: "/dev/full")
    #expect(fault { try file.write(bytes("x")) } == .noSpace)
  }

  @Test func aFileThatMustNotBeLargerIsNeverReadWhole() throws {
    let folder = try TestFolder()
    let path = folder.path + "/big"
    let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
    try #require(ftruncate(descriptor, 100_000_000) == 0)
    close(descriptor)
    #expect(fault { _ = try PublicFile.read(path, limit: 1_000_000) } == .tooLarge(limit: 1_000_000))
  }
}

/// Bytes that one thread gathers and another looks at when it has finished.
private final class Collected: @unchecked Sendable {
  private let lock = NSLock()
  private var gathered: [UInt8] = []
  let finished = DispatchSemaphore(value: 0)

  var count: Int { lock.withLock { gathered.count } }
  var bytes: [UInt8] { lock.withLock { gathered } }
  func append(_ more: ArraySlice<UInt8>) { lock.withLock { gathered.append(contentsOf: more) } }
}

@Suite struct FolderTests {
  @Test func whatIsMadeIsPrivateAndWhatExistsIsLeftAlone() throws {
    let folder = try TestFolder()
    let path = folder.path + "/a/b/c"
    try Folder.create(path)
    for part in ["/a", "/a/b", "/a/b/c"] { #expect(try mode(folder.path + part) == 0o700) }
    try #require(chmod(path, 0o755) == 0)
    try Folder.create(path)
    #expect(try mode(path) == 0o755)
    try AtomicFile.replace(folder.path + "/file", with: [])
    #expect(fault { try Folder.create(folder.path + "/file") } == .notAFolder)
    #expect(fault { try Folder.create(folder.path + "/file/x") } == .notAFolder)
  }

  @Test func entriesAreSortedAndKnowTheirKind() throws {
    let folder = try TestFolder()
    try Folder.create(folder.path + "/d")
    try AtomicFile.replace(folder.path + "/a", with: [])
    try #require(symlink("nowhere", folder.path + "/l") == 0)
    try #require(mkfifo(folder.path + "/p", 0o600) == 0)
    let entries = try Folder.entries(folder.path)
    #expect(entries.map(\.name) == ["a", "d", "l", "p"])
    #expect(entries.map(\.kind) == [.regular, .folder, .symbolicLink, .other])
  }
}

@Suite struct FileLockTests {
  @Test func oneHoldsItAndTheNextGetsItAfterwards() throws {
    let folder = try TestFolder()
    let path = folder.path + "/lock"
    var first: FileLock? = try FileLock(file: path)
    #expect(fault { _ = try FileLock(file: path, patience: .none) } == .inUse)
    #expect(fault { _ = try FileLock(file: path, patience: .milliseconds(30)) } == .inUse)
    _ = first
    first = nil
    _ = try FileLock(file: path, patience: .none)
    #expect(try mode(path) == 0o600)
  }

  @Test func readersShareAFolderAndAWriterWaits() throws {
    let folder = try TestFolder()
    let one = try FileLock(folder: folder.path, .shared, patience: .none)
    let two = try FileLock(folder: folder.path, .shared, patience: .none)
    #expect(fault { _ = try FileLock(folder: folder.path, .exclusive, patience: .none) } == .inUse)
    withExtendedLifetime((one, two)) {}
  }
}

@Suite struct SystemClockTests {
  @Test func theMonotonicClockNeverGoesBackAndTheOtherIsInThisCentury() {
    let clock = SystemClock()
    var last = clock.monotonicNanoseconds
    for _ in 0..<1000 {
      let now = clock.monotonicNanoseconds
      #expect(now >= last)
      last = now
    }
    #expect((1_700_000_000_000...4_102_444_800_000).contains(clock.unixMilliseconds))
  }
}

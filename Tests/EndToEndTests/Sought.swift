import Foundation
import TestSupport
import Testing

/// A secret, and the forms in which it could stand somewhere.
struct Sought {
  let name: String
  private(set) var forms: [[UInt8]]

  init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    let data = Data(bytes)
    let hex = bytes.map { String(format: "%02x", $0) }.joined()
    forms =
      [bytes, Array(hex.utf8), Array(hex.uppercased().utf8), Array(data.base64EncodedString().utf8)]
      // Without the last digits, which depend on what follows, and in the form of URLs.
      + [
        Array(
          data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").prefix(
            bytes.count
          ).utf8)
      ]
  }

  /// As bytes alone: for keys that never become text, and many of them.
  var raw: Sought {
    var copy = self
    copy.forms.removeLast(forms.count - 1)
    return copy
  }

  func isIn(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in forms.contains { Sought.find($0, in: bytes) } }
  }

  /// By memchr and memcmp: a program's memory is too much for the library's own search.
  private static func find(_ form: [UInt8], in bytes: UnsafeRawBufferPointer) -> Bool {
    guard var place = bytes.baseAddress, let first = form.first else { return false }
    var left = bytes.count
    while left >= form.count, let found = memchr(place, Int32(first), left - form.count + 1) {
      left -= UnsafeRawPointer(found) - place
      place = UnsafeRawPointer(found)
      if memcmp(place, form, form.count) == 0 { return true }
      place += 1
      left -= 1
    }
    return false
  }
}

/// A file of proc(5), which gives a page at a time and no size.
func readToEnd(_ path: String) throws -> [UInt8] {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { throw ProgramFailure("\(path): \(errno)") }
  defer { close(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = read(file, &buffer, buffer.count)
    guard count > 0 else { return bytes }
    bytes += buffer[..<count]
  }
}

/// The memory of a running program.
struct ProgramMemory {
  private let processID: Int32

  init(of processID: Int32) { self.processID = processID }

  struct Hit {
    let name: String
    /// In a mapping that is kept out of core dumps ("dd" of proc(5), VmFlags), where guarded memory is.
    let isGuarded: Bool
    let mapping: String
  }

  /// Where which secrets stand; nil where this user may not look: the program forbids it
  /// (PR_SET_DUMPABLE) to all but an administrator.
  func found(_ secrets: [Sought]) throws -> [Hit]? {
    let memory = open("/proc/\(processID)/mem", O_RDONLY | O_CLOEXEC)
    guard memory >= 0 else {
      #expect(errno == EACCES || errno == EPERM)
      return nil
    }
    defer { close(memory) }
    var hits: [Hit] = []
    var bytesRead = 0
    for mapping in try mappings() {
      var start = mapping.start
      // Overlapping pieces, so that nothing hides across an edge.
      while start < mapping.end {
        let count = min(1 << 20, mapping.end - start)
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(memory, &bytes, count, off_t(start))
        guard got > 0 else { break }
        bytes.removeLast(count - got)
        bytesRead += got
        for sought in secrets where sought.isIn(bytes) {
          hits.append(Hit(name: sought.name, isGuarded: mapping.isGuarded, mapping: mapping.name))
        }
        guard start + got < mapping.end else { break }
        start += max(1, got - 256)
      }
    }
    #expect(bytesRead > 1 << 20)
    return hits
  }

  private struct Mapping {
    let start: Int
    let end: Int
    let name: String
    var isGuarded = false
  }

  private func mappings() throws -> [Mapping] {
    let text = String(decoding: try readToEnd("/proc/\(processID)/smaps"), as: UTF8.self)
    var mappings: [Mapping] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      if words.count >= 5, let dash = words[0].firstIndex(of: "-"),
        let start = Int(words[0][..<dash], radix: 16),
        let end = Int(words[0][dash...].dropFirst(), radix: 16)
      {
        // What the program can write; the rest stands in files.
        let isWritable = words[1].contains("w")
        mappings.append(
          Mapping(start: isWritable ? start : 0, end: isWritable ? end : 0, name: line.description))
      } else if words.first == "VmFlags:", !mappings.isEmpty {
        mappings[mappings.count - 1].isGuarded = words.contains("dd")
      }
    }
    return mappings.filter { $0.end > $0.start }
  }
}

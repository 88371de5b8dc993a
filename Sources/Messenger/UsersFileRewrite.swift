internal import Cryptography
internal import Wire

/// Changes of single members of a users file that leave every other byte as it stands.
struct UsersFileRewrite: Sendable {
  /// Takes the passwords out of an entry.
  struct Change: Sendable {
    /// What is written in their place; nil: nothing.
    let identity: String?
  }

  private struct Edit {
    let range: Range<Int>
    let text: String
  }

  /// By the index of an entry in the list.
  let changes: [Int: Change]

  /// The file with the changes; `bytes` is a users file without a fault.
  func apply(to bytes: Span<UInt8>, path: String) throws(UsersFileError) -> SecretBuffer {
    let edits = try edits(of: bytes, path: path)
    do throws(CryptographyError) {
      var result = try SecretBuffer(capacity: edits.reduce(bytes.count) { $0 + $1.text.utf8.count })
      var position = 0
      for edit in edits {
        try result.append(bytes.extracting(position..<edit.range.lowerBound))
        try result.append(Array(edit.text.utf8).span)
        position = edit.range.upperBound
      }
      try result.append(bytes.extracting(position..<bytes.count))
      return result
    } catch {
      throw .memory(path: path)
    }
  }

  private func edits(of bytes: Span<UInt8>, path: String) throws(UsersFileError) -> [Edit] {
    let root: JSONValue
    do throws(JSONError) {
      root = try JSONReader(parsing: bytes).root
    } catch {
      throw .content(path: path, at: error.position, .notJSON(error.problem, key: error.key))
    }
    guard case .array(let values) = root.kind else {
      throw .content(path: path, at: root.position, .notAList)
    }
    var edits: [Edit] = []
    for (index, value) in values.enumerated() {
      guard let change = changes[index] else { continue }
      guard case .object(let members) = value.kind else {
        throw .content(path: path, at: value.position, .entryNotAnObject)
      }
      edits += UsersFileRewrite.edits(of: members, change)
    }
    return edits
  }

  private static func edits(of members: [JSONMember], _ change: Change) -> [Edit] {
    var texts: [Int: String] = [:]
    // An `identity` of null says nothing, and a second key of that name would be refused.
    let old = members.indices.filter { members[$0].key.lowercased() == "identity" }
    let passwords = members.indices.filter { index in
      guard case .string = members[index].value.kind else { return false }
      return ["password", "pair_password"].contains(members[index].key.lowercased())
    }
    if let identity = change.identity, let place = old.first ?? passwords.first {
      texts[place] = "\"identity\": \"\(identity)\""
    }
    let goes = Set(passwords).subtracting(texts.keys)
    return members.indices.compactMap { index in
      let range = members[index].range
      if let text = texts[index] { return Edit(range: range, text: text) }
      guard goes.contains(index) else { return nil }
      // With the comma before it; where nothing stays before it, with the one behind.
      if (0..<index).contains(where: { !goes.contains($0) }) {
        return Edit(range: members[index - 1].range.upperBound..<range.upperBound, text: "")
      }
      let end = index + 1 < members.count ? members[index + 1].range.lowerBound : range.upperBound
      return Edit(range: range.lowerBound..<end, text: "")
    }
  }
}

/// Who may do public-key work: at most 16 handshakes at a time, at most 4 of one address; the others wait
/// in the order in which they came (PROTOCOL 1.10).
package struct HandshakeQueue<Member: AnyObject> {
  package static var totalLimit: Int { 16 }
  package static var addressLimit: Int { 4 }

  private var atWork: [ObjectIdentifier: String] = [:]
  private var countAtWork: [String: Int] = [:]
  private var waiting: [(member: Member, address: String)] = []

  package init() {}

  /// True where the member may begin at once; otherwise it is handed out by ``leave(_:)`` later.
  package mutating func enter(_ member: Member, address: String) -> Bool {
    if begin(member, address) { return true }
    waiting.append((member, address))
    return false
  }

  /// Ends a member's work or its waiting; returns those that may begin now.
  package mutating func leave(_ member: Member) -> [Member] {
    guard let address = atWork.removeValue(forKey: ObjectIdentifier(member)) else {
      waiting.removeAll { $0.member === member }
      return []
    }
    let left = (countAtWork[address] ?? 1) - 1
    countAtWork[address] = left > 0 ? left : nil
    var begun: [Member] = []
    var index = 0
    while index < waiting.count, atWork.count < Self.totalLimit {
      let next = waiting[index]
      if begin(next.member, next.address) {
        waiting.remove(at: index)
        begun.append(next.member)
      } else {
        index += 1
      }
    }
    return begun
  }

  private mutating func begin(_ member: Member, _ address: String) -> Bool {
    guard atWork.count < Self.totalLimit, countAtWork[address, default: 0] < Self.addressLimit else {
      return false
    }
    atWork[ObjectIdentifier(member)] = address
    countAtWork[address, default: 0] += 1
    return true
  }
}

/// Under which key connections of one origin are counted together: an IPv4 address, or the 64 bits of an
/// IPv6 one that a site has.
package enum AddressKey {
  package static func key(_ host: String) -> String {
    guard let address = NumericAddress(host), address.isVersion6 else { return host }
    return address.bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ".")
  }
}

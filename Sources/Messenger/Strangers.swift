/// The accepted connections that have not sent a whole first message yet, so that the oldest silent one
/// can be let go when descriptors run short, fairly by address (PROTOCOL 1.10).
package struct Strangers<Member: AnyObject> {
  private var byAddress: [String: [Member]] = [:]
  package private(set) var count = 0

  package init() {}

  package mutating func add(_ member: Member, address: String) {
    byAddress[address, default: []].append(member)
    count += 1
  }

  package mutating func remove(_ member: Member, address: String) {
    guard let index = byAddress[address]?.firstIndex(where: { $0 === member }) else { return }
    byAddress[address]?.remove(at: index)
    if byAddress[address]?.isEmpty == true { byAddress[address] = nil }
    count -= 1
  }

  /// The oldest of the address that has the most.
  package func oldest() -> Member? {
    byAddress.values.max { $0.count < $1.count }?.first
  }
}

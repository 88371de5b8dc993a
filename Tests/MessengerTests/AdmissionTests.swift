import Messenger
import Testing

/// A connection, as far as who may come in is concerned.
private final class Caller {}

@Suite struct AdmissionTests {
  // [L-04]
  @Test func sixteenHandshakesAreInWorkAndFourOfOneAddress() {
    var queue = HandshakeQueue<Caller>()
    let crowd = (0..<10).map { _ in Caller() }
    #expect(crowd.map { queue.enter($0, address: "crowd") }.filter { $0 }.count == 4)
    let others = (0..<20).map { _ in Caller() }
    // The queue knows callers by identity and keeps none alive.
    defer { withExtendedLifetime((crowd, others)) {} }
    let begun = others.enumerated().map { queue.enter($1, address: "\($0)") }
    #expect(begun.filter { $0 }.count == 12)
  }

  // [L-04]
  @Test func whoWaitsBeginsInTurnAndAFullAddressKeepsNobodyElseWaiting() {
    var queue = HandshakeQueue<Caller>()
    let crowd = (0..<6).map { _ in Caller() }
    for caller in crowd { _ = queue.enter(caller, address: "crowd") }
    let others = (0..<13).map { _ in Caller() }
    defer { withExtendedLifetime((crowd, others)) {} }
    for (index, caller) in others.enumerated() { _ = queue.enter(caller, address: "\(index)") }
    // The thirteenth of the others is before nobody but two of the crowd, whose address is full.
    #expect(queue.leave(others[0]).map(ObjectIdentifier.init) == [ObjectIdentifier(others[12])])
    #expect(queue.leave(crowd[0]).map(ObjectIdentifier.init) == [ObjectIdentifier(crowd[4])])
    // Who gives up while waiting makes no room and does not begin later.
    #expect(queue.leave(crowd[5]).isEmpty)
    #expect(queue.leave(crowd[1]).isEmpty)
    // Leaving twice counts once.
    #expect(queue.leave(crowd[1]).isEmpty)
    let late = (0..<3).map { _ in Caller() }
    defer { withExtendedLifetime(late) {} }
    #expect(late.map { queue.enter($0, address: "late") } == [true, false, false])
  }

  // [L-05]
  @Test func theOldestOfTheAddressWithMostConnectionsIsShedFirst() {
    var strangers = Strangers<Caller>()
    let lone = Caller()
    let crowd = (0..<3).map { _ in Caller() }
    defer { withExtendedLifetime((lone, crowd)) {} }
    strangers.add(lone, address: "lone")
    for caller in crowd { strangers.add(caller, address: "crowd") }
    #expect(strangers.count == 4)
    #expect(strangers.oldest() === crowd[0])
    strangers.remove(crowd[0], address: "crowd")
    strangers.remove(crowd[0], address: "crowd")
    #expect(strangers.count == 3)
    #expect(strangers.oldest() === crowd[1])
    strangers.remove(crowd[1], address: "crowd")
    strangers.remove(crowd[2], address: "crowd")
    #expect(strangers.oldest() === lone)
    strangers.remove(lone, address: "lone")
    #expect(strangers.oldest() == nil && strangers.count == 0)
  }

  // [L-04] [L-05]
  @Test func theAddressesOfOneIPv6SiteCountAsOne() {
    #expect(AddressKey.key("10.0.0.1") != AddressKey.key("10.0.0.2"))
    #expect(AddressKey.key("2001:db8::1") == AddressKey.key("2001:db8::ffff:1"))
    #expect(AddressKey.key("2001:db8::1") != AddressKey.key("2001:db8:0:1::1"))
  }
}

import Messenger
import Testing
import Wire

@Suite struct WhoAmITests {
  private let users: UsersFile

  init() throws {
    users = try UsersFile.test(
      """
      [ {"username": "alice", "ip": "127.0.0.1", "port": 5000},
        {"username": "bob", "ip": "10.0.0.2", "port": 5001},
        {"username": "carol", "ip": "::1", "port": 5001},
        {"username": "5002", "ip": "10.0.0.4", "port": 6000},
        {"username": "dave", "ip": "10.0.0.5", "port": 5002} ]
      """)
  }

  private func refusal(_ answer: String) -> WhoAmI.Refusal? {
    do throws(WhoAmI.Refusal) {
      _ = try WhoAmI.resolve(answer, in: users)
      return nil
    } catch {
      return error
    }
  }

  @Test func anEmptyAnswerIsAskedAgain() {
    #expect(refusal("") == .empty)
    #expect(refusal(" \t") == .empty)
  }

  @Test func anUnknownNameComesWithNamesLikeIt() throws {
    #expect(refusal("alise") == .unknownName("alise", similar: [try PeerName("alice")]))
    #expect(refusal("zoe") == .unknownName("zoe", similar: []))
    #expect(refusal("Alice") == .unknownName("Alice", similar: [try PeerName("alice")]))
    #expect(refusal("a\u{7}b") == .unknownName("a\u{7}b", similar: []))
  }

  @Test func aNumberThatIsNoUsersPortIsNamed() {
    #expect(refusal("7000") == .unknownPort(7000))
    #expect(refusal("70000") == .notAPort("70000"))
    #expect(refusal("0") == .notAPort("0"))
  }

  @Test func aPortThatTwoUsersShareAsksForTheName() throws {
    #expect(refusal("5001") == .sharedPort(5001, users: [try PeerName("bob"), try PeerName("carol")]))
  }

  @Test func aUserIsFoundByNameOrByPort() throws {
    #expect(try WhoAmI.resolve("bob", in: users).name.text == "bob")
    #expect(try WhoAmI.resolve(" alice ", in: users).name.text == "alice")
    #expect(try WhoAmI.resolve("5000", in: users).name.text == "alice")
    #expect(try WhoAmI.resolve("6000", in: users).name.text == "5002")
  }

  @Test func aNumberIsAUserWhereOneIsSoNamed() throws {
    #expect(try WhoAmI.resolve("5002", in: users).port == 6000)
  }
}

@Suite struct ToWhomTests {
  private let users: UsersFile
  private let me: PeerName

  init() throws {
    me = try PeerName("alice")
    users = try UsersFile.test(
      """
      [ {"username": "alice", "ip": "127.0.0.1", "port": 5000},
        {"username": "bob", "ip": "10.0.0.2", "port": 5001},
        {"username": "carol", "ip": "10.0.0.3", "port": 5001},
        {"username": "carol2", "ip": "10.0.0.3", "port": 5001},
        {"username": "dave", "ip": "example.org", "port": 5002},
        {"username": "eve smith", "ip": "2001:db8::5", "port": 5003} ]
      """)
  }

  private func answer(_ text: String, _ users: UsersFile? = nil) -> String {
    do throws(ToWhom.Refusal) {
      switch try ToWhom.resolve(text, from: me, in: users ?? self.users) {
      case .user(let entry): return "user " + entry.name.text
      case .address(let host, let port): return "address \(host) \(port)"
      }
    } catch {
      switch error {
      case .empty: return "empty"
      case .yourself: return "yourself"
      case .unknownName(let name, let similar): return "unknown \(name) \(similar.map(\.text))"
      case .badPort(let port): return "bad port \(port)"
      case .portMissing(let host): return "no port \(host)"
      }
    }
  }

  @Test func wrongAnswersAreToldApart() {
    #expect(answer("") == "empty")
    #expect(answer("alice") == "yourself")
    #expect(answer("127.0.0.1:5000") == "yourself")
    #expect(answer("bobb") == "unknown bobb [\"bob\"]")
    #expect(answer("alise") == "unknown alise []")
    #expect(answer("10.0.0.9:70000") == "bad port 70000")
    #expect(answer("10.0.0.9:") == "bad port ")
    #expect(answer("10.0.0.9:abc") == "bad port abc")
    #expect(answer("10.0.0.9") == "no port 10.0.0.9")
    #expect(answer("10.0.0.3") == "no port 10.0.0.3")
    #expect(answer("eve smyth") == "unknown eve smyth [\"eve smith\"]")
  }

  @Test func aUserIsFoundByNameByAddressAndByTheIPAlone() {
    #expect(answer("bob") == "user bob")
    #expect(answer("eve smith") == "user eve smith")
    #expect(answer("10.0.0.2:5001") == "user bob")
    #expect(answer("10.0.0.2 5001") == "user bob")
    #expect(answer("10.0.0.2") == "user bob")
    #expect(answer("EXAMPLE.org:5002") == "user dave")
    #expect(answer("[2001:db8:0::5]:5003") == "user eve smith")
    #expect(answer("2001:db8::5") == "user eve smith")
  }

  @Test func anAddressOfNobodyOrOfTwoIsDialledWithoutAName() {
    #expect(answer("10.0.0.9:5001") == "address 10.0.0.9 5001")
    #expect(answer("10.0.0.3:5001") == "address 10.0.0.3 5001")
    #expect(answer("host.example:1") == "address host.example 1")
    #expect(answer("[::1]:1") == "address ::1 1")
  }

  @Test func withoutAUsersFileOnlyAnAddressIsAnAnswer() {
    func alone(_ text: String) -> String {
      do throws(ToWhom.Refusal) {
        if case .address(let host, let port) = try ToWhom.resolve(text, from: me, in: nil) {
          return "\(host) \(port)"
        }
      } catch {
        if case .unknownName = error { return "unknown" }
      }
      return "?"
    }
    #expect(alone("10.0.0.9:5001") == "10.0.0.9 5001")
    #expect(alone("bob") == "unknown")
  }
}

@Suite struct NumericAddressTests {
  @Test(arguments: [
    "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..2.3", "1.2.3.-4",
    "a.b.c.d",
    ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1%", "1:2:3:4:5:6:7::8",
    "::1.2.3", "1.2.3.4::", "localhost", "[::1]",
  ])
  func whatIsNoAddressIsRefused(text: String) { #expect(NumericAddress(text) == nil) }

  @Test(arguments: [
    ("::1", "0:0:0:0:0:0:0:1"), ("::", "0::0"), ("2001:DB8::5", "2001:db8:0:0:0:0:0:5"),
    ("::ffff:10.0.0.1", "10.0.0.1"), ("::FFFF:a00:1", "10.0.0.1"), ("1::", "1:0::"),
    ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ("fe80::1%eth0", "fe80:0::1%eth0"),
  ])
  func twoSpellingsOfOneAddressAreEqual(first: String, second: String) throws {
    #expect(try #require(NumericAddress(first)) == #require(NumericAddress(second)))
  }

  @Test func addressesThatDifferAreNotEqual() {
    #expect(NumericAddress("fe80::1%eth0") != NumericAddress("fe80::1%eth1"))
    #expect(NumericAddress("10.0.0.1") != NumericAddress("::10.0.0.1"))
    #expect(NumericAddress("::1") != NumericAddress("::2"))
  }

  @Test func loopbackIsAllOf127AndOneOfIPv6() {
    for host in [
      "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "localhost", "LocalHost", "a.localhost",
    ] {
      #expect(NumericAddress.isLoopback(host: host), "\(host)")
    }
    for host in [
      "128.0.0.1", "::2", "0.0.0.0", "::", "localhost.example.org", "10.127.0.0", "127.0.0.1.example.org",
    ] {
      #expect(!NumericAddress.isLoopback(host: host), "\(host)")
    }
  }
}

@Suite struct BindingTests {
  private let here = ["127.0.0.1", "::1", "10.0.0.7", "2001:db8::7"]

  private func decide(_ asked: String?, _ host: String?) -> BindDecision {
    BindDecision.decide(asked: asked, entryHost: host, addressesOfThisHost: here)
  }

  @Test func aLoopbackEntryBindsLoopbackAndReachesThisComputerOnly() {
    for host in ["127.0.0.1", "::1", "localhost", "127.0.0.5"] {
      #expect(decide(nil, host) == .loopback(host))
      #expect(decide(nil, host).reachesThisComputerOnly)
      #expect(decide(nil, host).host == host)
    }
  }

  @Test func anEntryWithAnAddressOfThisHostBindsThatOne() {
    #expect(decide(nil, "10.0.0.7") == .ownAddress("10.0.0.7"))
    #expect(decide(nil, "2001:db8:0:0::7") == .ownAddress("2001:db8:0:0::7"))
    #expect(!decide(nil, "10.0.0.7").reachesThisComputerOnly)
  }

  @Test func anyOtherEntryBindsEveryAddress() {
    for host in ["10.0.0.8", "203.0.113.5", "example.org"] {
      #expect(decide(nil, host) == .everyAddress(entryHost: host))
      #expect(decide(nil, host).host == nil)
      #expect(!decide(nil, host).reachesThisComputerOnly)
    }
    for host in [nil, "0.0.0.0", "::"] { #expect(decide(nil, host) == .everyAddress(entryHost: nil)) }
  }

  @Test func theOptionOverridesTheEntry() {
    #expect(decide("0.0.0.0", "127.0.0.1") == .asked("0.0.0.0"))
    #expect(!decide("0.0.0.0", "127.0.0.1").reachesThisComputerOnly)
    #expect(decide("::1", "10.0.0.7").reachesThisComputerOnly)
  }
}

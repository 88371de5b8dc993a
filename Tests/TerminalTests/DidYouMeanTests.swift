import Terminal
import Testing

@Suite struct DidYouMeanTests {
  @Test(arguments: [
    ("snd", "send"), ("lisen", "listen"), ("recieve", "receive"), ("verfy", "verify"), ("ver", "verify"),
    ("hlep", "help"), ("CHAT", "chat"),
  ])
  func aNearWordIsFound(typed: String, meant: String) {
    let words = ["chat", "listen", "receive", "send", "id", "init", "verify", "demo", "version", "help"]
    #expect(DidYouMean.nearest(to: typed, among: words) == meant)
  }

  @Test func aFarWordIsNot() {
    #expect(DidYouMean.nearest(to: "frobnicate", among: ["chat", "send"]) == nil)
    #expect(DidYouMean.nearest(to: "", among: ["id"]) == nil)
    #expect(DidYouMean.nearest(to: String(repeating: "a", count: 10_000), among: ["id"]) == nil)
  }
}

import ChatProtocol
import Messenger
import Wire

/// The users file: the strict reader of JSON and the rules of its entries, over any bytes, and over any bytes
/// in the place of one value of a file that is right.
enum UsersTarget {
  private static let beginning = Array(
    #"[{"username":"alice","ip":"127.0.0.1","port":7601,"password":"p"}, {"#.utf8)
  private static let templates: [(before: String, after: String)] = [
    (#""username":""#, #"","ip":"::1","port":1}]"#),
    (#""username":"bob","ip":""#, #"","port":1}]"#),
    (#""username":"bob","ip":"::1","port":"#, "}]"),
    (#""username":"bob","ip":"::1","port":1,"password":""#, #""}]"#),
    (#""username":"bob","ip":"::1","port":1,"pair_password":"#, "}]"),
    (#""username":"bob","ip":"::1","port":1,"identity":""#, #""}]"#),
    (#""username":"bob","ip":"::1","port":1,"#, "}]"),
  ]

  static func run(_ input: inout FuzzInput) {
    let choice = Int(input.byte())
    var bytes = input.everything()
    if choice < templates.count {
      let template = templates[choice]
      bytes = beginning + Array(template.before.utf8) + bytes + Array(template.after.utf8)
    }
    let lines = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
    do throws(JSONError) {
      _ = try JSONReader(parsing: bytes.span)
    } catch {
      demand((1...lines).contains(error.position.line), "an error names a line of the file")
    }
    do throws(UsersFileError) {
      check(try UsersFile(parsing: bytes.span, path: "users.json"), lines)
    } catch {
      if case .content(_, let position, _) = error {
        demand((1...lines).contains(position.line), "an error names a line of the file")
        demand(position.column >= 1, "columns count from 1")
      }
    }
  }

  private static func check(_ file: UsersFile, _ lines: Int) {
    demand(!file.entries.isEmpty, "a users file has users")
    demand(Set(file.entries.map(\.name)).count == file.entries.count, "names are unique")
    for entry in file.entries {
      demand(entry.port > 0, "a port is not 0")
      demand((1...253).contains(entry.host.utf8.count), "a host has 1 to 253 bytes")
      demand((1...lines).contains(entry.line), "an entry stands on a line of the file")
      demand((try? PeerName(entry.name.text)) == entry.name, "a name keeps the rules for names")
      for password in [entry.password, entry.pairPassword] {
        guard let count = password?.withBytes({ $0.count }) else { continue }
        demand((1...128).contains(count), "a password has 1 to 128 bytes")
      }
      if let identity = entry.identity {
        demand(identity.profile.name == entry.name, "an identity is of the user it stands at")
      }
      _ = file.names(similarTo: entry.name.text)
    }
  }
}

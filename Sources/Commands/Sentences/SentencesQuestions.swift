package import Messenger
import Terminal
import Wire

// The questions in the old order, and what is wrong with an answer.
extension Sentences {
  static func banner(_ users: UsersFile) -> String {
    "secure_chat \(Version.short): no server, no account.   "
      + "\(count(users.entries.count, "user")) in \(SafeText.line(users.path))"
  }

  static func askUsersFile(suggestion: String?) -> String {
    "Path of the users file" + (suggestion.map { " [\($0)]" } ?? "") + ": "
  }

  static func askWho(_ names: [PeerName]) -> String { "Who are you? \(brackets(names)): " }
  static let askOwnName = "Your user name: "
  static let askDirection = "Send or receive? [s/r]: "

  static func askTarget(_ others: [PeerName]) -> String {
    "To whom? (name, or host:port) " + (others.isEmpty ? "" : brackets(others)) + ": "
  }

  static func askPort(of host: String) -> String { "Port of \(SafeText.line(host)): " }

  static func askPeerName(at address: String) -> String {
    "What is their user name? (at \(SafeText.line(address))): "
  }

  /// The possible answers; of very many the first ones.
  private static func brackets(_ names: [PeerName]) -> String {
    names.count <= 12 ? "[\(list(names))]" : "[\(list(Array(names.prefix(10))))/... \(names.count) in all]"
  }

  static let usersFileNeeded =
    "A users file says who can be talked to, and where: a JSON list of username, password, ip and port.\n"
    + " There is one to copy in the source: users.example.json"

  static let answerTooLong = "That is too long for an answer."

  static func notADirection(_ answer: String) -> String {
    (answer.isEmpty ? "That was empty." : "\(quoted(answer)) is neither.")
      + " Type s (or send) to start a conversation, r (or receive) to wait for one."
  }

  static func questionsNeedATerminal(_ path: String?) -> Failure {
    let users = path.map { SafeText.line($0) } ?? "USERS.json"
    return usage(
      "there is no terminal to ask at.",
      hint: "Say it all: secure_chat listen --users \(users) --as NAME\n"
        + "        or: secure_chat send NAME --users \(users) --as NAME < TEXT")
  }

  static func asNeeded(_ names: [PeerName]) -> Failure {
    usage(
      "it is not said who you are, and there is no terminal to ask at.",
      hint: "Say it: --as NAME" + (names.isEmpty ? "" : ", one of \(list(names, separator: ", "))"))
  }

  static let targetNeeded = usage(
    "it is not said whom to talk to, and there is no terminal to ask at.",
    hint: "Say it: secure_chat chat NAME")

  static func peerNeeded(_ address: String) -> Failure {
    usage(
      "nobody of the users file is at \(SafeText.line(address)), and there is no terminal to ask who is.",
      hint: "Say it: --peer NAME")
  }

  static func peerContradicts(_ peer: String, _ name: PeerName) -> Failure {
    usage("--peer \(quoted(peer)) contradicts the name \(quoted(name.text)); give one of them.")
  }

  static func badAddress(_ text: String) -> Failure {
    usage(
      "\(quoted(text)) is no address.", hint: "Type it as HOST:PORT, for example 10.0.0.7:5001 or [::1]:5001")
  }

  // MARK: Who am I

  static func who(_ refusal: WhoAmI.Refusal, in users: UsersFile) -> Failure {
    let names = users.entries.map(\.name)
    return switch refusal {
    case .empty: usage("an empty answer is nobody.", hint: "Type a user name or its port: \(brackets(names))")
    case .unknownName(let answer, let similar):
      unknown(answer, similar, names, " in \(SafeText.line(users.path))")
    case .unknownPort(let port):
      usage("no user of \(SafeText.line(users.path)) has port \(port).", hint: "There are: \(ports(users))")
    case .notAPort(let answer):
      usage(
        "\(quoted(answer)) is neither a user name nor a port from 1 to 65535.",
        hint: "There are: \(ports(users))")
    case .sharedPort(let port, let sharing):
      usage(
        "\(list(sharing, separator: " and ")) share port \(port).",
        hint: "Type the name: \(brackets(sharing))")
    }
  }

  private static func ports(_ users: UsersFile) -> String {
    users.entries.prefix(12).map { "\($0.name.text) \($0.port)" }.joined(separator: ", ")
  }

  private static func unknown(
    _ answer: String, _ similar: [PeerName], _ names: [PeerName], _ place: String
  ) -> Failure {
    if let meant = similar.first {
      return usage("no user \(quoted(answer))\(place); did you mean \(quoted(meant.text))?")
    }
    return usage(
      "no user \(quoted(answer))\(place).", hint: names.isEmpty ? nil : "There are: \(brackets(names))")
  }

  // MARK: To whom

  static func toWhom(_ refusal: ToWhom.Refusal, others: [PeerName]) -> Failure {
    let choices = others.isEmpty ? "HOST:PORT" : "\(brackets(others)), or HOST:PORT"
    return switch refusal {
    case .empty: usage("an empty answer is nobody.", hint: "Type \(choices)")
    case .yourself(let me): usage("that is you (\(me.text)).", hint: "Type \(choices)")
    case .unknownName(let answer, let similar):
      unknown(answer, similar, others, ", and it is no address with a port (HOST:PORT)")
    case .badPort(let text):
      usage("\(quoted(text)) is no port.", hint: "A port is a number from 1 to 65535: HOST:PORT")
    case .portMissing(let host):
      usage("at \(quoted(host)) the port is missing.", hint: "Type HOST:PORT")
    }
  }

  static func badName(_ text: String, _ error: NameError) -> Failure {
    usage("\(quoted(text)) cannot be a user name: \(words(error)).")
  }

  private static func words(_ error: NameError) -> String {
    switch error {
    case .empty: "it is empty"
    case .tooLong: "it has more than \(PeerName.maximumByteCount) bytes"
    case .notUTF8: "it is not UTF-8"
    case .notComposed: "its accents are not composed (Unicode NFC)"
    case .forbiddenCodePoint(let number):
      "it holds the character U+\(String(number, radix: 16, uppercase: true)), which cannot be seen"
    case .spaceAtEnd: "it begins or ends with a space"
    case .keptForRooms: "it is kept for rooms"
    case .wrongField: "it is malformed"
    }
  }

  // MARK: The users file

  package static func usersFile(_ error: UsersFileError) -> Failure {
    let path = SafeText.line(error.path)
    return switch error {
    case .missing:
      usage("there is no file \(path).", hint: "Check the path, or copy users.example.json and edit it.")
    case .notAFile: usage("\(path) is not a file.")
    case .unreadable(_, let message): usage("\(path) cannot be read: \(SafeText.line(message)).")
    case .tooLarge(_, let limit):
      usage("\(path) is too large for a users file (above \(limit >> 20) MiB); it was not read.")
    case .empty:
      usage(
        "\(path), line 1: it is empty.", hint: "It should be a JSON list of username, password, ip and port.")
    case .memory: Failure(.failed, "E_STATE", "the system gives no protected memory to read \(path) into.")
    case .changedMeanwhile:
      Failure(.failed, "E_FILE", "\(path) changed meanwhile; nothing was written.", hint: "Run this again.")
    case .content(_, let place, let problem):
      usage("\(path), line \(place.line), column \(place.column): \(words(problem)).")
    }
  }

  private static func words(_ problem: UsersFileProblem) -> String {
    switch problem {
    case .notJSON(let problem, let key):
      "this is not JSON: \(words(problem))" + (key.map { ", at key \(quoted($0))" } ?? "")
    case .notAList: "a users file is a list: [ {...}, {...} ]"
    case .noUsers: "the list holds no user"
    case .entryNotAnObject: #"each user is an object: {"username": ..., "ip": ..., "port": ...}"#
    case .duplicateKey(let key): "the key \(quoted(key)) stands there twice"
    case .missingKey(let key, let user):
      "the key \(quoted(key)) is missing" + (user.map { " for user \(quoted($0))" } ?? "")
    case .wrongType(let key, let expected): "\(quoted(key)) should be \(expected)"
    case .badUserName(let key, let error): "\(quoted(key)) cannot be a user name: \(words(error))"
    case .duplicateUserName(let name, let line): "the user \(quoted(name.text)) is already on line \(line)"
    case .badHost(let key): "\(quoted(key)) is no address and no host name"
    case .badPort(let key, let text):
      "\(quoted(key)) should be a whole number from 1 to 65535, and is \(quoted(text))"
    case .badPassword(let key, let problem): "\(quoted(key)) \(words(problem))"
    case .badIdentity(let key, let problem): "\(quoted(key)) \(words(problem))"
    }
  }

  private static func words(_ problem: JSONError.Problem) -> String {
    switch problem {
    case .tooLarge(let limit): "it has more than \(limit) bytes"
    case .tooDeep(let limit): "it is nested deeper than \(limit)"
    case .tooManyValues(let limit): "it holds more than \(limit) values"
    case .unexpectedEnd: "it ends too early"
    case .unexpectedByte(let byte):
      (0x21...0x7E).contains(byte)
        ? "\(quoted(String(UnicodeScalar(byte)))) cannot stand here" : "this cannot stand here"
    case .invalidUTF8: "this is not UTF-8"
    case .byteOrderMark: "it begins with a byte order mark; save it as UTF-8 without one"
    case .controlInString: "a control character stands in a string"
    case .wrongEscape: "this is no escape of JSON"
    case .loneSurrogate: "half a surrogate pair"
    case .wrongNumber: "this is no number of JSON"
    case .numberTooLong(let limit): "the number has more than \(limit) digits"
    case .duplicateKey: "a key stands there twice"
    case .trailingBytes: "something follows after the list"
    }
  }

  private static func words(_ problem: IdentityTextProblem) -> String {
    switch problem {
    case .notAProfile: "is no profile as `secure_chat id` prints it"
    case .notAuthentic: "is a profile whose signature does not hold"
    case .anotherName(let name): "is the profile of \(quoted(name.text))"
    }
  }

  static func code(of warning: UsersFileWarning) -> String {
    switch warning {
    case .openToOthers: "W_PERMS"
    case .unknownKeys: "W_UNKNOWN_KEYS"
    case .everyReaderCanPose: "W_SHARED_FILE"
    }
  }

  static func usersFileWarning(_ warning: UsersFileWarning) -> String {
    switch warning {
    case .openToOthers(let path, _):
      "others can read the passwords in \(SafeText.line(path)):  chmod 600 \(SafeText.line(path))"
    case .unknownKeys(let keys, let path, let line):
      "\(SafeText.line(path)), line \(line): not known here, ignored: \(keys.map(quoted).joined(separator: ", "))"
    case .everyReaderCanPose(let path, _):
      "Anyone who has \(SafeText.line(path)) can pose as a user at first contact."
    }
  }
}

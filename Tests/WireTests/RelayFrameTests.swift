import TestSupport
import Testing
import Wire

@Suite struct RelayFrameTests {
  private static let pseudonym = [UInt8](repeating: 1, count: 32)
  private static let key = [UInt8](repeating: 2, count: 32)
  private static let signature = [UInt8](repeating: 3, count: 64)
  private static let chain = [UInt8](repeating: 4, count: 32)
  private static let id = MessageID(stream: 0x0102_0304_0506_0708, number: .max)
  private static let commit = RelayCommit(
    slot: 7, replaces: [UInt8](repeating: 5, count: 32), nextKey: key, signature: signature)

  private static let requests: [RelayRequest] = [
    .hello(.guest),
    .hello(.member(RelayMembership(pseudonym: pseudonym, key: key, signature: signature))),
    .append(RelayAppend(request: 1, id: id, content: .application, body: [1, 2, 3])),
    .append(RelayAppend(request: 1, id: id, content: .proposal, body: [])),
    .append(RelayAppend(request: .max, id: id, content: .commit(commit), body: [9])),
    .subscribe(RelaySubscribe(from: .max, credit: 7)), .credit(.max),
    .range(RelayRange(request: 3, from: 1, through: .max)), .ephemeral([1, 2]), .ephemeral([]),
    .inboxPut(RelayInboxPut(request: 4, pseudonym: pseudonym, nonce: .max, body: [7, 7])),
    .inboxAcknowledgement(item: 9),
    .keyPackagePut(RelayKeyPackagePut(request: 5, isLastResort: true, body: [8])),
    .keyPackagePut(RelayKeyPackagePut(request: 5, isLastResort: false, body: [])),
    .keyPackageTake(RelayKeyPackageTake(request: 6, pseudonym: pseudonym)),
    .badCommit(RelayBadCommit(request: 7, slot: 8, bodyHash: chain, reason: 255)),
  ]

  private static let entry = RelayEntry(
    sequence: 1, id: id, time: UnixTime(milliseconds: 5), chain: chain, content: .commit(commit),
    body: [6, 6])

  private static let answers: [RelayAnswer] = [
    .welcome(
      RelayWelcome(
        term: 1, floor: 2, head: 3, chain: chain, slot: 4, link: 5, others: [6, 7], entryLimit: 8,
        objectLimit: 9, creditLimit: 10)),
    .welcome(
      RelayWelcome(
        term: .max, floor: 0, head: 0, chain: chain, slot: 0, link: 0, others: [], entryLimit: 0,
        objectLimit: 0, creditLimit: .max)),
    .receipt(
      RelayReceipt(
        request: 1, term: 2, sequence: 3, chain: chain, level: .durable, kind: .commit, slot: 4,
        signature: signature)),
    .receipt(
      RelayReceipt(
        request: 1, term: 2, sequence: 3, chain: chain, level: .replicated, kind: .application, slot: 0,
        signature: signature)),
    .conflict(RelayConflict(request: 2, winner: entry)),
    .refused(RelayRefusal(request: 3, reason: .slotIsNotNext, retryAfter: .max)),
    .entry(entry),
    .entry(
      RelayEntry(
        sequence: .max, id: id, time: UnixTime(milliseconds: .max), chain: chain, content: .proposal, body: []
      )),
    .rangeEnd(request: 4), .ephemeral(link: 5, body: [1]), .linkDown(6), .linkUp(.max),
    .accepted(request: 7), .inboxItem(RelayInboxItem(item: 8, body: [1, 2])),
    .keyPackage(RelayKeyPackage(request: 9, body: [3])),
  ]

  @Test(arguments: requests)
  func everyRequestComesBack(_ request: RelayRequest) throws {
    #expect(try RelayRequest(type: request.type, body: request.body) == request)
    // A relay's frames are not a client's.
    #expect(throws: RelayFrameError.self) {
      guard case .ephemeral = request else {
        _ = try RelayAnswer(type: request.type, body: request.body)
        return
      }
      throw RelayFrameError.unknownType(request.type)
    }
  }

  @Test(arguments: answers)
  func everyAnswerComesBack(_ answer: RelayAnswer) throws {
    #expect(try RelayAnswer(type: answer.type, body: answer.body) == answer)
    #expect(answer.frame.body == answer.body && answer.frame.type.rawValue == answer.type)
  }

  /// Bytes before the part that may have any length; all of it where there is none.
  private static func headCount(_ type: RelayFrameType, _ body: [UInt8]) -> Int {
    switch type {
    case .append: body[4] == 3 ? 157 : 21
    case .entry: body[8] == 3 ? 201 : 65
    case .conflict: 4 + 201
    case .inboxPut: 44
    case .inboxItem: 8
    case .keyPackagePut: 5
    case .keyPackage: 4
    case .ephemeral: 0
    case .hello, .welcome, .receipt, .refused, .subscribe, .credit, .range, .rangeEnd, .linkDown, .linkUp,
      .accepted, .inboxAcknowledgement, .keyPackageTake, .badCommit:
      body.count
    }
  }

  @Test func everyCutAndEveryByteMoreOfAFixedFormIsRefused() {
    for request in Self.requests {
      let head = Self.headCount(request.frameType, request.body)
      for count in 0..<head {
        #expect(throws: RelayFrameError.malformed, "\(request.frameType) of \(count)") {
          try RelayRequest(type: request.type, body: Array(request.body.prefix(count)))
        }
      }
      let hasBody: Set<RelayFrameType> = [.append, .ephemeral, .inboxPut, .keyPackagePut]
      guard !hasBody.contains(request.frameType) else { continue }
      #expect(throws: RelayFrameError.malformed) {
        try RelayRequest(type: request.type, body: request.body + [0])
      }
    }
    for answer in Self.answers {
      let isEphemeral = answer.frameType == .ephemeral
      let head = isEphemeral ? 4 : Self.headCount(answer.frameType, answer.body)
      for count in 0..<head {
        #expect(throws: RelayFrameError.malformed, "\(answer.frameType) of \(count)") {
          try RelayAnswer(type: answer.type, body: Array(answer.body.prefix(count)))
        }
      }
    }
  }

  @Test func theLayoutIsThatOfTheDocument() {
    let append = Self.requests[4].body
    #expect(Array(append[0..<5]) == [0xff, 0xff, 0xff, 0xff, 3])
    #expect(Array(append[5..<21]) == Self.id.bytes)
    #expect(Array(append[21..<29]) == [0, 0, 0, 0, 0, 0, 0, 7])
    #expect(Array(append[29..<61]) == Self.commit.replaces && Array(append[61..<93]) == Self.key)
    #expect(Array(append[93..<157]) == Self.signature && Array(append[157...]) == [9])
    #expect(RelayFrameType.allCases.map(\.rawValue) == Array(64...85))
    #expect(
      RelaySignedBytes.authentication(th: Self.chain, pseudonym: Self.pseudonym)
        == Array("secure_chat/1 relay auth".utf8) + Self.chain + Self.pseudonym)
    #expect(
      RelaySignedBytes.chain(after: Self.chain, sequence: 1, bodyHash: Self.key)
        == Self.chain + [0, 0, 0, 0, 0, 0, 0, 1] + Self.key)
    #expect(
      RelaySignedBytes.epoch(pseudonym: Self.pseudonym, slot: 2, nextKey: Self.key, bodyHash: Self.chain)
        == Array("secure_chat/1 relay epoch".utf8) + Self.pseudonym + [0, 0, 0, 0, 0, 0, 0, 2] + Self.key
        + Self.chain)
    #expect(
      RelaySignedBytes.receipt(
        pseudonym: Self.pseudonym, term: 1, sequence: 2, chain: Self.chain, level: .durable, kind: .commit,
        slot: 3
      ).suffix(58)
        == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2] + Self.chain + [1, 3, 0, 0, 0, 0, 0, 0, 0, 3])
  }

  @Test func whatIsTooLargeIsRefused() {
    let large = [UInt8](repeating: 0, count: RelayFrame.largestBody + 1)
    for type in RelayFrameType.allCases {
      #expect(throws: RelayFrameError.self) { try RelayRequest(type: type.rawValue, body: large) }
      #expect(throws: RelayFrameError.self) { try RelayAnswer(type: type.rawValue, body: large) }
    }
    let ephemeral = [UInt8](repeating: 0, count: 1025)
    #expect(throws: RelayFrameError.tooLarge) { try RelayRequest(type: 75, body: ephemeral) }
    #expect(throws: RelayFrameError.tooLarge) {
      try RelayRequest(type: 82, body: [UInt8](repeating: 0, count: 5 + 8193))
    }
  }

  @Test func numbersThatMeanNothingAreRefused() {
    func edited(_ request: RelayRequest, at index: Int, _ byte: UInt8) -> [UInt8] {
      var body = request.body
      body[index] = byte
      return body
    }
    #expect(throws: RelayFrameError.malformed) {
      try RelayRequest(type: 64, body: edited(Self.requests[0], at: 0, 2))
    }
    for kind: UInt8 in [0, 4, 255] {
      #expect(throws: RelayFrameError.malformed) {
        try RelayRequest(type: 66, body: edited(Self.requests[2], at: 4, kind))
      }
    }
    #expect(throws: RelayFrameError.malformed) {
      try RelayRequest(type: 82, body: edited(Self.requests[12], at: 4, 2))
    }
    for type in UInt8.min ... .max where !(64...85).contains(type) {
      #expect(throws: RelayFrameError.unknownType(type)) { try RelayRequest(type: type, body: []) }
      #expect(throws: RelayFrameError.unknownType(type)) { try RelayAnswer(type: type, body: []) }
    }
  }

  @Test func thePuzzleWantsEighteenZeroBits() {
    let rest = [UInt8](repeating: 0xff, count: 29)
    #expect(RelayPuzzle.isSolved(by: [0, 0, 0x3f] + rest))
    #expect(!RelayPuzzle.isSolved(by: [0, 0, 0x40] + rest))
    #expect(!RelayPuzzle.isSolved(by: [0, 1, 0] + rest))
  }

  @Test func randomBytesAreReadWithoutATrap() {
    var generator = SeededGenerator(seed: 4)
    var readCount = 0
    for round in 0..<20_000 {
      let type = UInt8.random(in: 60...90, using: &generator)
      let whole =
        (round.isMultiple(of: 2) ? Self.requests.map(\.body) : Self.answers.map(\.body))
        .randomElement(using: &generator) ?? []
      var body = round % 4 < 2 ? generator.bytes(Int.random(in: 0...220, using: &generator)) : whole
      if !body.isEmpty, round % 3 == 0 {
        body[Int.random(in: 0..<body.count, using: &generator)] = .random(
          in: .min ... .max, using: &generator)
      }
      if let request = try? RelayRequest(type: type, body: body) {
        readCount += 1
        #expect(request.body == body)
      }
      if let answer = try? RelayAnswer(type: type, body: body) {
        readCount += 1
        #expect(answer.body == body)
      }
    }
    #expect(readCount > 1000)
  }
}

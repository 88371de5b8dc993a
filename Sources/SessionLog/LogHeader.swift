/// How far the texts of a log are hidden from one who reads the file.
package enum LogTextMode: String, Sendable, CaseIterable {
  case sealed
  case plain
}

/// Whether and how the other party witnesses the log.
package enum WitnessMode: String, Sendable, CaseIterable {
  case off
  case deniable
  case signed
}

/// What a segment says of the segment before it in the same conversation.
package struct PreviousSegment: Equatable, Sendable {
  package var log: LogIdentifier
  /// The number and tag of its last complete line, as found.
  package var record: Int
  package var tag: [UInt8]
  /// The bytes after its last newline, and their SHA-256 (nil where there are none).
  package var torn: Int
  package var tornHash: [UInt8]?
  /// The last ordinals of this session before this segment: 0 if the session begins here.
  package var sent: Int
  package var received: Int

  package init(
    log: LogIdentifier, record: Int, tag: [UInt8], torn: Int, tornHash: [UInt8]?, sent: Int, received: Int
  ) {
    self.log = log
    self.record = record
    self.tag = tag
    self.torn = torn
    self.tornHash = tornHash
    self.sent = sent
    self.received = received
  }
}

/// The first line of a segment (kind `open`), as values.
package struct LogHeader: Equatable, Sendable {
  package var time: String
  /// The number behind `secure_chat-log/`: 1 in every log that this program can check.
  package var version: Int
  package var log: LogIdentifier
  package var session: [UInt8]
  /// The place of this segment in its conversation, from 1.
  package var segment: Int
  package var previous: PreviousSegment?
  package var me: String
  package var myIdentifier: [UInt8]
  package var peer: String
  package var peerIdentifier: [UInt8]
  package var witness: WitnessMode
  package var text: LogTextMode
  package var segmentKey: [UInt8]?
  /// The number of the `open` head in the device's head store, and the proof by that store's key.
  package var deviceRecord: Int?
  package var deviceProof: [UInt8]?
  /// HPKE's encapsulated key and ciphertext: what opens the chain to the holder of the log key.
  package var wrappedKeys: [UInt8]

  package init(
    time: String, version: Int, log: LogIdentifier, session: [UInt8], segment: Int,
    previous: PreviousSegment?, me: String, myIdentifier: [UInt8], peer: String, peerIdentifier: [UInt8],
    witness: WitnessMode, text: LogTextMode, segmentKey: [UInt8]?, deviceRecord: Int?,
    deviceProof: [UInt8]?, wrappedKeys: [UInt8]
  ) {
    self.time = time
    self.version = version
    self.log = log
    self.session = session
    self.segment = segment
    self.previous = previous
    self.me = me
    self.myIdentifier = myIdentifier
    self.peer = peer
    self.peerIdentifier = peerIdentifier
    self.witness = witness
    self.text = text
    self.segmentKey = segmentKey
    self.deviceRecord = deviceRecord
    self.deviceProof = deviceProof
    self.wrappedKeys = wrappedKeys
  }

  /// A log whose records are heads of other logs.
  package var isHeadStore: Bool {
    me == peer && myIdentifier == peerIdentifier && session.allSatisfy { $0 == 0 } && witness == .off
      && text == .plain && deviceRecord == nil
  }
}

/// What stands in the first line of a file.
package enum HeaderReading: Sendable {
  case header(LogHeader, layout: HeaderLayout)
  /// A header of a later version of the format, whose rest this program cannot judge.
  case laterVersion
  case noHeader
}

/// Where the parts of a header line are.
package struct HeaderLayout: Sendable, Equatable {
  /// The bytes that the wrapped keys are bound to: those before `,"w":`.
  package var boundCount: Int
  /// The bytes that the tag covers.
  package var coveredCount: Int
  /// Where the 43 characters of the tag begin.
  package var tagStart: Int
}

/// The form of a header line, to read and to write.
enum HeaderLine {
  private static let open = Array(#"{"n":0,"t":""#.utf8)
  private static let kind = Array(#"","k":"open","v":"secure_chat-log/"#.utf8)
  private static let log = Array(#"","log":""#.utf8)
  private static let session = Array(#"","sess":""#.utf8)
  private static let segment = Array(#"","seg":"#.utf8)
  private static let previous = Array(#","prev":"#.utf8)
  private static let null = Array("null".utf8)
  private static let previousLog = Array(#"{"log":""#.utf8)
  private static let previousRecord = Array(#"","n":"#.utf8)
  private static let previousTag = Array(#","h":""#.utf8)
  private static let previousTorn = Array(#"","torn":"#.utf8)
  private static let previousHash = Array(#","sha256":"#.utf8)
  private static let previousSent = Array(#","out":"#.utf8)
  private static let previousReceived = Array(#","in":"#.utf8)
  private static let me = Array(#","me":""#.utf8)
  private static let myIdentifier = Array(#"","mek":""#.utf8)
  private static let peer = Array(#"","peer":""#.utf8)
  private static let peerIdentifier = Array(#"","peerk":""#.utf8)
  private static let witness = Array(#"","witness":""#.utf8)
  private static let text = Array(#"","text":""#.utf8)
  private static let segmentKey = Array(#"","sk":"#.utf8)
  private static let deviceRecord = Array(#","dv":"#.utf8)
  private static let deviceProof = Array(#","dm":"#.utf8)
  private static let wrapped = Array(#","w":""#.utf8)
  private static let tag = Array(#"","h":""#.utf8)
  private static let end = Array(#""}"#.utf8)

  /// What every first line begins with, as far as a torn one goes.
  static let beginning = open

  static let largestNumber = Int(Int32.max)
  static let largestInteger = (1 << 53) - 1
  static let nameBytes = 1...63

  /// Reads a whole line without its newline.
  static func read(_ line: Span<UInt8>) -> HeaderReading {
    var reader = LineReader(to: line.count)
    guard reader.take(open, of: line), let time = reader.takeTime(of: line), reader.take(kind, of: line),
      let version = reader.takeNumber(of: line, atMost: largestInteger)
    else { return .noHeader }
    let afterVersion = reader
    if let (header, layout) = rest(line, &reader, time: time, version: version) {
      return .header(header, layout: layout)
    }
    var quote = afterVersion
    return version != 1 && quote.take(0x22, of: line) ? .laterVersion : .noHeader
  }

  private static func rest(
    _ line: Span<UInt8>, _ reader: inout LineReader, time: Int, version: Int
  ) -> (LogHeader, HeaderLayout)? {
    var name: [UInt8] = []
    guard reader.take(log, of: line), let logStart = reader.takeLogIdentifier(of: line),
      reader.take(session, of: line), let sessionStart = reader.takeDigest(of: line),
      reader.take(segment, of: line),
      let number = reader.takeNumber(of: line, atMost: largestInteger), number > 0,
      reader.take(previous, of: line), let before = takePrevious(line, &reader),
      (before == nil) == (number == 1),
      reader.take(me, of: line),
      reader.takeString(of: line, bytes: nameBytes, keeping: true, into: &name)
    else { return nil }
    let myName = String(decoding: name, as: UTF8.self)
    name.removeAll()
    guard reader.take(myIdentifier, of: line), let mineStart = reader.takeDigest(of: line),
      reader.take(peer, of: line), reader.takeString(of: line, bytes: nameBytes, keeping: true, into: &name),
      reader.take(peerIdentifier, of: line), let theirsStart = reader.takeDigest(of: line),
      reader.take(witness, of: line), let mode = takeCase(WitnessMode.self, line, &reader),
      reader.take(text, of: line), let textMode = takeCase(LogTextMode.self, line, &reader),
      reader.take(segmentKey, of: line), let key = takeOptionalDigest(line, &reader),
      (mode == .signed) == (key != nil),
      reader.take(deviceRecord, of: line), let record = takeOptionalNumber(line, &reader),
      reader.take(deviceProof, of: line), let proof = takeOptionalDigest(line, &reader),
      (record == nil) == (proof == nil)
    else { return nil }
    let boundCount = reader.position
    guard reader.take(wrapped, of: line),
      let wrappedStart = reader.takeBase64(of: line, count: Base64Form.wrappedKeysLength)
    else { return nil }
    let coveredCount = reader.position + 1
    guard reader.take(tag, of: line), let tagStart = reader.takeDigest(of: line), reader.take(end, of: line),
      reader.position == line.count
    else { return nil }
    let header = LogHeader(
      time: text(line, time, LogTime.length), version: version, log: LogIdentifier(line, at: logStart),
      session: digest(line, sessionStart), segment: number, previous: before, me: myName,
      myIdentifier: digest(line, mineStart), peer: String(decoding: name, as: UTF8.self),
      peerIdentifier: digest(line, theirsStart), witness: mode, text: textMode, segmentKey: key,
      deviceRecord: record, deviceProof: proof,
      wrappedKeys: bytes(line, wrappedStart, Base64Form.wrappedKeysLength))
    return (
      header, HeaderLayout(boundCount: boundCount, coveredCount: coveredCount, tagStart: tagStart)
    )
  }

  /// PREV: the outer nil means that the form is wrong, the inner one that it says `null`.
  private static func takePrevious(_ line: Span<UInt8>, _ reader: inout LineReader) -> PreviousSegment?? {
    if reader.take(null, of: line) { return .some(nil) }
    guard reader.take(previousLog, of: line), let logStart = reader.takeLogIdentifier(of: line),
      reader.take(previousRecord, of: line),
      let record = reader.takeNumber(of: line, atMost: largestNumber),
      reader.take(previousTag, of: line), let tagStart = reader.takeDigest(of: line),
      reader.take(previousTorn, of: line),
      let torn = reader.takeNumber(of: line, atMost: largestNumber),
      reader.take(previousHash, of: line), let hash = takeOptionalDigest(line, &reader),
      (torn == 0) == (hash == nil),
      reader.take(previousSent, of: line),
      let sent = reader.takeNumber(of: line, atMost: largestInteger),
      reader.take(previousReceived, of: line),
      let received = reader.takeNumber(of: line, atMost: largestInteger), reader.take(0x7D, of: line)
    else { return nil }
    return .some(
      PreviousSegment(
        log: LogIdentifier(line, at: logStart), record: record, tag: digest(line, tagStart), torn: torn,
        tornHash: hash, sent: sent, received: received))
  }

  private static func takeOptionalDigest(_ line: Span<UInt8>, _ reader: inout LineReader) -> [UInt8]?? {
    if reader.take(null, of: line) { return .some(nil) }
    guard reader.take(0x22, of: line), let start = reader.takeDigest(of: line), reader.take(0x22, of: line)
    else { return nil }
    return .some(digest(line, start))
  }

  private static func takeOptionalNumber(_ line: Span<UInt8>, _ reader: inout LineReader) -> Int?? {
    if reader.take(null, of: line) { return .some(nil) }
    guard let number = reader.takeNumber(of: line, atMost: largestNumber) else { return nil }
    return .some(number)
  }

  private static func takeCase<Mode: RawRepresentable & CaseIterable>(
    _ mode: Mode.Type, _ line: Span<UInt8>, _ reader: inout LineReader
  ) -> Mode? where Mode.RawValue == String {
    for candidate in mode.allCases {
      var attempt = reader
      if attempt.take(Array(candidate.rawValue.utf8), of: line),
        attempt.position < line.count, line[attempt.position] == 0x22
      {
        reader = attempt
        return candidate
      }
    }
    return nil
  }

  static func digest(_ line: Span<UInt8>, _ start: Int) -> [UInt8] {
    bytes(line, start, Base64Form.digestLength)
  }

  static func bytes(_ line: Span<UInt8>, _ start: Int, _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Base64Form.byteCount(ofCharacters: count))
    Base64Form.decode(line, from: start, count: count, into: &bytes)
    return bytes
  }

  static func text(_ line: Span<UInt8>, _ start: Int, _ count: Int) -> String {
    String(decoding: (0..<count).map { line[start + $0] }, as: UTF8.self)
  }

  /// Writes the header up to, not including, `,"w":`; these bytes are what the wrapped keys are bound to.
  static func writeBound(_ header: LogHeader, time: LogTimeText, to line: inout LineWriter) {
    line.put(open)
    line.put(time: time)
    line.put(kind)
    line.put(number: header.version)
    line.put(log)
    line.put(header.log.digits)
    line.put(session)
    line.put(base64: header.session.span)
    line.put(segment)
    line.put(number: header.segment)
    line.put(previous)
    if let before = header.previous {
      line.put(previousLog)
      line.put(before.log.digits)
      line.put(previousRecord)
      line.put(number: before.record)
      line.put(previousTag)
      line.put(base64: before.tag.span)
      line.put(previousTorn)
      line.put(number: before.torn)
      line.put(previousHash)
      putOptional(before.tornHash, to: &line)
      line.put(previousSent)
      line.put(number: before.sent)
      line.put(previousReceived)
      line.put(number: before.received)
      line.put(byte: 0x7D)
    } else {
      line.put(null)
    }
    line.put(me)
    line.put(text: Array(header.me.utf8).span)
    line.put(myIdentifier)
    line.put(base64: header.myIdentifier.span)
    line.put(peer)
    line.put(text: Array(header.peer.utf8).span)
    line.put(peerIdentifier)
    line.put(base64: header.peerIdentifier.span)
    line.put(witness)
    line.put(Array(header.witness.rawValue.utf8))
    line.put(text)
    line.put(Array(header.text.rawValue.utf8))
    line.put(segmentKey)
    putOptional(header.segmentKey, to: &line)
    line.put(deviceRecord)
    if let record = header.deviceRecord { line.put(number: record) } else { line.put(null) }
    line.put(deviceProof)
    putOptional(header.deviceProof, to: &line)
  }

  /// Writes `,"w":"..."`: the end of the covered bytes.
  static func writeWrapped(_ wrappedKeys: Span<UInt8>, to line: inout LineWriter) {
    line.put(wrapped)
    line.put(base64: wrappedKeys)
    line.put(byte: 0x22)
  }

  private static func putOptional(_ digest: [UInt8]?, to line: inout LineWriter) {
    guard let digest else { return line.put(null) }
    line.put(byte: 0x22)
    line.put(base64: digest.span)
    line.put(byte: 0x22)
  }
}

extension LineReader {
  /// X: 32 bytes.
  mutating func takeDigest(of line: Span<UInt8>) -> Int? {
    takeBase64(of: line, count: Base64Form.digestLength)
  }
}

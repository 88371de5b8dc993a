/// A wall-clock time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
package struct UnixTime: Comparable, Hashable, Sendable {
  package var milliseconds: UInt64

  package init(milliseconds: UInt64) {
    self.milliseconds = milliseconds
  }

  /// Reads exactly `YYYY-MM-DDThh:mm:ss.mmmZ`, 24 bytes, of a date that exists from 1970 on.
  package init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    let form = Array("0000-00-00T00:00:00.000Z".utf8)
    let zero = UInt8(ascii: "0")
    guard bytes.count == form.count else { return nil }
    for index in form.indices {
      let isRight =
        form[index] == zero ? (zero...zero + 9).contains(bytes[index]) : bytes[index] == form[index]
      guard isRight else { return nil }
    }
    func number(_ range: Range<Int>) -> Int {
      bytes[range].reduce(0) { $0 * 10 + Int($1 - zero) }
    }
    let date = CivilDate(year: number(0..<4), month: number(5..<7), day: number(8..<10))
    let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
    guard date.exists, date.year >= 1970, hour < 24, minute < 60, second < 60 else { return nil }
    let seconds = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second
    milliseconds = UInt64(seconds * 1_000 + number(20..<23))
  }

  /// `2026-11-20T12:00:00.000Z`, UTC; a time after the year 9999 is written as its last millisecond.
  package var rfc3339: String {
    let parts = parts
    return "\(padded(parts.date.year, 4))-\(padded(parts.date.month, 2))-\(padded(parts.date.day, 2))"
      + "T\(padded(parts.hour, 2)):\(padded(parts.minute, 2)):\(padded(parts.second, 2))"
      + ".\(padded(parts.millisecond, 3))Z"
  }

  /// `20261120T120000Z`, UTC, whole seconds; as in the names of log files.
  package var compact: String {
    let parts = parts
    return "\(padded(parts.date.year, 4))\(padded(parts.date.month, 2))\(padded(parts.date.day, 2))"
      + "T\(padded(parts.hour, 2))\(padded(parts.minute, 2))\(padded(parts.second, 2))Z"
  }

  package static func < (left: UnixTime, right: UnixTime) -> Bool {
    left.milliseconds < right.milliseconds
  }

  private struct Parts {
    var date: CivilDate
    var hour, minute, second, millisecond: Int
  }

  private var parts: Parts {
    // 9999-12-31T23:59:59.999Z: a peer's clock may say anything, and four digits are what is read back.
    let shown = Int(min(milliseconds, 253_402_300_799_999))
    let seconds = shown / 1_000
    let ofDay = seconds % 86_400
    return Parts(
      date: CivilDate(daysSince1970: seconds / 86_400),
      hour: ofDay / 3_600, minute: ofDay / 60 % 60, second: ofDay % 60, millisecond: shown % 1_000)
  }
}

/// A day of the Gregorian calendar.
private struct CivilDate {
  var year, month, day: Int

  init(year: Int, month: Int, day: Int) {
    (self.year, self.month, self.day) = (year, month, day)
  }

  // Years are counted from March, so that the leap day is the last of its year; an era is 400 years,
  // 146,097 days, and 719,468 days lie between 0000-03-01 and 1970-01-01.
  init(daysSince1970: Int) {
    let days = daysSince1970 + 719_468
    let (era, ofEra) = (days / 146_097, days % 146_097)
    let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * ofYear + 2) / 153
    day = ofYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  var daysSince1970: Int {
    let shifted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = (shifted / 400, shifted % 400)
    let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear - 719_468
  }

  var exists: Bool {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...12).contains(month) && day >= 1 && day <= lengths[month - 1]
  }
}

private func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Formats of strings as patterns.
///
/// Dates are days of the calendar: no 30th of February, the 29th in leap years only.
enum StringFormat {
  static let names = patterns.keys.sorted()

  static let patterns: [String: String] = [
    "date": date,
    "time": time,
    "date-time": "\(date)T\(time)",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "email":
      "[A-Za-z0-9_+-]{1,32}(\\.[A-Za-z0-9_+-]{1,31})?@(\(label)\\.){1,4}[A-Za-z]{2,24}",
    "ipv4": "(\(octet)\\.){3}\(octet)",
  ]

  private static let year = "([1-9]\\d{3}|0[1-9]\\d{2}|00[1-9]\\d|000[1-9])"
  private static let leapYear =
    "(\\d\\d(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
  private static let date =
    "(\(year)-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)"
    + "|02-(0[1-9]|1\\d|2[0-8]))|\(leapYear)-02-29)"
  private static let clock = "([01]\\d|2[0-3]):[0-5]\\d"
  private static let time = "\(clock):[0-5]\\d(\\.\\d{1,6})?(Z|[+-]\(clock))"
  private static let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?"
  private static let octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
}

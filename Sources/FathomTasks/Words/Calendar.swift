/// Months and weekdays of the Gregorian calendar.
enum Calendar {
  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November",
    "December",
  ]
  static let weekdays = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  ]

  static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// The number of days of a month, counted from 1.
  static func length(of month: Int, leap: Bool) -> Int {
    month == 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Days of the year before a month begins.
  static func daysBefore(_ month: Int, leap: Bool) -> Int {
    (1..<month).reduce(0) { $0 + length(of: $1, leap: leap) }
  }
}

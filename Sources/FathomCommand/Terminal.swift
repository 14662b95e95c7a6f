import Fathom
import Foundation

/// Nobody reads our output any more.
struct OutputClosed: Error {}

/// Writing to the terminal, or to whatever stands in for it.
///
/// Text for a terminal passes through `TerminalText`, so what a model or a file says can't steer the
/// terminal; anything else gets every byte as it is.
enum Terminal {
  static let isOutput = isatty(STDOUT_FILENO) == 1
  static let isError = isatty(STDERR_FILENO) == 1
  static let isInput = isatty(STDIN_FILENO) == 1
  private static let hasColors: Bool = {
    let environment = ProcessInfo.processInfo.environment
    return (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
  }()

  enum Style: String {
    case plain
    case dim = "2"
    case bold = "1"
  }

  /// Writes all of it, at once.
  ///
  /// - Throws: `OutputClosed` if the reader is gone.
  static func write(_ text: String, _ style: Style = .plain) throws {
    try write(bytes: dress(text, style, isTerminal: isOutput), to: STDOUT_FILENO)
  }

  static func line(_ text: String, _ style: Style = .plain) throws {
    try write(bytes: dress(text, style, isTerminal: isOutput) + "\n", to: STDOUT_FILENO)
  }

  /// A whole text as it is; behind it a line break for those who look at it.
  static func exact(_ text: String) throws { try write(isOutput ? text + "\n" : text) }

  /// A line beside the output: statistics, hints.
  static func note(_ text: String, _ style: Style = .plain) {
    try? write(bytes: dress(text, style, isTerminal: isError) + "\n", to: STDERR_FILENO)
  }

  static func error(_ text: String) { note("Error: " + text) }

  /// Text beside the output that was dressed for whoever reads it. A reader who is gone misses it, nothing else.
  static func progress(_ text: String) { try? write(bytes: text, to: STDERR_FILENO) }

  /// Replaces the line that `status` wrote last; only on a terminal.
  static func status(_ text: String) {
    guard isError else { return }
    try? write(bytes: "\r\u{1B}[K" + dress(text, .dim, isTerminal: true), to: STDERR_FILENO)
  }

  static func clearStatus() {
    guard isError else { return }
    try? write(bytes: "\r\u{1B}[K", to: STDERR_FILENO)
  }

  /// Lines that are drawn over themselves; only on a terminal.
  struct Redrawn {
    private var height = 0
    private var size = Size(columns: 0, rows: 0)

    /// Draws over what was drawn before; where the terminal has another size by now, on an empty screen.
    mutating func show(_ lines: [(text: String, style: Style)]) throws {
      let size = Terminal.size
      var text = height > 0 ? "\u{1B}[\(height)A" : ""
      if height > 0, size != self.size { text = "\u{1B}[2J\u{1B}[H" }
      for line in lines {
        text += Terminal.dress(line.text, line.style, isTerminal: true) + "\u{1B}[K\n"
      }
      try Terminal.write(bytes: text + "\u{1B}[J", to: STDOUT_FILENO)
      (self.size, height) = (size, lines.count)
    }
  }

  struct Size: Equatable {
    var columns: Int
    var rows: Int
  }

  /// How much the output's terminal shows: what it says itself, otherwise `COLUMNS` and `LINES`, otherwise 80 × 24.
  static var size: Size {
    var window = winsize()
    if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 {
      return Size(columns: Int(window.ws_col), rows: Int(window.ws_row))
    }
    func number(_ name: String) -> Int? {
      ProcessInfo.processInfo.environment[name].flatMap(Int.init).flatMap {
        (1...10_000).contains($0) ? $0 : nil
      }
    }
    return Size(columns: number("COLUMNS") ?? 80, rows: number("LINES") ?? 24)
  }

  private static func dress(_ text: String, _ style: Style, isTerminal: Bool) -> String {
    guard isTerminal else { return text }
    let safe = TerminalText.harmless(text)
    return style == .plain || !hasColors || safe.isEmpty
      ? safe : "\u{1B}[\(style.rawValue)m\(safe)\u{1B}[0m"
  }

  private static func write(bytes text: String, to descriptor: Int32) throws {
    var text = text
    let isWritten = text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let written = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if written >= 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        } else if errno == EAGAIN {
          var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&wait, 1, 1000)
        } else if errno != EINTR {
          return false
        }
      }
      return true
    }
    if !isWritten { throw OutputClosed() }
  }
}

/// Makes text safe to show.
enum TerminalText {
  /// Control characters made visible, except line breaks and tabs; carriage returns are left out.
  ///
  /// An escape sequence could move the cursor, change the title or fill the clipboard.
  static func harmless(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var safe = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0D: break
      case _ where !isControl(scalar): safe.append(scalar)
      case 0x7F: safe.append("\u{2421}")
      case let value where value < 0x20: safe.append(Unicode.Scalar(0x2400 + value) ?? "\u{FFFD}")
      default: safe.append("\u{FFFD}")
      }
    }
    return String(safe)
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: false
    case 0..<0x20, 0x7F..<0xA0: true
    // Overrides of writing direction can make text read as what it is not.
    case 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

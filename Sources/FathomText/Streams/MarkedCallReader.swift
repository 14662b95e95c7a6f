import FathomCore

/// `function<｜tool▁sep｜>NAME⏎```json⏎{…}⏎``` ` (V3, R1) or `NAME<｜tool▁sep｜>{…}` (V3.1).
///
/// The two are told apart by what follows the separator, not by the model: arguments begin with a brace, and no name does.
///
/// Arguments in a JSON string are taken out of it when the call ends: templates have shown models earlier arguments that way,
/// and models follow what they see.
struct MarkedCallReader: ToolCallReader {
  private enum State {
    /// Before the arguments.
    case head
    case arguments
    case quoted
    /// Behind the arguments: white space, and the end of a fence.
    case tail
    /// No call.
    case none
  }

  private var state = State.head
  private var head: [UInt8] = []
  private var separator: Range<Int>?
  private var name: String?
  private var json = JSONPrefix()
  /// Arguments that do not yet show whether they are any.
  private var held: [UInt8] = []
  private var isAnnounced = false
  private var fenceEnd = 0

  mutating func take(_ bytes: [UInt8]) -> ToolCallReading {
    var reading = ToolCallReading()
    var rest = bytes
    if state == .head {
      guard let begun = takeHead(bytes) else { return reading }
      rest = begun
    }
    for (place, byte) in rest.enumerated() where !take(byte, &reading) {
      state = .none
      if isAnnounced { reading.rest = Array(rest[place...]) }
      break
    }
    return reading
  }

  mutating func end() -> ToolCallReading {
    var reading = ToolCallReading()
    guard state == .quoted else { return reading }
    var text = held[...].trimmingSpace()
    if text.suffix(3).elementsEqual("```".utf8) { text = text.dropLast(3).trimmingSpace() }
    guard case .string(let inner)? = try? JSON.parse(text), case .object? = try? JSON.parse(inner)
    else { return reading }
    reading.name = name
    reading.arguments = Array(inner.utf8)
    return reading
  }

  mutating func cut() -> ToolCallReading { ToolCallReading() }

  /// Looks for name and arguments; gives what stands from the arguments on.
  private mutating func takeHead(_ bytes: [UInt8]) -> [UInt8]? {
    let old = head.count
    head += bytes
    guard old <= ToolCallReading.headBytes else {
      state = .none
      return nil
    }
    let mark = Array(Mark.toolSeparator.utf8)
    if separator == nil {
      separator = ByteSearch.first(mark, in: head[max(0, old - mark.count + 1)...])
    }
    guard let separator,
      let first = head[separator.upperBound...].firstIndex(where: { !$0.isSpace })
    else { return nil }
    var begin = first
    if Self.beginsArguments(head[first]) {
      name = ToolCallReading.name(head[..<separator.lowerBound])
    } else {
      let fence = Array("```json".utf8)
      let from = max(separator.upperBound, old - fence.count - 1)
      guard let found = ByteSearch.first(fence, in: head[from...]) else { return nil }
      name = ToolCallReading.name(head[separator.upperBound..<found.lowerBound])
      begin = found.upperBound
    }
    state = name == nil ? .none : .arguments
    defer { head = [] }
    return Array(head[begin...])
  }

  private static func beginsArguments(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "{") || byte == UInt8(ascii: "\"")
  }

  /// False for a byte that cannot be part of a call here.
  private mutating func take(_ byte: UInt8, _ reading: inout ToolCallReading) -> Bool {
    switch state {
    case .head, .none: return false
    case .arguments: return takeArgument(byte, &reading)
    case .quoted: held.append(byte)
    case .tail:
      if byte.isSpace { return true }
      fenceEnd += 1
      return byte == UInt8(ascii: "`") && fenceEnd <= 3
    }
    return true
  }

  private mutating func takeArgument(_ byte: UInt8, _ reading: inout ToolCallReading) -> Bool {
    if json.count == 0 {
      if byte.isSpace { return true }
      guard Self.beginsArguments(byte) else { return false }
      if byte == UInt8(ascii: "\"") {
        state = .quoted
        held = [byte]
        return true
      }
    }
    guard json.take(byte) else { return false }
    held.append(byte)
    // A brace alone does not make a call: what some models write behind it is no JSON.
    if !isAnnounced, json.count > 1, !byte.isSpace {
      isAnnounced = true
      reading.name = name
    }
    if isAnnounced {
      reading.arguments += held
      held = []
    }
    if json.isComplete { state = .tail }
    return true
  }
}

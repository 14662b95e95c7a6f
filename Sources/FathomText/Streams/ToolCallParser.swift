/// Finds tool calls in an answer, at whatever places the stream is cut.
///
/// A call becomes an event as soon as its name is known and its arguments have begun as a JSON object does; arguments follow as
/// they come. Where they go on as no JSON can, the call stands as it is and the rest is `.malformedToolCall`, as is anything
/// that announces a call and never becomes one. Newlines before the calls and white space between them belong to the calls and
/// go with them.
public struct ToolCallParser: Sendable {
  /// What a mark does; the raw value is its place among the marks.
  private enum Role: Int { case sectionBegin, sectionEnd, callBegin, callEnd }

  private enum State {
    case content
    /// Between the calls of a section.
    case between
    case call
  }

  private let syntax: ToolCallSyntax
  private let marks: [String]
  private var scanner: MarkScanner
  private var state = State.content
  /// Everything since the last event that is neither content nor part of a call yet.
  private var pending: [UInt8] = []
  private var pendingHasMark = false
  private var reader: any ToolCallReader
  /// Whether the call being read was told.
  private var isTold = false
  private var callCount = 0

  public init(_ syntax: ToolCallSyntax) {
    self.syntax = syntax
    marks = syntax.marks
    scanner = MarkScanner(marks)
    reader = syntax.reader
  }

  public mutating func feed(_ text: String) -> [ResponseEvent] {
    guard !marks.isEmpty else { return text.isEmpty ? [] : [.content(text)] }
    var events: [ResponseEvent] = []
    for piece in scanner.scan(text.utf8) { take(piece, &events) }
    return events
  }

  /// Gives up what was held back. Call once, when the stream has ended.
  public mutating func finish() -> [ResponseEvent] {
    var events: [ResponseEvent] = []
    take(.text(scanner.flush()), &events)
    leaveCall(&events)
    givePending(&events)
    state = .content
    return events
  }

  private mutating func take(_ piece: MarkScanner.Piece, _ events: inout [ResponseEvent]) {
    switch piece {
    case .text(let bytes):
      if !bytes.isEmpty { take(text: bytes, &events) }
    case .mark(let place):
      guard let role = Role(rawValue: place) else { return }
      take(role, Array(marks[place].utf8), &events)
    }
  }

  private mutating func take(text bytes: [UInt8], _ events: inout [ResponseEvent]) {
    switch state {
    case .content:
      let end = bytes.endWithoutNewlines
      if end > 0 {
        events.append(.content((pending + bytes[..<end]).text))
        pending = []
      }
      pending += bytes[end...]
    case .between:
      let start = bytes.startWithoutSpace
      pending += bytes[..<start]
      guard start < bytes.count else { return }
      // The section ends without its mark: what was announced and did not come is given back.
      if pendingHasMark { givePending(&events) }
      state = .content
      take(text: Array(bytes[start...]), &events)
    case .call:
      if !isTold { pending += bytes }
      tell(reader.take(bytes), &events)
    }
  }

  private mutating func take(
    _ role: Role, _ mark: [UInt8], _ events: inout [ResponseEvent]
  ) {
    if state == .call, role != .callEnd { leaveCall(&events) }
    switch (state, role) {
    case (.content, .sectionEnd), (.content, .callEnd):
      take(text: mark, &events)
    case (.content, .sectionBegin), (.between, .sectionBegin), (.between, .callEnd):
      hold(mark)
      state = .between
    case (.call, .sectionBegin):
      givePending(&events)
      hold(mark)
      state = .between
    case (.content, .callBegin), (.between, .callBegin), (.call, .callBegin):
      if state == .call { givePending(&events) }
      hold(mark)
      reader = syntax.reader
      isTold = false
      state = .call
    case (.between, .sectionEnd), (.call, .sectionEnd):
      if pendingHasMark {
        hold(mark)
        givePending(&events)
      }
      pending = []
      state = .content
    case (.call, .callEnd):
      tell(reader.end(), &events)
      state = .between
      guard pendingHasMark else { return }
      hold(mark)
      givePending(&events)
    }
  }

  private mutating func leaveCall(_ events: inout [ResponseEvent]) {
    if state == .call { tell(reader.cut(), &events) }
  }

  private mutating func tell(_ reading: ToolCallReading, _ events: inout [ResponseEvent]) {
    if let name = reading.name {
      events.append(.toolCall(index: callCount, name: name))
      callCount += 1
      isTold = true
      pending = []
      pendingHasMark = false
    }
    guard isTold else { return }
    if !reading.arguments.isEmpty {
      events.append(.toolArguments(index: callCount - 1, text: reading.arguments.text))
    }
    if let rest = reading.rest { hold(rest) }
  }

  /// Keeps what has to be given back unless it becomes a call.
  private mutating func hold(_ bytes: [UInt8]) {
    pending += bytes
    pendingHasMark = true
  }

  private mutating func givePending(_ events: inout [ResponseEvent]) {
    if pendingHasMark {
      events.append(.malformedToolCall(pending.text))
    } else if state == .content, !pending.isEmpty {
      events.append(.content(pending.text))
    }
    pending = []
    pendingHasMark = false
  }
}

/// Splits an answer into reasoning and what follows it, at whatever places the stream is cut.
///
/// As in DeepSeek's API, the tags are in neither part, and neither are the newlines that stand beside
/// them: after `<think>`, before and after `</think>`. All other white space stays. A `<think>` the
/// model repeats at the beginning of reasoning the prompt has opened is dropped; tags anywhere else
/// are text.
public struct ReasoningParser: Sendable {
  public enum Piece: Sendable, Equatable {
    case reasoning(String)
    case answer(String)
  }

  private enum State {
    case undecided, reasoningStart, reasoning, answerStart, answer
  }

  private var scanner = MarkScanner([Mark.think, Mark.endThink])
  private var state: State
  /// White space whose meaning depends on what comes next.
  private var held: [UInt8] = []

  public init(_ start: ReasoningStart) {
    state =
      switch start {
      case .open: .reasoningStart
      case .closed: .answer
      case .undecided: .undecided
      }
  }

  /// Whether what comes next is reasoning, as far as is known.
  public var isReasoning: Bool { state == .reasoningStart || state == .reasoning }

  /// Whether the model may still begin to reason.
  public var isUndecided: Bool { state == .undecided }

  public mutating func feed(_ text: String) -> [Piece] {
    guard state != .answer else { return Self.piece(.answer, Array(text.utf8)) }
    var pieces: [Piece] = []
    for piece in scanner.scan(text.utf8) { take(piece, &pieces) }
    if state == .answer { take(.text(scanner.flush()), &pieces) }
    return pieces
  }

  /// Gives up what was held back. Call once, when the stream has ended.
  public mutating func finish() -> [Piece] {
    var pieces: [Piece] = []
    take(.text(scanner.flush()), &pieces)
    pieces += Self.piece(state, held)
    held = []
    return pieces
  }

  private mutating func take(_ piece: MarkScanner.Piece, _ pieces: inout [Piece]) {
    switch (state, piece) {
    case (.undecided, .mark(0)), (.reasoningStart, .mark(0)):
      held = []
      state = .reasoningStart
    case (.undecided, .mark), (.reasoningStart, .mark), (.reasoning, .mark(1)):
      held = []
      state = .answerStart
    case (_, .mark(let mark)):
      text(Array((mark == 0 ? Mark.think : Mark.endThink).utf8), &pieces)
    case (_, .text(let bytes)): text(bytes, &pieces)
    }
  }

  private mutating func text(_ bytes: [UInt8], _ pieces: inout [Piece]) {
    guard !bytes.isEmpty else { return }
    switch state {
    case .undecided:
      held += bytes
      guard bytes.startWithoutSpace < bytes.count else { return }
      state = .answer
      pieces += Self.piece(state, held)
      held = []
    case .reasoningStart, .answerStart:
      let start = bytes.startWithoutNewlines
      guard start < bytes.count else { return }
      state = state == .reasoningStart ? .reasoning : .answer
      text(Array(bytes[start...]), &pieces)
    case .reasoning:
      let end = bytes.endWithoutNewlines
      if end > 0 {
        pieces += Self.piece(state, held + bytes[..<end])
        held = []
      }
      held += bytes[end...]
    case .answer: pieces += Self.piece(state, bytes)
    }
  }

  private static func piece(_ state: State, _ bytes: [UInt8]) -> [Piece] {
    guard !bytes.isEmpty else { return [] }
    return [
      state == .reasoning || state == .reasoningStart ? .reasoning(bytes.text) : .answer(bytes.text)
    ]
  }
}

/// The fixed texts around a tool call, as models of a family write it between marks.
package struct ToolCallMarks: Sendable, Equatable {
  package let sectionBegin = Mark.toolCallsBegin
  package let sectionEnd = Mark.toolCallsEnd
  package let betweenCalls: String
  /// What follows the arguments.
  package let callEnd: String
  private let isFenced: Bool

  /// - Parameter isFenced: arguments stand in a block of code: V3 and R1. V3.1 writes them as they are.
  init(isFenced: Bool) {
    self.isFenced = isFenced
    betweenCalls = isFenced ? "\n" : ""
    callEnd = (isFenced ? "\n```" : "") + Mark.toolCallEnd
  }

  /// What stands before the arguments of a call of `name`.
  package func callBegin(_ name: String) -> String {
    isFenced
      ? "\(Mark.toolCallBegin)function\(Mark.toolSeparator)\(name)\n```json\n"
      : "\(Mark.toolCallBegin)\(name)\(Mark.toolSeparator)"
  }
}

extension ChatFormat {
  /// How this family's calls are written, where `toolCallSyntax` is `.marks`.
  package var toolCallMarks: ToolCallMarks {
    ToolCallMarks(isFenced: !name.hasPrefix("deepseek-v3.1"))
  }
}

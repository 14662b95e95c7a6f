/// The fixed texts around a tool call, as models of a family write them.
package struct ToolCallMarks: Sendable {
  package let sectionBegin: String
  package let sectionEnd: String
  /// The part of `sectionBegin` that vocabularies hold as one token, and what follows it there.
  package let announcement: (token: String, rest: String)
  package let betweenCalls: String
  /// What follows the arguments.
  package let callEnd: String
  private let form: Form

  private enum Form { case fenced, plain, tagged }

  /// V3 and R1, which write arguments in a block of code; V3.1, which writes them as they are.
  private init(isFenced: Bool) {
    form = isFenced ? .fenced : .plain
    sectionBegin = Mark.toolCallsBegin
    sectionEnd = Mark.toolCallsEnd
    announcement = (Mark.toolCallsBegin, "")
    betweenCalls = isFenced ? "\n" : ""
    callEnd = (isFenced ? "\n```" : "") + Mark.toolCallEnd
  }

  /// V3.2.
  private init() {
    form = .tagged
    announcement = (Mark.dsml, "function_calls>\n")
    sectionBegin = "<\(Mark.dsml)function_calls>\n"
    sectionEnd = "</\(Mark.dsml)function_calls>"
    betweenCalls = ""
    callEnd = "</\(Mark.dsml)invoke>\n"
  }

  init?(_ format: ChatFormat) {
    switch format.toolCallSyntax {
    case .none: return nil
    case .marks: self.init(isFenced: !format.name.hasPrefix("deepseek-v3.1"))
    case .dsml: self.init()
    }
  }

  /// What stands before the arguments of a call of `name`.
  package func callBegin(_ name: String) -> String {
    switch form {
    case .fenced: "\(Mark.toolCallBegin)function\(Mark.toolSeparator)\(name)\n```json\n"
    case .plain: "\(Mark.toolCallBegin)\(name)\(Mark.toolSeparator)"
    case .tagged: "<\(Mark.dsml)invoke name=\"\(name)\">\n"
    }
  }

  /// Where arguments are tags and no JSON: what stands around the name and the value of one.
  package var parameter: (begin: String, text: String, json: String, end: String)? {
    guard form == .tagged else { return nil }
    return (
      "<\(Mark.dsml)parameter name=\"", "\" string=\"true\">", "\" string=\"false\">",
      "</\(Mark.dsml)parameter>\n"
    )
  }

  /// A pattern of text between tags: any that none of them begins in.
  package static let textPattern = "([^<]|<+(/<+)*([^</｜]|/[^<｜]))*(<+(/<+)*/?)?"
}

extension ChatFormat {
  /// How this family's calls are written, if it writes any.
  package var toolCallMarks: ToolCallMarks? { ToolCallMarks(self) }
}

import FathomCore

/// Reads what stands between the marks of one call as it comes, at whatever places it is cut.
protocol ToolCallReader: Sendable {
  /// More of the call.
  mutating func take(_ bytes: [UInt8]) -> ToolCallReading
  /// The mark of the call's end has come.
  mutating func end() -> ToolCallReading
  /// Something else has come where the call should have ended: what was held back.
  mutating func cut() -> ToolCallReading
}

/// What became certain of a call.
struct ToolCallReading: Sendable {
  /// Set once: when it is certain that there is a call.
  var name: String?
  /// More of its arguments.
  var arguments: [UInt8] = []
  /// Set where what comes is no call, or none any more: the text from there on.
  var rest: [UInt8]?

  /// Longest name with what stands around it, bytes; more is no call.
  static let headBytes = 4096

  static func name(_ bytes: ArraySlice<UInt8>) -> String? {
    let name = bytes.trimmingSpace()
    guard !name.isEmpty, !name.contains(where: { $0 < 0x20 }) else { return nil }
    return String(decoding: name, as: UTF8.self)
  }
}

extension ToolCallSyntax {
  /// Marks in the order of `ToolCallParser.Role`.
  var marks: [String] {
    switch self {
    case .none: []
    case .marks: [Mark.toolCallsBegin, Mark.toolCallsEnd, Mark.toolCallBegin, Mark.toolCallEnd]
    case .dsml:
      [
        "<\(Mark.dsml)function_calls>", "</\(Mark.dsml)function_calls>",
        "<\(Mark.dsml)invoke name=\"", "</\(Mark.dsml)invoke>",
      ]
    }
  }

  var reader: any ToolCallReader {
    switch self {
    case .none, .marks: MarkedCallReader()
    case .dsml: TaggedCallReader()
    }
  }
}

extension ArraySlice<UInt8> {
  func trimmingSpace() -> ArraySlice<UInt8> {
    guard let first = firstIndex(where: { !$0.isSpace }),
      let last = lastIndex(where: { !$0.isSpace })
    else { return self[endIndex...] }
    return self[first...last]
  }
}

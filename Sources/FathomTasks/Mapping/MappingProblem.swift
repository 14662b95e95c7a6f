import FathomCore
import FathomMapping

/// A mapping problem with all that a product or an evaluation needs: the examples that are shown, a record that isn't, a
/// solution.
public struct MappingProblem: Sendable {
  /// The pairs that the prompt shows.
  public let examples: [MappingExample]
  /// The pair that an answer is judged by.
  public let hidden: MappingExample
  /// The pairs as rows.
  public let records: FlatRecordSet
  /// The solution in labels, constants and tables open.
  public let solution: MappingProgram

  /// - Parameter solution: in labels.
  /// - Throws: `InputError` for examples that can't be flattened.
  public init(examples: [MappingExample], hidden: MappingExample, solution: MappingProgram) throws {
    self.examples = examples
    self.hidden = hidden
    self.solution = solution
    records = try FlatRecordSet(examples)
  }

  /// What the user asks: the examples as rows of spelled values.
  public var prompt: String { LabelLetters.encode(records.prompt) }

  /// For each output: its first value, the values it comes from, the operator.
  public var reasoning: String { LabelLetters.encode(records.trace(of: solution)) }

  /// The solution in one line of labels.
  public var answer: String { LabelLetters.encode(solution.line) }

  /// Whether an answer, a program in labels, reproduces the examples that it was shown: a test that a user can make too.
  public func passesShown(_ answer: String) -> Bool {
    guard let program = try? records.program(from: LabelLetters.decode(answer.trimmed)) else {
      return false
    }
    return program.reproduces(examples)
  }

  /// Whether an answer is right for the hidden record.
  public func passesHidden(_ answer: String) -> Bool {
    guard let program = try? records.program(from: LabelLetters.decode(answer.trimmed)) else {
      return false
    }
    return program.reproduces([hidden])
  }

  /// Whether an answer is right: for the examples and for the hidden record.
  public func accepts(_ answer: String) -> Bool {
    guard let program = try? records.program(from: LabelLetters.decode(answer.trimmed)) else {
      return false
    }
    return program.reproduces(examples) && program.reproduces([hidden])
  }

  /// As a problem of a family.
  public func problem(family: String) -> Problem {
    Problem(family: family, prompt: prompt, reasoning: reasoning, mapping: self)
  }

  /// What the search makes of the examples: the honest baseline beside a model, and what a product tries first.
  public var found: MappingProgram? {
    MappingSearch.program(for: records).flatMap { $0.reproduces(examples) ? $0 : nil }
  }

  /// Whether a program in paths is right for the hidden record.
  public func passesHidden(_ program: MappingProgram) -> Bool { program.reproduces([hidden]) }
}

extension String {
  /// Without white space at either end.
  fileprivate var trimmed: String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

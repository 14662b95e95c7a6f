import FathomCore

/// Passes answers that are one of some texts, runs of white space aside.
public struct ExactGrader: ImmediateGrader {
  public let references: [String]
  public let ignoresCase: Bool
  /// Looks at the answer that a text marks as its final one: see `FinalAnswer`.
  public let findsAnswer: Bool

  public init(_ references: [String], ignoresCase: Bool = false, findsAnswer: Bool = false) {
    self.references = references
    self.ignoresCase = ignoresCase
    self.findsAnswer = findsAnswer
  }

  func verdict(_ completion: Completion) -> Verdict {
    let found = spelled(findsAnswer ? FinalAnswer.of(completion.answer) : completion.plainAnswer)
    if references.contains(where: { spelled($0) == found }) { return .pass(extracted: found) }
    let expected = references.map { InputError.excerpt($0) }.joined(separator: " or ")
    return .fail("expected \(expected), found \(InputError.excerpt(found))", extracted: found)
  }

  private func spelled(_ text: String) -> String {
    ignoresCase ? text.collapsed.lowercased() : text.collapsed
  }
}

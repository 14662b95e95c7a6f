import FathomCore

/// Passes answers that mean the same number, tuple, interval or set as the reference; what `MathParser` can't read is compared as text.
public struct MathGrader: ImmediateGrader {
  public let reference: String
  /// By which share of the greater one numbers may differ. Decimals are compared digit by digit where it is no more than rounding.
  public let tolerance: Double
  private let expected: MathValue

  /// What double arithmetic needs.
  public static let rounding = 1e-9

  /// - Parameter reference: the answer itself, or a solution that marks it.
  public init(_ reference: String, tolerance: Double = rounding) {
    self.reference = FinalAnswer.of(reference)
    self.tolerance = max(Self.rounding, tolerance)
    expected = MathParser.value(of: self.reference)
  }

  func verdict(_ completion: Completion) -> Verdict {
    guard !completion.answer.trimmed.isEmpty else {
      return .fail("expected \(InputError.excerpt(reference)), found nothing")
    }
    let found = Self.found(in: completion.answer)
    let value = MathParser.value(of: found)
    if value.equals(expected, tolerance: tolerance) { return .pass(extracted: value.spelling) }
    return .fail(
      "expected \(InputError.excerpt(reference)), found \(InputError.excerpt(found))",
      extracted: value.spelling)
  }

  /// The marked answer, else the last line if it is a value, else the last number of three words or more.
  private static func found(in text: String) -> String {
    if let marked = FinalAnswer.marked(text) { return marked }
    let lines = text.split(whereSeparator: \.isNewline).map { String($0).trimmed }
      .filter { !$0.isEmpty }
    if let last = lines.last {
      if case .text = MathParser.value(of: last) {} else { return last }
    }
    let isProse = text.split(maxSplits: 3, whereSeparator: \.isWhitespace).count > 2
    return isProse ? FinalAnswer.lastNumber(in: text) ?? text.trimmed : text.trimmed
  }
}

import Foundation

/// The format reward of DeepSeek-R1: reasoning in one `<think>`…`</think>`, then an answer.
///
/// Source: DeepSeek-R1 report §2.2.2; the template of R1-Zero also has the answer in `<answer>` tags.
public struct ThinkFormatGrader: Grader {
  /// Whether the answer has to stand in `<answer>`…`</answer>`.
  public let needsAnswerTags: Bool

  public init(needsAnswerTags: Bool = false) { self.needsAnswerTags = needsAnswerTags }

  public func grade(_ completion: Completion) async -> Verdict {
    let text = completion.text.trimmed
    guard completion.isFinished else { return .fail("cut off") }
    guard let inner = text.inside("<think>", "</think>") else {
      return .fail("expected one <think>…</think> at the beginning")
    }
    guard !inner.held.trimmed.isEmpty else { return .fail("nothing was reasoned") }
    let rest = inner.rest.trimmed
    guard !rest.isEmpty else { return .fail("no answer behind </think>") }
    guard needsAnswerTags else { return .pass() }
    guard let answer = rest.inside("<answer>", "</answer>"), answer.rest.trimmed.isEmpty,
      !answer.held.trimmed.isEmpty
    else { return .fail("expected the answer in one <answer>…</answer> at the end") }
    return .pass()
  }
}

extension String {
  /// What stands between two tags that occur once each, the first at the very beginning, and what follows them.
  func inside(_ open: String, _ close: String) -> (held: String, rest: String)? {
    guard hasPrefix(open), ranges(of: open).count == 1 else { return nil }
    let ends = ranges(of: close)
    guard ends.count == 1, let end = ends.first else { return nil }
    return (
      String(dropFirst(open.count).prefix(upTo: end.lowerBound)), String(self[end.upperBound...])
    )
  }
}

/// The share of some tags that occur exactly once.
///
/// Source: `tag_count_reward` of Hugging Face's open-r1.
public struct TagCountGrader: Grader {
  public let tags: [String]

  public init(_ tags: [String] = ["<think>", "</think>", "<answer>", "</answer>"]) {
    self.tags = tags
  }

  public func grade(_ completion: Completion) async -> Verdict {
    let wrong = tags.filter { completion.text.ranges(of: $0).count != 1 }
    let score = tags.isEmpty ? 0 : Double(tags.count - wrong.count) / Double(tags.count)
    return Verdict(
      score: score, passed: wrong.isEmpty && !tags.isEmpty,
      detail: wrong.isEmpty ? "" : "not exactly once: \(wrong.joined(separator: " "))")
  }
}

/// One minus the share of n-grams of words that were there before.
///
/// Source: `get_repetition_penalty_reward` of open-r1, after arXiv 2502.03373, appendix B.2.
public struct RepetitionGrader: Grader {
  /// Words in a row.
  public let words: Int
  /// The least score that passes.
  public let threshold: Double

  public init(words: Int = 3, threshold: Double = 0.8) {
    precondition(words >= 1, "n-grams of \(words) words")
    self.words = words
    self.threshold = threshold
  }

  public func grade(_ completion: Completion) async -> Verdict {
    let all = completion.text.lowercased().split(whereSeparator: \.isWhitespace)
    guard !all.isEmpty else { return .fail("no words") }
    guard all.count >= words else { return .pass() }
    let count = all.count - words + 1
    let distinct = Set((0..<count).map { all[$0..<$0 + words] }).count
    let score = Double(distinct) / Double(count)
    return Verdict(
      score: score, passed: score >= threshold, detail: "\(distinct) of \(count) \(words)-grams")
  }
}

/// 1 up to a number of tokens, falling evenly to 0 at the most that are allowed.
///
/// Source: soft overlong punishment of DAPO, arXiv 2503.14476 §3.4, moved to 0…1.
public struct LengthGrader: Grader {
  public let free: Int
  public let limit: Int

  /// - Parameters:
  ///   - free: tokens that cost nothing.
  ///   - limit: tokens from which on the score is 0; more than `free`.
  public init(free: Int, limit: Int) {
    precondition(0 <= free && free < limit, "\(free) free tokens of \(limit)")
    self.free = free
    self.limit = limit
  }

  public func grade(_ completion: Completion) async -> Verdict {
    guard let tokens = completion.tokens else { return .fail("the number of tokens is unknown") }
    let score = Double(limit - min(max(tokens, free), limit)) / Double(limit - free)
    return Verdict(score: score, passed: tokens <= free, detail: "\(tokens) tokens")
  }
}

/// Which of several answers to a problem is given.
public enum AnswerChoice {
  /// The first that passes what the user can check; where nothing can be checked, the most frequent one; else the first.
  ///
  /// - Returns: its place among `answers`, of which there is at least one.
  public static func choose(_ answers: [String], for problem: Problem) -> Int {
    precondition(!answers.isEmpty, "no answers to choose from")
    guard let isPlausible = problem.isPlausible else { return majority(answers) }
    return answers.firstIndex(where: isPlausible) ?? 0
  }

  /// The first of the most frequent answer. White space and letter case make no difference.
  public static func majority(_ answers: [String]) -> Int {
    let keys = answers.map { answer in
      answer.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
    }
    var counts: [String: Int] = [:]
    for key in keys { counts[key, default: 0] += 1 }
    let most = counts.values.max() ?? 0
    return keys.firstIndex { counts[$0] == most } ?? 0
  }
}

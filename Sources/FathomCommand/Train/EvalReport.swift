import Fathom

/// What `fathom train eval` found, for people and for programs.
struct EvalReport {
  let score: FamilyScore
  let seconds: Double
  var temperature = 0.0
  var search: SearchScore?
  var drafting: DraftingTrial?

  private var tokensPerSecond: Double { Double(score.tokens) / max(seconds, 1e-9) }

  // MARK: JSON

  /// `family` to `high` are about the answers given; with several samples, about the chosen ones.
  var json: JSON {
    var object = JSONObject(["family": .string(score.family)])
    Self.add(score.chosen, to: &object)
    object["unfinished"] = .integer(score.unfinished)
    object["samples"] = .integer(score.samples)
    object["temperature"] = .double(temperature)
    object["pass_at_1"] = .double(score.passAt1)
    object["pass_at_k"] = .double(score.passAtK.rate)
    object["chosen"] = .double(score.chosen.rate)
    object["chosen_by"] = .string(score.selector.rawValue)
    object["majority"] = .double(score.majority.rate)
    object["tokens"] = .integer(score.tokens)
    object["seconds"] = .double(seconds)
    object["tokens_per_second"] = .double(tokensPerSecond)
    if let search {
      object["search"] = Self.object(search.alone)
      object["search_then_model"] = Self.object(search.withModel)
    }
    if let drafting { object["draft"] = drafting.json }
    return .object(object)
  }

  private static func add(_ tally: Tally, to object: inout JSONObject) {
    object["n"] = .integer(tally.n)
    object["correct"] = .integer(tally.correct)
    object["rate"] = .double(tally.rate)
    object["low"] = .double(tally.interval.low)
    object["high"] = .double(tally.interval.high)
  }

  private static func object(_ tally: Tally) -> JSON {
    var object = JSONObject()
    add(tally, to: &object)
    return .object(object)
  }

  // MARK: Lines

  var lines: [String] {
    var lines = ["\(score.family): \(Self.text(score.chosen))"]
    if score.samples > 1 {
      lines.append(
        "best of \(score.samples) at temperature \(temperature), chosen by "
          + (score.selector == .majority ? "majority" : "what the user can check"))
      lines.append(
        "one sample: \(Self.percent(score.passAt1)); any of \(score.samples): "
          + "\(Self.percent(score.passAtK.rate)); majority: \(Self.percent(score.majority.rate))")
    }
    if let search {
      lines.append("search alone: \(Self.text(search.alone))")
      lines.append("search, then the model: \(Self.text(search.withModel))")
    }
    let answers = max(score.answered.count * score.samples, 1)
    lines.append(
      "\(score.tokens / answers) tokens an answer, \(score.unfinished) cut off, "
        + "\(tokensPerSecond.significant) tokens/s")
    if let drafting { lines.append(drafting.line) }
    return lines
  }

  private static func text(_ tally: Tally) -> String {
    "\(tally.correct) of \(tally.n), \(percent(tally.rate)) "
      + "(\((tally.interval.low * 100).significant) to \((tally.interval.high * 100).significant) %)"
  }

  private static func percent(_ rate: Double) -> String { "\((rate * 100).significant) %" }

  // MARK: Cases

  private static let mostFailures = 10

  /// Titled cases each with a line, model and search side by side; then wrong answers.
  func showCases(titles: [String]) throws {
    if !titles.isEmpty {
      try Terminal.line("\nmodel  search  case", .bold)
      for (place, item) in score.answered.enumerated() {
        let found = search.map { $0.isRight[place] ? "right" : "wrong" } ?? "-"
        let own = item.isChosenRight ? "right" : "wrong"
        try Terminal.line("\(own)  \(found)   \(titles[item.number])")
      }
    }
    for item in score.failures.prefix(Self.mostFailures) {
      try Terminal.line("\n\(item.problem.prompt)", .bold)
      try Terminal.line(
        "expected \(item.problem.answer)\nfound    \(Self.trimmed(item.answers[item.chosen]))")
    }
  }

  private static func trimmed(_ answer: String) -> Substring {
    answer.drop(while: \.isWhitespace)
  }
}

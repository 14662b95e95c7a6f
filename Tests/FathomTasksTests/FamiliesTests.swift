import FathomCore
import Testing

@testable import FathomTasks

/// What holds for every family. The numbers of problems keep a debug run within seconds.
@Suite struct FamiliesTests {
  static let names = ["words", "tables", "countdown", "talk"]
  private let seed: UInt64 = 20_261_126

  /// Texts that no family may take for an answer, and none may stumble over.
  static let hostile: [String] = [
    "", " ", "\n", "\u{0}", "\u{202E}42", "-", "+", "()", "((((((((", "1/0", "0/0",
    "9999999999999999999999",
    "-9223372036854775808", "1e309", "NaN", "null", "'; drop table", "<think>", "</think>", "🙂",
    "４２",
    String(repeating: "9", count: 100_000), String(repeating: "(", count: 100_000),
    String(repeating: "1+", count: 100_000), String(repeating: "é", count: 50_000),
    String(repeating: "Ana by ", count: 20_000), String(repeating: "*", count: 80),
    "1" + String(repeating: "*999999", count: 11),
  ]

  @Test(arguments: names)
  func `the checked solution is accepted`(name: String) throws {
    let family = try Families.named(name)
    for index in 0..<4000 {
      let problem = family.problem(seed: seed, index: UInt64(index))
      #expect(
        problem.accepts(problem.answer), "\(name) \(index): \(problem.prompt) \(problem.answer)")
      #expect(problem.family == name)
      #expect(!problem.prompt.isEmpty && !problem.reasoning.isEmpty && !problem.answer.isEmpty)
      let text = problem.prompt + problem.reasoning + problem.answer
      let isPlain = text.utf8.allSatisfy { $0 == 0x0A || (0x20...0x7E).contains($0) }
      #expect(isPlain, "\(name) \(index): \(text)")
      let isFilled = !problem.prompt.contains("{") && !problem.answer.contains("{")
      #expect(isFilled, "\(name) \(index): \(text)")
    }
  }

  @Test(arguments: names)
  func `no hostile text is accepted`(name: String) throws {
    let family = try Families.named(name)
    for index in 0..<40 {
      let problem = family.problem(seed: seed, index: UInt64(index))
      for text in Self.hostile {
        #expect(!problem.accepts(text), "\(name) \(index) accepts \(text.prefix(40))")
        let isTail = problem.accepts(problem.answer + text.prefix(400) + "#")
        #expect(!isTail || name == "talk", "\(name) \(index) accepts a tail of \(text.prefix(40))")
      }
    }
  }

  /// A number of the answer off by one, or the answer to the next problem.
  @Test(arguments: names)
  func `an answer that is nearly right is wrong`(name: String) throws {
    let family = try Families.named(name)
    var swapped = 0
    for index in 0..<2000 {
      let problem = family.problem(seed: seed, index: UInt64(index))
      for step in [-1, 1] {
        if let wrong = Self.shifted(problem.answer, by: step), name != "talk" {
          #expect(!problem.accepts(wrong), "\(name) \(index): \(problem.answer) and \(wrong)")
        }
      }
      let next = family.problem(seed: seed, index: UInt64(index + 1))
      if next.answer != problem.answer, problem.accepts(next.answer) { swapped += 1 }
    }
    // By chance two problems in a row may have the same number for an answer.
    #expect(swapped < (name == "talk" ? 200 : 60), "\(name): \(swapped)")
  }

  private static func shifted(_ answer: String, by step: Int) -> String? {
    guard let start = answer.firstIndex(where: \.isNumber) else { return nil }
    let digits = answer[start...].prefix(while: \.isNumber)
    return answer[..<start] + "\(Int(digits)! + step)" + answer[digits.endIndex...]
  }

  @Test(arguments: names)
  func `an address always leads to the same problem`(name: String) throws {
    let (one, other) = (try Families.named(name), try Families.named(name))
    for index in [0, 1, 2, 63, 4096, UInt64.max] {
      let (a, b) = (one.problem(seed: seed, index: index), other.problem(seed: seed, index: index))
      #expect(a.prompt == b.prompt && a.reasoning == b.reasoning && a.answer == b.answer)
      #expect(one.problem(seed: seed + 1, index: index).prompt != a.prompt || name == "talk")
    }
  }

  @Test(arguments: names)
  func `problems are varied, short, and one in sixteen is held out`(name: String) throws {
    let family = try Families.named(name)
    var prompts: Set<String> = []
    var (heldOut, prompt, reasoning, answer, tokens, longest) = (0, 0, 0, 0, 0, 0)
    let count = 10_000
    for index in 0..<count {
      let problem = family.problem(seed: seed, index: UInt64(index))
      if prompts.insert(problem.prompt).inserted, problem.isHeldOut { heldOut += 1 }
      prompt += problem.prompt.utf8.count
      reasoning += problem.reasoning.utf8.count
      answer += problem.answer.utf8.count
      let length = [problem.prompt, problem.reasoning, problem.answer].map(estimatedTokens).reduce(
        0, +)
      tokens += length
      longest = max(longest, length)
    }
    let share = Double(heldOut) / Double(prompts.count)
    print(
      "\(name): \(prompts.count) distinct prompts of \(count); characters: prompt \(prompt / count),",
      "reasoning \(reasoning / count), answer \(answer / count); about \(tokens / count) tokens, at most \(longest);",
      "held out \(share)")
    #expect(prompts.count > (name == "talk" ? 1500 : 9500))
    #expect((0.045...0.085).contains(share))
    #expect(longest < 480)
    #expect((30...190).contains(tokens / count))
  }

  /// Digits one by one, runs of letters and of signs as one, a space before letters for nothing.
  private func estimatedTokens(_ text: String) -> Int {
    var count = 0
    var last: UInt8 = 0x20
    for byte in text.utf8 {
      let isLetter = (0x61...0x7A).contains(byte | 0x20)
      let isDigit = (0x30...0x39).contains(byte)
      if isDigit || byte == 0x0A {
        count += last == 0x20 ? 2 : 1
      } else if isLetter {
        if !(0x61...0x7A).contains(last | 0x20) { count += 1 }
      } else if byte != 0x20,
        (0x30...0x39).contains(last) || (0x61...0x7A).contains(last | 0x20) || last == 0x20
      {
        count += 1
      }
      last = byte
    }
    return count
  }

  @Test(arguments: names)
  func `a level makes problems shorter and needs no luck`(name: String) throws {
    for level in [-1, 0, 0.3, 1, 7, Double.nan, .infinity] {
      let family = try Families.named(name, level: level)
      for index in 0..<50 {
        let problem = family.problem(seed: seed, index: UInt64(index))
        #expect(problem.accepts(problem.answer))
      }
    }
    func length(_ level: Double) throws -> Int {
      let family = try Families.named(name, level: level)
      return (0..<300).reduce(0) {
        $0 + family.problem(seed: seed, index: UInt64($1)).reasoning.utf8.count
      }
    }
    if name != "talk" { #expect(try length(0) < length(1) * 9 / 10) }
  }

  @Test func `an unknown family is an error that lists the known ones`() throws {
    #expect(Set(Self.names).isSubset(of: Families.all.map(\.name)))
    #expect {
      try Families.named("poems\u{1b}[31m")
    } throws: { error in
      let text = "\(error)"
      return Families.all.map(\.name).allSatisfy(text.contains) && text.contains("poems")
        && !text.contains("\u{1b}")
    }
  }
}

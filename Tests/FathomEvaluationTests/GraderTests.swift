import FathomCore
import FathomMapping
import Testing

@testable import FathomEvaluation

extension Completion {
  init(_ answer: String) { self.init(text: answer, reasoning: nil, answer: answer) }
}

@Suite struct GraderTests {
  @Test func `a score is a number from 0 to 1`() {
    for (score, kept) in [(0.5, 0.5), (-1, 0), (7, 1), (Double.nan, 0), (.infinity, 1)] {
      #expect(Verdict(score: score, passed: false).score == kept)
    }
  }

  @Test func `a text is taken apart into reasoning and answer`() {
    let both = Completion(parsing: "<think>\nwhy\n</think>\n\n42")
    #expect(both.reasoning == "why" && both.answer == "42")
    let plain = Completion(parsing: "42 </think>")
    #expect(plain.reasoning == nil && plain.answer == "42 </think>")
    let open = Completion(parsing: "<think>for ever")
    #expect(open.reasoning == "for ever" && open.answer.isEmpty)
  }

  @Test func `exact answers pass, white space aside`() async {
    let grader = ExactGrader(["New  York", "NYC"])
    for (answer, passes) in [
      ("New York", true), (" new york", false), ("\nNYC\n", true), ("", false), ("NYCC", false),
    ] {
      #expect(await grader.grade(Completion(answer)).passed == passes, "\(answer)")
    }
    let easy = ExactGrader(["Paris"], ignoresCase: true, findsAnswer: true)
    #expect(await easy.grade(Completion("Well.\nThe answer is **paris**.")).passed)
    #expect(await !easy.grade(Completion("Paris or Rome")).passed)
  }

  @Test(arguments: [
    ("so \\boxed{1} and \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"), ("#### 1,234\nmore", "1,234"),
    ("<answer> 7 </answer>", "7"), ("The answer is: 12.", "12"), ("Answer: **3 km**", "3 km"),
    ("\\boxed{open", "\\boxed{open"), ("\\boxed{a} then \\boxed{b", "a"), ("  plain ", "plain"),
    ("answer is", "answer is"), ("</answer><answer>", "</answer><answer>"), ("####", "####"),
  ])
  func `the final answer is what a text marks`(text: String, answer: String) {
    #expect(FinalAnswer.of(text) == answer)
  }

  @Test(arguments: [
    ("50%", "50%"), ("it is -3", "-3"), ("from 5-3", "3"), ("about 1,234.5 m", "1,234.5"),
    ("none", nil), ("", nil), ("a3, b4,", "4"), ("1/2", "1/2"),
  ])
  func `the last number of a text is found`(text: String, number: String?) {
    #expect(FinalAnswer.lastNumber(in: text) == number)
  }

  @Test func `formats are judged as R1's were`() async {
    let format = ThinkFormatGrader()
    for (text, passes) in [
      ("<think>\na\n</think>\n\nb", true), ("<think>a</think>b", true), ("b", false),
      ("<think>a</think>", false), ("<think></think>b", false), ("x<think>a</think>b", false),
      ("<think>a</think>b</think>", false), ("<think><think>a</think>b", false), ("", false),
      ("</think>b<think>", false), ("<think>a", false),
    ] {
      #expect(await format.grade(Completion(parsing: text)).passed == passes, "\(text)")
    }
    #expect(await !format.grade(Completion(parsing: "<think>a</think>b", isFinished: false)).passed)
    let tagged = ThinkFormatGrader(needsAnswerTags: true)
    #expect(await tagged.grade(Completion("<think>a</think><answer>b</answer>")).passed)
    #expect(await !tagged.grade(Completion("<think>a</think><answer>b</answer> c")).passed)
    #expect(await !tagged.grade(Completion("<think>a</think>b")).passed)

    // Who grades the answer looks into the tags, as far as they are around all of it.
    let exact = ExactGrader(["b"])
    #expect(await exact.grade(Completion(parsing: "<think>a</think>\n<answer> b </answer>")).passed)
    #expect(await !exact.grade(Completion(parsing: "<think>a</think><answer>b</answer> c")).passed)
    #expect(await !exact.grade(Completion(parsing: "<think>a</think><answer>c</answer>")).passed)

    let tags = TagCountGrader()
    #expect(await tags.grade(Completion("<think>a</think>b")).score == 0.5)
    #expect(await tags.grade(Completion("<think><think>a</think><answer>b</answer>")).score == 0.75)
    #expect(await tags.grade(Completion("")).score == 0)
  }

  @Test(arguments: [
    ("en", "Let us see: 3 + 4 = 7.", 1.0), ("en", "so 我们 see", 0.5), ("zh", "我们 see", 2.0 / 3),
    ("zh", "我们看", 1.0), ("ru", "да, yes", 0.5), ("en", "don't", 1.0), ("en", "42 + 1", 0.0),
    ("ja", "これは漢字", 1.0), ("en", "naïve café", 1.0), ("ko", "한국어 text", 0.5), ("en", "", 0.0),
    ("en", "mixedслово", 0.0), ("hi", "नमस्ते", 1.0), ("el", "πάμε go", 0.5),
  ])
  func `language is the share of words in its script`(
    language: String, text: String, share: Double
  ) async throws {
    let grader = LanguageGrader(try #require(LanguageGrader.Script(language: language)))
    #expect(abs(await grader.grade(Completion(text)).score - share) < 1e-12)
  }

  @Test func `language looks at the reasoning where there is some`() async {
    let grader = LanguageGrader(.latin)
    #expect(await grader.grade(Completion(parsing: "<think>我们</think>yes")).score == 0)
  }

  @Test func `repetition and length cost`() async {
    let repetition = RepetitionGrader(words: 2)
    #expect(await repetition.grade(Completion("a b c d")).score == 1)
    #expect(await repetition.grade(Completion("a b a b a")).score == 0.5)
    #expect(await repetition.grade(Completion("a")).passed)
    #expect(await !repetition.grade(Completion(" ")).passed)

    let length = LengthGrader(free: 10, limit: 20)
    for (tokens, score) in [(0, 1.0), (10, 1), (15, 0.5), (20, 0), (Int.max, 0)] {
      let completion = Completion(text: "x", reasoning: nil, answer: "x", tokens: tokens)
      #expect(await length.grade(completion).score == score)
    }
    #expect(await !length.grade(Completion("x")).passed)
  }

  @Test func `R1's reward is accuracy and format with equal weights`() async {
    let reward = WeightedGrader([.init(MathGrader("4")), .init(ThinkFormatGrader())])
    let verdict = await reward.grade(Completion(parsing: "4"))
    #expect(verdict.score == 0.5 && verdict.passed && verdict.extracted == "4")
    let wrong = await reward.grade(Completion(parsing: "<think>a</think>5"))
    #expect(wrong.score == 0.5 && !wrong.passed)
    #expect(await reward.grade(Completion(parsing: "<think>a</think>4")).score == 1)
  }

  @Test func `a choice is the likeliest continuation, per byte where that is asked for`() {
    let grader = ChoiceGrader(choices: [" no", " absolutely"], correct: 1)
    let scores = [-3.0, -5.5].map { ContinuationScore(logLikelihood: $0, tokens: 1) }
    let result = grader.grade(scores)
    #expect(!result.verdict.passed && !result.isRight && result.isRightNormalized)
    #expect(result.verdict.extracted == "0")
    let normalized = ChoiceGrader(choices: grader.choices, correct: 1, normalizesLength: true)
    #expect(normalized.grade(scores).verdict.passed)
    for bad in [[], [scores[0]], [scores[0], ContinuationScore(logLikelihood: .nan, tokens: 1)]] {
      #expect(!grader.grade(bad).verdict.passed)
    }
  }

  @Test func `mapping programs run on records they have not seen`() async throws {
    let tests = try [
      (#"{"a": "x", "n": 1}"#, #"{"b": "X"}"#), (#"{"a": "yz", "n": 2}"#, #"{"b": "YZ"}"#),
    ].map { MappingExample(input: try JSON.parse($0), output: try JSON.parse($1)) }
    let grader = MappingTestGrader(tests)
    #expect(await grader.grade(Completion("b = a upper")).passed)
    #expect(await grader.grade(Completion("```\nb = a upper\n```")).passed)
    let half = await grader.grade(Completion("b = const X"))
    #expect(half.score == 0.5 && !half.passed && half.detail.hasPrefix("test 1: "))
    for hostile in ["", "b =", "b = a b = c", "}{", "b = missing upper", "b = a nonsense"] {
      let verdict = await grader.grade(Completion(hostile))
      #expect(verdict.score == 0 && !verdict.passed && !verdict.detail.isEmpty, "\(hostile)")
    }
  }
}

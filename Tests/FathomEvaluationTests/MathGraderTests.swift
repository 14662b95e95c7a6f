import Testing

@testable import FathomEvaluation

@Suite struct MathGraderTests {
  private func passes(_ answer: String, _ reference: String, tolerance: Double = 0) async -> Bool {
    await MathGrader(reference, tolerance: tolerance).grade(Completion(answer)).passed
  }

  @Test(arguments: [
    // Numbers.
    ("42", "42"), ("42.0", "42"), ("+42", "42"), ("042", "42"), ("1,234", "1234"),
    ("1{,}234", "1234"), ("1,234,567.50", "1234567.5"), ("\\$1,000", "1000"), (".5", "0.5"),
    ("−3", "-3"), ("-0", "0"), ("42.", "42"), ("1e3", "1000"), ("1.5 \\times 10^{3}", "1500"),
    ("12345678901234567890", "12345678901234567890"), ("10!", "10!"),
    // Fractions and percents.
    ("1/2", "0.5"), ("\\frac{1}{2}", "1/2"), ("\\dfrac12", "0.5"), ("-\\frac{3}{4}", "-0.75"),
    ("1\\frac{1}{2}", "1.5"), ("1 1/2", "3/2"), ("50%", "50"), ("50\\%", "0.5"), ("50%", "50%"),
    ("\\frac{2}{6}", "\\frac{1}{3}"), ("\\frac{\\pi}{2}", "\\pi/2"),
    // Roots, powers, products.
    ("2\\sqrt{3}", "\\sqrt{12}"), ("\\sqrt[3]{8}", "2"), ("2^{10}", "1024"), ("2^10", "1024"),
    ("3\\pi", "3π"), ("2(3+4)", "14"), ("\\frac{1+\\sqrt{5}}{2}", "(1+\\sqrt5)/2"),
    // Units and names.
    ("5\\text{ cm}", "5"), ("5 cm", "5 cm"), ("12 apples", "12"), ("x = 5", "5"),
    ("45^\\circ", "45"), ("f(x)=3", "3"), ("10 miles", "10 mile"), ("6 km/h", "6"),
    // Tuples, intervals, sets.
    ("(1, 2)", "(1,2)"), ("\\left(1,\\frac12\\right)", "(1, 0.5)"), ("[0, \\infty)", "[0,∞)"),
    ("\\{2, 1\\}", "\\{1, 2\\}"), ("{3,1,2}", "\\{1,2,3\\}"), ("2, 1", "1, 2"),
    ("1 and 2", "2, 1"), ("x=1, x=2", "1,2"), ("(1,234)", "(1, 234)"), ("\\emptyset", "\\{\\}"),
    ("(-\\infty,1)\\cup(2,\\infty)", "(2,\\infty) \\cup (-\\infty,1)"),
    // Texts, and where the answer stands.
    ("Monday", "monday"), ("\\boxed{7}", "7"), ("We get 3, then 4.\nSo it is 7", "7"),
    ("The answer is 1/2.", "0.5"), ("thus\n\n8", "8"), ("$x^2+1$", "x^2+1"),
    ("5", "Three and two.\n#### 5"),
  ])
  func `these mean the same`(answer: String, reference: String) async {
    #expect(await passes(answer, reference))
  }

  @Test(arguments: [
    ("41", "42"), ("", "42"), (" ", "0"), ("0.3333", "1/3"), ("0.5", "50"),
    ("12345678901234567891", "12345678901234567890"), ("1234", "1,23,4"), ("5x", "5"),
    ("5 x", "5"), ("3 sin", "3 cos"), ("5 cm", "5 km"), ("(1,2)", "[1,2]"), ("(2,1)", "(1,2)"),
    ("(1,2)", "\\{1,2\\}"), ("1,2,2", "1,2"), ("1", "1,2"), ("\\infty", "-\\infty"),
    ("1/0", "2/0"), ("0/0", "0"), ("\\frac{1}{0}", "0"), ("\\sqrt{-1}", "0"), ("yes", "no"),
    ("\\boxed{}", "0"), ("2^{999999}", "2^{99}"), ("-7", "7"), ("7 or 8", "7"),
  ])
  func `these do not`(answer: String, reference: String) async {
    #expect(await !passes(answer, reference))
  }

  @Test func `a tolerance is a share of the greater number`() async {
    #expect(await passes("101", "100", tolerance: 0.01))
    #expect(await !passes("102", "100", tolerance: 0.01))
    #expect(await passes("0.333", "1/3", tolerance: 0.01))
  }

  @Test(arguments: [
    String(repeating: "(", count: 5000), String(repeating: "\\frac{", count: 900),
    String(repeating: "-", count: 5000) + "1", String(repeating: "1,", count: 2000),
    String(repeating: "{[(", count: 100) + "1", String(repeating: "9", count: 3000),
    "1e999", "1e-999", "\\boxed{" + String(repeating: "{", count: 10_000), "\u{0}\u{1}\u{202E}1",
    String(repeating: "\\boxed{", count: 3000), "\\sqrt[", "\\frac", "^", "2^", "%", "{", "\\{",
    "(,)", ",", "/", "1//2", "1 1/0", "\\text{", "٣", "½", "e", "1e", "1,", ".", "-", "**", "=",
  ])
  func `hostile answers fail and nothing else happens`(answer: String) async {
    let verdict = await MathGrader("123456").grade(Completion(answer))
    #expect(!verdict.passed && verdict.detail.count < 400)
    // As a reference they are of no use, and do no harm.
    _ = await MathGrader(answer).grade(Completion(answer))
  }

  @Test func `answers agree in a vote by what they mean`() async {
    let grader = MathGrader("2")
    var votes: Set<String?> = []
    for answer in ["1/2", "0.5", "\\frac{1}{2}", "x = 0.50"] {
      votes.insert(await grader.grade(Completion(answer)).extracted)
    }
    #expect(votes == ["0.5"])
  }
}

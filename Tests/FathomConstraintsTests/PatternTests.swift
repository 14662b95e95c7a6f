import FathomCore
import Foundation
import Testing

@testable import FathomConstraints

@Suite struct PatternTests {
  @Test(
    arguments: [
      ("abc", ["abc"], ["ab", "abcd", ""]),
      ("a|b|", ["a", "b", ""], ["c"]),
      ("^a$|^b$", ["a", "b"], ["ab"]),
      ("(a(b|c))*", ["", "ab", "abacab"], ["a", "aba"]),
      ("a{2}", ["aa"], ["a", "aaa"]), ("a{1,}", ["a", "aaaa"], [""]),
      ("a{0,2}?b", ["b", "aab"], ["aaab"]), ("a{,2}", ["a{,2}"], ["aa"]),
      ("[a-c\\d_-]+", ["a1_-"], ["d", ""]), ("[^a]", ["b", "é", "\n"], ["a", "ab"]),
      ("[\\]\\\\^]", ["]", "\\", "^"], ["a"]),
      (".", ["a", "船", "😀"], ["\n", "\u{2028}", ""]),
      ("\\w\\W\\s\\S", ["a- x", "_é\tß"], ["aa x"]),
      ("\\x41\\u00e9\\u{1F600}", ["Aé😀"], ["A"]),
      ("\\.\\$\\(\\/", [".$(/"], ["a"]),
      ("(?:ab)?(?<name>c)", ["abc", "c"], ["ab"]),
      ("[é-ü]", ["é", "ü", "ë"], ["e", "ý"]),
      ("[\u{7F}-\u{10FFFF}]", ["\u{7F}", "\u{80}", "\u{800}", "\u{FFFF}", "\u{10FFFF}"], ["~"]),
      ("(a*)*b", ["b", "aab"], ["a"]), ("(a+)+$", ["aaa"], [""]), ("()", [""], ["a"]),
    ] as [(String, [String], [String])])
  func `a pattern matches whole texts`(
    _ pattern: String, _ matching: [String], _ others: [String]
  ) throws {
    let grammar = try Grammar.regex(pattern)
    for text in matching { #expect(grammar.allows(text), "\(pattern): \(text)") }
    for text in others { #expect(!grammar.allows(text), "\(pattern): \(text)") }
  }

  @Test(
    arguments: [
      ("*a", 1), ("a|+", 3), ("(", 2), ("a)", 2), ("[a", 3), ("a**", 3), ("a{3}{2}", 5), ("{2}", 1),
      ("a{2,1}", 2), ("a{99999999999999999999}", 2), ("(?=a)", 1), ("(?!a)", 1), ("(?<=a)", 1),
      ("(?i)a", 1), ("\\bx", 1), ("(a)\\1", 4), ("\\p{L}", 1), ("\\q", 1), ("a^b", 2), ("a$b", 3),
      ("(^a)*", 1), ("[z-a]", 4), ("\\u12", 5), ("\\ud800", 3), ("\\", 2), ("(?<n", 1),
      ("(?<n)", 1),
    ] as [(String, Int)])
  func `a pattern that is broken or not supported says where`(
    _ pattern: String, _ place: Int
  ) {
    #expect(
      refusal(try .regex(pattern))?.place == "pattern, character \(place)",
      "\(pattern): \(refusal(try .regex(pattern)).map { "\($0)" } ?? "accepted")")
  }

  @Test func `random patterns agree with Foundation`() throws {
    let atoms = ["a", "b", "[ab]", "[^a]", "(?:ab|b)", "(?:a|)", ".", "c"]
    let counts = ["", "", "*", "+", "?", "{2}", "{1,2}"]
    for seed in 0..<150 as Range<UInt64> {
      var random = SplitMix(seed: seed)
      func part() -> String {
        atoms[Int(random.next() % 8)] + counts[Int(random.next() % 7)]
      }
      var pattern = part() + part()
      if random.next() % 2 == 0 {
        pattern = "(?:\(pattern)|\(part()))\(counts[Int(random.next() % 7)])"
      }
      let grammar = try Grammar.regex(pattern)
      let expression = try NSRegularExpression(pattern: "\\A(?:\(pattern))\\z")
      for _ in 0..<60 {
        let text = String(
          (0..<Int(random.next() % 7)).map { _ in
            "abc"["abc".index("abc".startIndex, offsetBy: Int(random.next() % 3))]
          })
        let range = NSRange(text.startIndex..., in: text)
        #expect(
          grammar.allows(text) == (expression.firstMatch(in: text, range: range) != nil),
          "seed \(seed): \(pattern) on \(text)")
      }
    }
  }
}

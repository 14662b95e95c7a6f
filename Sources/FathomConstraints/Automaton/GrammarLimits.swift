/// What a grammar from outside may ask for. A grammar beyond any of these is an `InputError`.
enum GrammarLimits {
  static let rules = 10_000
  /// States of the compiled automaton. A byte of a literal is one, and so is a step of a count.
  static let nodes = 1 << 16
  static let edges = 1 << 18
  /// The greatest number in `{m,n}`, `minItems`, `minLength` and their like.
  static let repetitions = 10_000
  /// Bytes of a schema, a pattern or a GBNF text.
  static let sourceBytes = 256 << 10
  static let patternScalars = 16 << 10
  /// Levels of brackets in a schema, of parentheses in a pattern or a GBNF text.
  static let depth = 64
  /// Rules that wait for another to end while an answer is written: how deep an answer can nest.
  /// Less than what `JSON.parse` accepts.
  static let stack = 100
}

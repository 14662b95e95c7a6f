import FathomCore

/// What an answer has to look like: a compiled, bounded, immutable grammar over bytes of UTF-8.
///
/// A grammar knows nothing of tokens; `Constraint` applies it to a vocabulary.
public struct Grammar: Sendable {
  /// The first rule is the whole text. Grammars of JSON go on with `JSONRules.shared`.
  let rules: [Rule]
  let program: Program
  private let usesJSON: Bool
  private let hash: Int

  /// - Throws: `InputError` for a grammar that is too large, refers to itself before any text, or
  ///   allows no text.
  init(_ rules: [Rule], usesJSON: Bool = false) throws {
    self.rules = rules
    self.usesJSON = usesJSON
    program = try Program(rules)
    hash = rules.hashValue
  }

  /// A grammar of JSON: the whole text and further rules, numbered after the shared ones.
  init(json root: Rule, _ further: [Rule] = []) throws {
    try self.init([root] + JSONRules.shared + further, usesJSON: true)
  }
}

extension Grammar: CustomStringConvertible {
  public var description: String { "a grammar of \(rules.count) rules" }
}

extension Grammar: Hashable {
  public static func == (a: Grammar, b: Grammar) -> Bool { a.hash == b.hash && a.rules == b.rules }
  public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension Grammar {
  private static let anyObject = ours(JSONRules.object)
  private static let anyValue = ours(JSONRules.value)

  private static func ours(_ rule: Int) -> Grammar {
    do {
      return try Grammar(json: Rule(name: "json", expression: .rule(rule)))
    } catch {
      preconditionFailure("the grammar of JSON does not compile: \(error)")
    }
  }

  /// Any JSON value, or any JSON object.
  ///
  /// The keys of an object are not compared with each other, so a key can come twice.
  public static func json(objectOnly: Bool) -> Grammar { objectOnly ? anyObject : anyValue }

  /// Exactly this text.
  ///
  /// - Throws: `InputError` for a text longer than a grammar may be.
  public static func literal(_ text: String) throws -> Grammar {
    try Grammar([Rule(name: "literal", expression: .text(text))])
  }

  /// One after the other.
  public static func sequence(_ parts: [Grammar]) throws -> Grammar {
    try joined(parts, name: "sequence") { .sequence($0) }
  }

  /// One of them.
  ///
  /// - Throws: `InputError` if there are none.
  public static func choice(_ alternatives: [Grammar]) throws -> Grammar {
    try joined(alternatives, name: "choice") { .choice($0) }
  }

  /// One table of all parts' rules; those of JSON are in it once, and so are equal parts.
  private static func joined(
    _ parts: [Grammar], name: String, _ join: ([Expression]) -> Expression
  ) throws -> Grammar {
    let usesJSON = parts.contains(where: \.usesJSON)
    let shared = usesJSON ? JSONRules.shared : []
    var rules = [Rule(name: name, expression: .empty)] + shared
    var starts: [Grammar: Int] = [:]
    var roots: [Expression] = []
    for part in parts {
      if let start = starts[part] {
        roots.append(.rule(start))
        continue
      }
      let start = rules.count
      let own = part.usesJSON ? JSONRules.shared.count : 0
      func number(_ rule: Int) -> Int {
        rule == 0 ? start : rule <= own ? rule : start + rule - own
      }
      guard rules.count + part.rules.count - own <= GrammarLimits.rules else {
        throw InputError(
          "grammar", expected: "at most \(GrammarLimits.rules) rules", found: "more")
      }
      for (index, rule) in part.rules.enumerated() where index == 0 || index > own {
        rules.append(
          Rule(name: rule.name, expression: rule.expression.renumbered(number)))
      }
      starts[part] = start
      roots.append(.rule(start))
    }
    rules[0].expression = join(roots)
    return try Grammar(rules, usesJSON: usesJSON)
  }
}

/// A place where a quantity grows and shrinks.
///
/// Clauses are templates; `{s}` is the subject, `{n}` the number, `{things}` what is counted, `{o}` another person,
/// `{k}` a factor.
struct ChainTheme: Sendable {
  let name: String
  var nouns: [Noun] = []
  /// Empty: a person, and events are what that person does (`buys {n} more`). Otherwise events are whole clauses.
  var subjects: [String] = []
  let openings: [String]
  let gains: [String]
  let losses: [String]
  /// By two, then by any factor.
  var doublings: [String] = []
  var multiples: [String] = []
  /// In two, then in any number of parts; one part is what remains.
  var halvings: [String] = []
  var divisions: [String] = []
  let questions: [String]
  var unit: Unit?

  /// What people most often make up comes most often.
  static let all: [ChainTheme] = personal + places + Array(repeating: personal[0], count: 4)

  private static let had = [
    "How many now?", "How many now?", "How many {things} does {s} have now?",
    "How many {things} does {s} have <in the end|at the end>?",
    "How many {things} are there now?", "How many does {s} <have now|own now>?",
    "<Find|Give> the number of {things} {s} has now.", "What is {s}'s number of {things} now?",
  ]

  private static let personal: [ChainTheme] = [
    ChainTheme(
      name: "belongings", nouns: Vocabulary.belongings,
      openings: [
        "{s} [has|had] {n} {things}", "{s} [has|had] {n} {things}", "{s} [owns|owned] {n} {things}",
        "{s} [starts|started] with {n} {things}", "{s} [has|had] {n} {things} at home",
      ],
      gains: [
        "[buys|bought] {n} more", "[buys|bought] {n} more", "[gets|got] {n} more from {o}",
        "[finds|found] {n} more",
        "[receives|received] {n} {things} from {o}", "[wins|won] {n} {things}",
        "[picks|picked] up another {n}",
        "[is|was] given {n} more",
      ],
      losses: [
        "[gives|gave] {n} to {o}", "[gives|gave] {n} to {o}", "[loses|lost] {n}",
        "[sells|sold] {n} of them", "[gives|gave] away {n} {things}",
        "[lends|lent] {n} to {o}", "[throws|threw] {n} away", "[hands|handed] {n} {things} to {o}",
      ],
      doublings: ["[doubles|doubled] {their} number of {things}"],
      multiples: ["[ends|ended] up with {k} times as many"],
      halvings: ["[gives|gave] half of them to {o}", "[sells|sold] half of the {things}"],
      divisions: ["[splits|split] them into {k} equal piles and [keeps|kept] one pile"],
      questions: had),
    ChainTheme(
      name: "fruit picking", nouns: Vocabulary.fruit,
      openings: [
        "{s} [picks|picked] {n} {things}", "{s} [puts|put] {n} {things} into a basket",
        "{s} [gathers|gathered] {n} {things} in the morning",
      ],
      gains: [
        "[picks|picked] {n} more", "[adds|added] {n} from <the garden|the market|a second tree>",
      ],
      losses: [
        "[eats|ate] {n}", "[drops|dropped] {n}", "[uses|used] {n} for <jam|juice|a pie>",
        "[gives|gave] {n} to {o}",
      ],
      doublings: ["[picks|picked] as many again"],
      halvings: ["[sells|sold] half of them", "[eats|ate] half of the {things}"],
      questions: had + ["How many {things} are left?"]),
    ChainTheme(
      name: "baking", nouns: Array(Vocabulary.food.prefix(11)),
      openings: [
        "{s} [bakes|baked] {n} {things}",
        "{s} [makes|made] {n} {things} for <a party|the school|the fair>",
      ],
      gains: [
        "[bakes|baked] {n} more", "[makes|made] another {n}", "[buys|bought] {n} more at the shop",
      ],
      losses: [
        "[burns|burned] {n}", "[sells|sold] {n}", "[serves|served] {n} to <the guests|friends>",
        "[brings|brought] {n} to {o}",
      ],
      doublings: ["[bakes|baked] the same number again"],
      halvings: ["[freezes|froze] half of them and [puts|put] the rest on a table"],
      questions: [
        "How many {things} are left?", "How many are left now?", "How many {things} remain?",
      ]),
    ChainTheme(
      name: "pocket money",
      openings: [
        "{s} [has|had] ${n}", "{s} [has|had] {n} dollars in a <jar|purse|piggy bank>",
        "{s} [saves|saved] ${n}",
      ],
      gains: [
        "[earns|earned] ${n} more", "[gets|got] ${n} from {o}", "[finds|found] {n} dollars",
        "[earns|earned] {n} dollars <washing cars|walking dogs|at work>",
      ],
      losses: [
        "[spends|spent] ${n} <on lunch|on a book|at the shop|on shoes>",
        "[pays|paid] {o} {n} dollars",
        "[gives|gave] ${n} to {o}", "[spends|spent] {n} dollars",
      ],
      doublings: ["[doubles|doubled] the money"],
      halvings: ["[spends|spent] half of the money", "[gives|gave] half of it to {o}"],
      questions: [
        "How much money does {s} have now?", "How much is left?",
        "How many dollars does {s} have now?",
        "How much money is that now?",
      ],
      unit: .money),
    ChainTheme(
      name: "game",
      openings: ["{s} [has|had] {n} points", "{s} [scores|scored] {n} points in a game"],
      gains: [
        "[wins|won] {n} points", "[scores|scored] {n} more", "[gets|got] a bonus of {n} points",
      ],
      losses: [
        "[loses|lost] {n} points", "[gets|got] a penalty of {n} points",
        "[drops|dropped] {n} points",
      ],
      doublings: ["[doubles|doubled] {their} score"],
      multiples: ["[multiplies|multiplied] {their} score by {k}"],
      halvings: ["[loses|lost] half of {their} points"],
      questions: [
        "What is {s}'s score now?", "How many points does {s} have now?", "What is the score now?",
      ],
      unit: Unit(one: "point", many: "points")),
    ChainTheme(
      name: "reading",
      openings: ["{s} [reads|read] {n} pages on Monday", "{s} [reads|read] {n} pages of a book"],
      gains: [
        "[reads|read] {n} more <on Tuesday|after lunch|in the evening|the next day>",
        "[reads|read] another {n} pages",
      ],
      losses: [],
      doublings: ["[reads|read] as many again"],
      questions: [
        "How many pages is that <in all|in total|altogether>?",
        "How many pages did {s} read in all?",
      ],
      unit: Unit(one: "page", many: "pages")),
  ]
}

import FathomCore
import FathomMapping

/// Programs from examples: two or three records and what was made of them are shown as rows; the answer is the program.
///
/// Every problem has been searched: on the examples shown, exactly one expression with one operator makes each output,
/// and it is the one of the solution. So an answer that reproduces the examples is nearly always right.
public struct MappingFamily: TaskFamily {
  public let name: String
  /// How many output values there are.
  public let outputs: ClosedRange<Int>
  public let values: MappingValues
  /// How many of its outputs take two operators (`first upper`); these are beyond the search for one.
  public let chainShare: Double

  /// - Parameter maxFields: a curriculum's limit on output values; `nil` for none.
  public init(
    name: String, outputs: ClosedRange<Int>, values: MappingValues = .training,
    chainShare: Double = 0, maxFields: Int? = nil
  ) {
    precondition(outputs.lowerBound >= 1, "\(outputs.lowerBound) outputs, at least 1 needed")
    self.name = name
    let most = max(1, min(outputs.upperBound, maxFields ?? outputs.upperBound))
    self.outputs = min(outputs.lowerBound, most)...most
    self.values = values
    self.chainShare = chainShare
  }

  /// One or two outputs: where a curriculum begins.
  public static let short = MappingFamily(name: "mapping-short", outputs: 1...2)

  /// Two to four outputs.
  public static func standard(maxFields: Int? = nil) -> MappingFamily {
    MappingFamily(name: "mapping", outputs: 2...4, maxFields: maxFields)
  }

  /// Five or six outputs.
  public static func wide(maxFields: Int? = nil) -> MappingFamily {
    MappingFamily(name: "mapping-wide", outputs: 5...6, maxFields: maxFields)
  }

  /// Two to four outputs, with values of shapes that training never shows. For tests only.
  public static let heldOutValues = MappingFamily(
    name: "mapping-heldout", outputs: 2...4, values: .heldOut)

  public func problem(_ random: inout TaskRandom) -> Problem {
    mappingProblem(&random).problem(family: name)
  }

  /// Problem `index` of the stream `seed`, with its examples and hidden record.
  public func mappingProblem(seed: UInt64, index: UInt64) -> MappingProblem {
    var random = TaskRandom(seed: seed ^ Problem.hash(of: name), index: index)
    return mappingProblem(&random)
  }

  public func mappingProblem(_ random: inout TaskRandom) -> MappingProblem {
    while true {
      if let problem = candidate(&random) { return problem }
    }
  }

  /// A problem; `nil` if its examples allow another solution.
  func candidate(_ random: inout TaskRandom) -> MappingProblem? {
    var draft = MappingDraft(
      recordCount: random.chance(0.6) ? 3 : 4, values: values, chainShare: chainShare)
    for _ in 0..<Int.random(in: outputs, using: &random) { draft.addOutput(&random) }
    draft.addUnused(&random)
    return draft.problem(&random)
  }
}

/// A problem in the making: columns of values, and expressions over them.
struct MappingDraft {
  private struct Column {
    let kind: MappingValueKind
    let values: [JSON]
  }

  /// The last record is the hidden one.
  let recordCount: Int
  let values: MappingValues
  let chainShare: Double
  private var columns: [Column] = []
  /// Terms over column numbers.
  private var outputs: [(columns: [Int], terms: [MappingTerm])] = []
  private static let mostColumns = 7

  init(recordCount: Int, values: MappingValues, chainShare: Double) {
    self.recordCount = recordCount
    self.values = values
    self.chainShare = chainShare
  }

  mutating func addOutput(_ random: inout TaskRandom) {
    let operation = MappingOperation.draw(&random)
    guard operation != .constant else {
      outputs.append(([], [.constant(Self.constant(&random))]))
      return
    }
    var sources = [column(for: operation, besides: nil, &random)]
    if operation == .cat { sources.append(column(for: operation, besides: sources[0], &random)) }
    var terms = [MappingTerm.operation(applied(operation, to: columns[sources[0]].kind, &random))]
    if operation == .first || operation == .last, random.chance(chainShare * 5) {
      terms.append(.operation(random.chance(0.5) ? .upper : .lower))
    }
    outputs.append((sources, terms))
  }

  /// Up to two columns that no output needs.
  mutating func addUnused(_ random: inout TaskRandom) {
    let count = columns.isEmpty ? 1 : random.pick([0, 0, 1, 1, 2])
    for _ in 0..<count where columns.count < Self.mostColumns {
      _ = newColumn(MappingOperation.anyKind(&random), &random)
    }
  }

  private func applied(
    _ operation: MappingOperation, to kind: MappingValueKind, _ random: inout TaskRandom
  ) -> MappingOperator {
    switch operation {
    case .copy, .constant: .copy
    case .upper: .upper
    case .lower: .lower
    case .first: .first(separator: nil)
    case .last: .last(separator: nil)
    case .date:
      // Mostly the form that records should have.
      .date(random.chance(0.6) ? .iso : random.pick(MappingDate.Format.allCases))
    case .table:
      if case .table(let index) = kind { .table(MappingTable.known[index]) } else { .copy }
    case .cat: .cat(separator: random.pick(["/", "/", "/", "-", "-", "_", " ", " "]))
    case .num: .num
    case .text: .text
    }
  }

  private mutating func column(
    for operation: MappingOperation, besides used: Int?, _ random: inout TaskRandom
  ) -> Int {
    let fitting = columns.indices.filter { $0 != used && operation.works(on: columns[$0].kind) }
    if !fitting.isEmpty, random.chance(0.25) || columns.count >= Self.mostColumns {
      return random.pick(fitting)
    }
    return newColumn(operation.kind(&random), &random)
  }

  private mutating func newColumn(_ kind: MappingValueKind, _ random: inout TaskRandom) -> Int {
    let kind = values == .heldOut ? kind.heldOut(&random) : kind
    columns.append(
      Column(kind: kind, values: (0..<recordCount).map { _ in kind.value(&random) }))
    return columns.count - 1
  }

  private static func constant(_ random: inout TaskRandom) -> JSON {
    if random.chance(0.15) { return MappingValueKind.word.value(&random) }
    if random.chance(0.05) { return random.pick([.bool(true), .bool(false), .integer(1)]) }
    return .string(random.pick(MappingVocabulary.constants))
  }

  // MARK: Records

  /// The problem, if its examples allow no other solution.
  func problem(_ random: inout TaskRandom) -> MappingProblem? {
    let order = Array(columns.indices).shuffled(using: &random)
    var labels = Array(repeating: 0, count: columns.count)
    for (place, column) in order.enumerated() { labels[column] = place + 1 }
    let inputKeys = MappingVocabulary.keys(columns.count, MappingVocabulary.inputKeys, &random)
    let outputKeys = MappingVocabulary.keys(outputs.count, MappingVocabulary.outputKeys, &random)
    let closed = outputs.map { output in
      MappingExpression.chain(
        output.columns.map { MappingTerm.source(MappingPath(label: "f\(labels[$0])")) }
          + output.terms)
    }
    var examples: [MappingExample] = []
    for record in 0..<recordCount {
      var input = JSONObject()
      var labelled = JSONObject()
      for (place, column) in order.enumerated() {
        input[inputKeys[place]] = columns[column].values[record]
        labelled["f\(place + 1)"] = columns[column].values[record]
      }
      let program = MappingProgram(
        zip(outputKeys, closed).map { MappingProgram.Statement(MappingPath(label: $0), $1) })
      guard let output = try? program.run(on: .object(labelled)) else { return nil }
      examples.append(MappingExample(input: .object(input), output: output))
    }
    let solution = MappingProgram(
      closed.enumerated().map {
        MappingProgram.Statement(MappingPath(label: "o\($0 + 1)"), $1.opened)
      })
    guard let hidden = examples.popLast(),
      let problem = try? MappingProblem(examples: examples, hidden: hidden, solution: solution)
    else { return nil }
    return isOnlySolution(closed, problem) ? problem : nil
  }

  private func isOnlySolution(_ closed: [MappingExpression], _ problem: MappingProblem) -> Bool {
    let search = MappingSearch(
      labelsOf: problem.records, operators: chainShare > 0 ? [.basic, .endsThenCase] : .basic)
    guard problem.records.outputs.count == closed.count else { return false }
    for (row, expression) in zip(problem.records.outputs, closed) {
      guard search.expressions(for: row.values) == [expression] else { return false }
    }
    // Completed from the examples, an open table can be another one.
    return problem.accepts(problem.answer)
  }
}

extension MappingExpression {
  /// With constants and tables left to the examples.
  fileprivate var opened: MappingExpression {
    guard case .chain(let terms) = self else { return self }
    return .chain(
      terms.map { term in
        switch term.kind {
        case .constant: .constant(nil)
        case .operation(.table): .operation(.table(nil))
        default: term
        }
      })
  }
}

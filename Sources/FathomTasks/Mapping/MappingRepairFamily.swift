import FathomCore
import FathomMapping

/// Repair of a program: a mapping problem, a program that is wrong, and what the interpreter says about it. The answer is
/// the whole program, put right.
public struct MappingRepairFamily: TaskFamily {
  public let name = "mapping-repair"
  /// Where the problems come from.
  public let base: MappingFamily

  /// - Parameter maxFields: a curriculum's limit on output values; `nil` for none.
  public init(maxFields: Int? = nil) {
    base = MappingFamily(name: "mapping-repair", outputs: 2...4, maxFields: maxFields)
  }

  public func problem(_ random: inout TaskRandom) -> Problem {
    while true {
      let problem = base.mappingProblem(&random)
      var damage = MappingDamage(problem)
      damage.strike(&random)
      if random.chance(0.25) { damage.strike(&random) }
      let failures = problem.records.failures(of: damage.program)
      guard !failures.isEmpty else { continue }
      // Only what failed is thought about again.
      let failed = problem.solution.statements.filter { statement in
        failures.contains { $0.hasPrefix("\(statement.target) ") }
      }
      return Problem(
        family: name,
        prompt: LabelLetters.encode(problem.records.repairPrompt(for: damage.program)),
        reasoning: LabelLetters.encode(problem.records.trace(of: MappingProgram(failed))),
        mapping: problem)
    }
  }
}

/// Mistakes put into a program on purpose.
struct MappingDamage {
  private(set) var program: MappingProgram
  private let inputs: [MappingPath]

  init(_ problem: MappingProblem) {
    program = problem.solution
    inputs = problem.records.inputs.map { MappingPath(label: $0.label) }
  }

  /// One more mistake: a missing line, another source, another operator.
  mutating func strike(_ random: inout TaskRandom) {
    guard !program.statements.isEmpty else { return }
    let place = Int.random(in: program.statements.indices, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<2 where program.statements.count > 1: program.statements.remove(at: place)
    case 0..<6 where inputs.count > 1: swapSource(place, &random)
    default: changeOperator(place, &random)
    }
  }

  private mutating func swapSource(_ place: Int, _ random: inout TaskRandom) {
    guard case .chain(var terms) = program.statements[place].expression else { return }
    let sources = terms.indices.filter { if case .source = terms[$0].kind { true } else { false } }
    guard !sources.isEmpty else { return changeOperator(place, &random) }
    let source = random.pick(sources)
    let others = inputs.filter { terms[source].kind != .source($0) }
    guard !others.isEmpty else { return }
    terms[source] = .source(random.pick(others))
    program.statements[place].expression = .chain(terms)
  }

  private mutating func changeOperator(_ place: Int, _ random: inout TaskRandom) {
    guard case .chain(var terms) = program.statements[place].expression, let last = terms.last
    else { return }
    let count = terms.count
    switch last.kind {
    case .constant: terms = [.source(random.pick(inputs)), .operation(.copy)]
    case .operation(.cat(let separator)):
      let others = ["/", "-", "_", " "].filter { $0 != separator }
      terms[count - 1] = .operation(.cat(separator: random.pick(others)))
    default:
      let others: [MappingOperator] = [
        .copy, .upper, .lower, .first(separator: nil), .last(separator: nil), .date(.iso),
        .table(nil),
      ].filter { last.kind != .operation($0) }
      terms[count - 1] = .operation(random.pick(others))
    }
    program.statements[place].expression = .chain(terms)
  }
}

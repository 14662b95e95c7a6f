import FathomCore
import FathomMapping
import Foundation

/// A mapping problem written by hand: records as they occur, with real names, nesting, arrays and alphabets. They are
/// for measuring only; no training sees them.
public struct RealisticMappingCase: Sendable {
  /// The name of the cases where families are named.
  public static let family = "mapping-realistic"

  public let title: String
  public let examples: [MappingExample]
  public let hidden: MappingExample
  /// A solution in paths.
  public let solution: MappingProgram

  /// All cases, in a fixed order.
  ///
  /// - Throws: `InputError` only if the tables in this folder are damaged.
  public static func all() throws -> [RealisticMappingCase] {
    try (healthTable + businessTable + everydayTable).components(separatedBy: "# ").dropFirst()
      .map(RealisticMappingCase.init(text:))
  }

  /// The case as a problem in labels, like those of `MappingFamily`.
  public func problem() throws -> MappingProblem {
    try MappingProblem(
      examples: examples, hidden: hidden,
      solution: try FlatRecordSet(examples).labelled(solution))
  }

  /// Reads a case: a title, pairs `input => output`, the hidden pair behind `?`, statements behind `:`.
  private init(text: String) throws {
    let lines = text.split(separator: "\n").map(String.init)
    title = lines.first ?? ""
    var examples: [MappingExample] = []
    var hidden: MappingExample?
    var statements: [String] = []
    for line in lines.dropFirst() {
      if line.hasPrefix(": ") {
        statements.append(String(line.dropFirst(2)))
      } else if line.hasPrefix("? ") {
        hidden = try Self.pair(String(line.dropFirst(2)), title)
      } else {
        examples.append(try Self.pair(line, title))
      }
    }
    guard let hidden else {
      throw InputError("case \(title)", expected: "a hidden pair", found: "none")
    }
    self.examples = examples
    self.hidden = hidden
    do {
      solution = try MappingProgram(parsing: statements.joined(separator: "\n"))
    } catch let error as InputError {
      throw error.inside("case \(title)")
    }
  }

  private static func pair(_ line: String, _ title: String) throws -> MappingExample {
    let sides = line.components(separatedBy: " => ")
    guard sides.count == 2 else {
      throw InputError(
        "case \(title)", expected: "input => output", found: InputError.excerpt(line))
    }
    do {
      return MappingExample(input: try JSON.parse(sides[0]), output: try JSON.parse(sides[1]))
    } catch let error as InputError {
      throw error.inside("case \(title)")
    }
  }
}

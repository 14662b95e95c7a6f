import ArgumentParser
import Fathom

/// What `fathom bench` measures.
struct BenchPlan {
  /// Tokens of a prefill and of a decode; 0 leaves that phase out.
  var promptTokens: Int
  var newTokens: Int
  /// Tokens that are in the cache before.
  var depths: [Int]
  /// Sequences in one step.
  var batches: [Int]
  var repetitions: Int
  /// How long to compute before each measurement.
  var warmUpSeconds: Int

  /// - Throws: `InputError` for a number out of range.
  func validate(for model: Model) throws {
    func check(_ name: String, _ values: [Int], _ range: ClosedRange<Int>) throws {
      for value in values where !range.contains(value) {
        throw InputError(
          "option \(name)", expected: "\(range.lowerBound) to \(range.upperBound)",
          found: "\(value)")
      }
    }
    let context = model.shape.maxPositionEmbeddings
    try check("-p", [promptTokens], 0...context)
    try check("-n", [newTokens], 0...context)
    try check("-d", depths, 0...max(0, context - max(promptTokens, newTokens)))
    try check("-b", batches, 1...256)
    try check("-r", [repetitions], 1...1000)
    try check("--warm-up", [warmUpSeconds], 0...3600)
    guard promptTokens > 0 || newTokens > 0 else {
      throw InputError("options -p and -n", expected: "one above 0", found: "0 and 0")
    }
  }
}

enum BenchPhase: String { case prefill, decode }

/// Tokens per second over the repetitions.
struct Spread: Equatable {
  let median: Double
  let min: Double
  let max: Double

  init(_ values: [Double]) {
    precondition(!values.isEmpty, "the median of nothing")
    let sorted = values.sorted()
    let middle = sorted.count / 2
    median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    min = sorted[0]
    max = sorted[sorted.count - 1]
  }
}

/// `0,4096`
struct NumberList: ExpressibleByArgument {
  let values: [Int]

  init(_ values: [Int]) { self.values = values }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Int($0) }
    guard values.count == parts.count else { return nil }
    self.values = values
  }

  var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}

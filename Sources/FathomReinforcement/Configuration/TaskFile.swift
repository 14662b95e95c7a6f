import FathomCore
import FathomEvaluation
import FathomTraining

/// Problems of somebody's own that a run asks: a task file as `fathom eval` reads it. Word: `task_files: [{path, weight}]`.
public struct TaskFile: Sendable, Equatable {
  public var path: String
  /// How often it is drawn, beside the weights of `tasks`.
  public var weight = 1.0

  public init(path: String) { self.path = path }

  init(_ map: ConfigurationMap) throws {
    var map = map
    guard let path = try map.text("path") else {
      throw map.error("path", expected: "the path of a task file")
    }
    self.path = path
    weight = try map.number("weight", 1e-6...1e9) ?? weight
    try map.finish()
  }

  /// - Throws: `InputError` for what is wrong with the file.
  func share() throws -> ProblemSource.Share {
    ProblemSource.Share(try GivenProblems(path: path), weight: weight)
  }
}

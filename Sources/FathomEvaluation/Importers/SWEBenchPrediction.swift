import FathomCore

/// A patch for an instance of SWE-bench, as its evaluation harness reads them: one JSON object a line.
///
/// Whether a patch resolves its instance only that harness can tell; nothing here runs it.
public struct SWEBenchPrediction: Sendable, Equatable {
  public let instanceID: String
  public let model: String
  /// A unified diff; empty where the model wrote none.
  public let patch: String

  public init(instanceID: String, model: String, patch: String) {
    self.instanceID = instanceID
    self.model = model
    self.patch = patch
  }

  public var json: JSON {
    .object(
      JSONObject([
        "instance_id": .string(instanceID), "model_name_or_path": .string(model),
        "model_patch": .string(patch),
      ]))
  }

  /// - Parameter json: other keys than the three are passed over; a patch may be null.
  public init(_ json: JSON) throws {
    var fields = try ObjectReader(json, at: "prediction")
    instanceID = try fields.requiredText("instance_id")
    model = try fields.requiredText("model_name_or_path")
    patch = try fields.text("model_patch") ?? ""
  }

  /// All predictions of a file.
  ///
  /// - Throws: `InputError` with file and line, also for an instance that comes twice.
  public static func read(_ path: String) throws -> [SWEBenchPrediction] {
    var predictions: [SWEBenchPrediction] = []
    var seen: Set<String> = []
    try JSONLines.forEach(in: path) { json, _, _ in
      let prediction = try SWEBenchPrediction(json)
      guard seen.insert(prediction.instanceID).inserted else {
        throw InputError(
          "\"instance_id\"", expected: "each instance once",
          found: "\(InputError.excerpt(prediction.instanceID)) again")
      }
      predictions.append(prediction)
    }
    return predictions
  }

  /// The unified diff in an answer: what a code fence holds, or all from its first header on. Empty if there is none.
  public static func patch(in answer: String) -> String {
    let lines = answer.withoutFence.split(separator: "\n", omittingEmptySubsequences: false)
    let isHeader = { (index: Int) in
      lines[index].hasPrefix("diff --git ")
        || lines[index].hasPrefix("--- ") && index + 1 < lines.count
          && lines[index + 1].hasPrefix("+++ ")
    }
    guard let start = lines.indices.first(where: isHeader),
      lines[start...].contains(where: { $0.hasPrefix("@@ ") })
    else { return "" }
    var patch = lines[start...]
    while let last = patch.last, last.allSatisfy(\.isWhitespace) { patch.removeLast() }
    return patch.joined(separator: "\n") + "\n"
  }
}

/// Passes answers that hold a unified diff. It says nothing about whether the patch resolves anything.
public struct PatchGrader: Grader {
  public init() {}

  public func grade(_ completion: Completion) async -> Verdict {
    SWEBenchPrediction.patch(in: completion.answer).isEmpty
      ? .fail("no unified diff") : .pass("a unified diff; not run")
  }
}

extension EvaluationRun {
  /// The patch of the first sample of each problem.
  public var predictions: [SWEBenchPrediction] {
    records.filter { $0.key.sample == 0 }.map {
      SWEBenchPrediction(
        instanceID: $0.key.problem, model: header.modelName,
        patch: SWEBenchPrediction.patch(in: $0.answer))
    }
  }
}

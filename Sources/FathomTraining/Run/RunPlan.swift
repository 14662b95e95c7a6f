import FathomCore

/// What a run would take.
public struct RunPlan: Sendable {
  public let totalParameters: Int
  public let activeParameters: Int
  public let trainableParameters: Int
  /// Floating-point operations of one token, forward and back, attention left out.
  public let operationsPerToken: Double
  public let tokensPerStep: Int
  public let steps: Int
  public let memoryBytes: Int
  public let tokensPerSecond: Double

  public var seconds: Double { Double(steps) * Double(tokensPerStep) / max(tokensPerSecond, 1e-9) }

  public var json: JSON {
    .object(
      JSONObject([
        "parameters_total": .integer(totalParameters),
        "parameters_active": .integer(activeParameters),
        "parameters_trainable": .integer(trainableParameters),
        "flops_per_token": .double(operationsPerToken),
        "tokens_per_step": .integer(tokensPerStep), "steps": .integer(steps),
        "memory_bytes": .integer(memoryBytes), "tokens_per_second": .double(tokensPerSecond),
        "seconds": .double(seconds),
      ]))
  }

  public var lines: [String] {
    func millions(_ count: Int) -> String {
      let tenths = (count + 50_000) / 100_000
      return "\(tenths / 10).\(tenths % 10) M"
    }
    return [
      "parameters: \(millions(totalParameters)), of which a token meets \(millions(activeParameters))"
        + " and \(millions(trainableParameters)) train",
      "\(Int(operationsPerToken / 1e6)) MFLOP a token, \(tokensPerStep) tokens a step, \(steps) steps",
      "memory: \(memoryBytes >> 20) MB",
      "\(Int(tokensPerSecond)) tokens/s here, "
        + "\(StepReport.duration(seconds: seconds)) in all",
    ]
  }
}

extension TrainingRun {
  /// Steps done.
  public var step: Int { trainer.step }

  /// What trains and what is frozen, in lines for people.
  public var summary: [String] {
    let rows = model.trainableTable
    let width = (rows.map(\.kind.count).max() ?? 0) + 2
    return ["what trains, and what is frozen (values):"]
      + rows.map { row in
        "  \(row.kind)" + String(repeating: " ", count: width - row.kind.count)
          + "\(row.trains) trained, \(row.frozen) frozen"
      }
      + (data.droppedCount == 0
        ? []
        : ["left out: \(data.droppedCount) samples that are longer than sequence_len"])
  }

  /// Takes a few steps without saving anything.
  public func plan(isCancelled: () -> Bool = { false }) throws -> RunPlan {
    let counts = model.counts
    _ = try trainer.advance(on: data)
    let begin = ContinuousClock.now
    var tokens = 0
    while (ContinuousClock.now - begin).seconds < 3, !isCancelled() {
      tokens += try trainer.advance(on: data).tokens
    }
    let seconds = (ContinuousClock.now - begin).seconds
    let copies = trainer.average == nil ? 1 : 2
    let parameterBytes =
      4 * (copies * model.parameters.valueCount + 3 * model.parameters.gradientCount)
    return RunPlan(
      totalParameters: counts.total, activeParameters: counts.active,
      trainableParameters: counts.trainable, operationsPerToken: 6 * Double(counts.active),
      tokensPerStep: options.microBatchRows * options.sequenceLength
        * options.gradientAccumulationSteps, steps: options.schedule.steps,
      memoryBytes: parameterBytes + trainer.workspaceBytes,
      tokensPerSecond: Double(tokens) / seconds)
  }
}

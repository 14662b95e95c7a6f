/// What a run does at every step.
public struct TrainingOptions: Sendable, Equatable {
  public var schedule: Schedule
  public var optimizer = OptimizerOptions()
  public var precision = TrainingPrecision.bf16
  /// Rows of a micro-batch, and tokens of a row.
  public var microBatchRows = 8
  public var sequenceLength = 256
  /// Micro-batches of a step.
  public var gradientAccumulationSteps = 1
  /// Steps over which a step grows from one micro-batch to all of them.
  public var batchRampSteps = 0
  /// λ of the second token's loss, and the share of rows that it sees.
  public var mtpLossWeight: Double = 0.3
  public var mtpRows: Double = 1
  /// γ; it falls to a third after half of the steps and to 0 for the last tenth.
  public var routerBiasUpdateRate: Double = 3e-3
  /// α
  public var balanceLossWeight: Double = 1e-4
  /// Of the average of weights that is kept beside them; 0 for none.
  public var emaDecay: Double = 0
  public var threads = 2

  public init(schedule: Schedule) { self.schedule = schedule }

  /// Micro-batches of step `step`.
  package func accumulation(at step: Int) -> Int {
    guard batchRampSteps > 0, step < batchRampSteps else { return gradientAccumulationSteps }
    let grown = Double(gradientAccumulationSteps) * Double(step + 1) / Double(batchRampSteps)
    return max(1, Int(grown))
  }

  package func routerBiasRate(at step: Int) -> Float {
    let along = Double(step) / Double(max(schedule.steps, 1))
    let factor = along < 0.5 ? 1 : along < 0.9 ? 1.0 / 3 : 0
    return Float(routerBiasUpdateRate * factor)
  }
}

extension TrainingOptions {
  /// What `run.yaml` says, for a run of `steps` steps.
  package init(_ c: RunConfiguration, steps: Int, threads: Int) {
    let decaySteps = c.decay?.steps(of: steps) ?? max(0, steps - c.warmupSteps)
    self.init(
      schedule: Schedule(
        peak: c.learningRate, steps: steps, warmupSteps: c.warmupSteps, decaySteps: decaySteps,
        decay: Schedule.Decay(rawValue: c.schedule.rawValue) ?? .constant,
        floor: c.minimumRateShare))
    optimizer.kind = c.optimizer == .muon ? .muon : .adamw
    optimizer.beta1 = c.adamBeta1
    optimizer.beta2 = c.adamBeta2
    optimizer.epsilon = c.adamEpsilon
    optimizer.weightDecay = c.weightDecay
    optimizer.muonMomentum = c.muonMomentum
    optimizer.maxGradNorm = c.maxGradNorm > 0 ? c.maxGradNorm : .infinity
    precision = TrainingPrecision(rawValue: c.precision.rawValue) ?? .bf16
    microBatchRows = c.microBatchSize
    sequenceLength = c.sequenceLength
    gradientAccumulationSteps = c.gradientAccumulationSteps
    batchRampSteps = c.batchRampSteps
    mtpLossWeight = c.mtpLossWeight
    mtpRows = c.mtpRows
    routerBiasUpdateRate = c.routerBiasUpdateRate ?? (c.baseModel == nil ? 1e-3 : 0)
    balanceLossWeight = c.balanceLossWeight
    emaDecay = c.emaDecay ?? 0
    self.threads = threads
  }
}

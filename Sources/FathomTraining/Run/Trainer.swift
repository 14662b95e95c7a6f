import FathomCore
import FathomTensors

/// Where the micro-batches of a run come from. The same cursor gives the same batch, so a run that was stopped goes on as if
/// it had not been.
package protocol TrainingData: Sendable {
  /// The micro-batch that begins at `cursor`, and the cursor behind it.
  func batch(from cursor: UInt64, rows: Int, length: Int) throws
    -> (batch: TrainingBatch, next: UInt64)
}

/// What one step was like.
public struct StepMetrics: Sendable {
  /// Counted from 1.
  public var step = 0
  /// Nats per unit of weight.
  public var loss = 0.0
  public var mtpLoss = 0.0
  public var balanceLoss = 0.0
  public var gradientNorm = 0.0
  public var learningRate = 0.0
  /// Tokens of the step, padding included.
  public var tokens = 0
  /// MaxVio, mean entropy in nats and range of the bias, of every router.
  public var maxVio: [Double] = []
  public var routerEntropy: [Double] = []
  public var biasRange: [ClosedRange<Float>] = []
}

/// Trains one network, step after step.
///
/// Not `Sendable`: it owns the memory of the run.
package final class Trainer {
  package let network: TrainableNetwork
  package let parameters: ParameterStore
  package let options: TrainingOptions
  package let state: OptimizerState
  /// The average of all values, where one is kept.
  package let average: UnsafeMutablePointer<Float>?
  package let compute: TrainingCompute
  private let workspace = Workspace()

  /// Steps done.
  package var step = 0
  package var cursor: UInt64 = 0
  package var tokens = 0
  /// What the schedule's learning rate is multiplied by.
  package var rateFactor = 1.0

  package init(
    _ network: TrainableNetwork, _ parameters: ParameterStore, options: TrainingOptions,
    instructionSet: InstructionSet
  ) {
    self.network = network
    self.parameters = parameters
    self.options = options
    compute = TrainingCompute(
      instructionSet, threads: options.threads, precision: options.precision)
    state = OptimizerState(parameters)
    average = options.emaDecay > 0 ? ParameterStore.memory(parameters.valueCount) : nil
    average?.update(from: parameters.values, count: parameters.valueCount)
  }

  deinit { average?.deallocate() }

  package var workspaceBytes: Int { workspace.allocatedBytes }

  /// One step on the next of some data.
  ///
  /// - Throws: what the data throws, and as `learn`.
  package func advance(on data: some TrainingData) throws -> StepMetrics {
    var batches: [TrainingBatch] = []
    var next = cursor
    for _ in 0..<options.accumulation(at: step) {
      let (batch, behind) = try data.batch(
        from: next, rows: options.microBatchRows, length: options.sequenceLength)
      batches.append(batch)
      next = behind
    }
    let weight = batches.reduce(0) { $0 + $1.totalWeight }
    let metrics = try learn(batches, lossScale: weight > 0 ? Float(1 / weight) : 0) { _ in
      CrossEntropy()
    }
    cursor = next
    return metrics
  }

  /// One step: forward and back over its micro-batches, clip, move the weights, move the router biases.
  ///
  /// - Parameters:
  ///   - lossScale: what the sum of all losses is multiplied by.
  ///   - objective: of a batch by its place; asked for when the batch's turn comes, and let go behind it.
  /// - Throws: `InputError` where the loss is no number; nothing has been moved then.
  package func learn(
    _ batches: [TrainingBatch], lossScale: Float, objective: (Int) -> any TokenObjective
  ) throws -> StepMetrics {
    var metrics = StepMetrics()
    let routing = gradients(batches, lossScale: lossScale, objective, &metrics)
    let optimizer = Optimizer(
      options.optimizer, parameters: parameters, state: state, compute: compute,
      workspace: workspace)
    metrics.gradientNorm = optimizer.gradientNorm()
    guard metrics.loss.isFinite, metrics.gradientNorm.isFinite else {
      throw InputError(
        "step \(step + 1)", expected: "a loss and gradients that are numbers",
        found: "loss \(metrics.loss), gradient norm \(metrics.gradientNorm)")
    }
    optimizer.clip(norm: metrics.gradientNorm)
    metrics.learningRate = options.schedule.rate(at: step) * rateFactor
    optimizer.apply(step: step, rate: metrics.learningRate)
    network.balance(parameters, routing: routing, rate: options.routerBiasRate(at: step))
    updateAverage()
    step += 1
    tokens += metrics.tokens
    metrics.step = step
    metrics.maxVio = routing.map(\.maxVio)
    metrics.routerEntropy = routing.map(\.meanEntropy)
    metrics.biasRange = network.biasRanges(parameters)
    return metrics
  }

  /// Losses and gradients of some micro-batches as one.
  private func gradients(
    _ batches: [TrainingBatch], lossScale: Float, _ objective: (Int) -> any TokenObjective,
    _ metrics: inout StepMetrics
  ) -> [RouterStatistics] {
    parameters.clearGradients()
    var routing: [RouterStatistics] = []
    for (index, batch) in batches.enumerated() {
      let pass = TrainingPass(
        batch, objective(index), compute: compute, workspace: workspace, parameters: parameters,
        lossScale: lossScale, balanceWeight: Float(options.balanceLossWeight),
        balanceRows: batches.reduce(0) { $0 + $1.rows })
      let mtp =
        options.mtpLossWeight > 0
        ? TrainableNetwork.MTPOptions(weight: Float(options.mtpLossWeight), rows: options.mtpRows)
        : nil
      let losses = network.run(pass, mtp: mtp)
      metrics.loss += losses.next
      metrics.mtpLoss += losses.mtp
      metrics.balanceLoss += losses.balance
      metrics.tokens += batch.count
      if routing.isEmpty {
        routing = pass.routing
      } else {
        for place in routing.indices { routing[place].add(pass.routing[place]) }
      }
    }
    return routing
  }

  private func updateAverage() {
    guard let average else { return }
    let unit = 1 << 14
    let decay = Float(options.emaDecay)
    compute.pool.run(units: (parameters.valueCount + unit - 1) / unit) { index, _ in
      let begin = index * unit
      compute.kernels.pointee.blend(
        average + begin, parameters.values + begin, 1 - decay, decay,
        min(unit, parameters.valueCount - begin))
    }
  }

  /// Lends the averaged weights, where they are kept, the place of the present ones.
  package func withAverage<Result>(_ body: () throws -> Result) rethrows -> Result {
    func swapValues() {
      guard let average else { return }
      for k in 0..<parameters.valueCount {
        (average[k], parameters.values[k]) = (parameters.values[k], average[k])
      }
    }
    swapValues()
    defer { swapValues() }
    return try body()
  }

  /// Mean loss of batches without moving anything.
  package func evaluate(_ batches: [TrainingBatch]) -> Double {
    let weight = batches.reduce(0) { $0 + $1.totalWeight }
    let loss = batches.reduce(0) { $0 + self.loss($1, CrossEntropy()) }
    return weight > 0 ? loss / weight : 0
  }

  /// The sum of the losses of a batch's tokens, without moving anything.
  ///
  /// - Parameter parameters: nil takes the present weights.
  package func loss(
    _ batch: TrainingBatch, _ objective: some TokenObjective,
    parameters other: ParameterStore? = nil
  ) -> Double {
    loss(batch, objective, network, other ?? parameters)
  }

  /// The same of another network, which needs nothing but its weights.
  package func loss(
    _ batch: TrainingBatch, _ objective: some TokenObjective, of other: RunModel
  ) -> Double {
    loss(batch, objective, other.network, other.parameters)
  }

  private func loss(
    _ batch: TrainingBatch, _ objective: some TokenObjective, _ network: TrainableNetwork,
    _ parameters: ParameterStore
  ) -> Double {
    let pass = TrainingPass(
      batch, objective, compute: compute, workspace: workspace, parameters: parameters,
      lossScale: 1)
    return network.run(pass, gradients: false).next
  }
}

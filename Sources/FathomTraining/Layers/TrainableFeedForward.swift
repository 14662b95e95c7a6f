import FathomTensors

/// `down(silu(gate(x)) * up(x))`, gate and up clamped where a limit is set.
package struct TrainableSwiGLU: Sendable {
  package var gate: Linear
  package var up: Linear
  package var down: Linear
  /// `silu(min(gate, limit)) * clamp(up, -limit, limit)`; infinite for none. Source: DeepSeek-V4 report §4.2.3.
  package let limit: Float

  package init(gate: Linear, up: Linear, down: Linear, limit: Float = .infinity) {
    self.gate = gate
    self.up = up
    self.down = down
    self.limit = limit
  }
}

/// One network and the rows that it sees.
struct SwiGLURun {
  let network: TrainableSwiGLU
  let x: Rows
  let y: Rows
}

/// What the way back of one run needs.
package struct SwiGLUSaved {
  let network: TrainableSwiGLU
  var input: Fork
  var output: Fork
}

extension TrainingPass {
  /// Several networks together, each over rows of its own.
  func forward(_ runs: [SwiGLURun]) -> [SwiGLUSaved] {
    let inputs = forward(
      runs.map { run in
        let width = value(run.network.gate.weight).count
        return Fork(
          run.x,
          [
            .init(run.network.gate, take(run.x.count, width: width)),
            .init(run.network.up, take(run.x.count, width: width)),
          ])
      })
    let outputs = zip(runs, inputs).map { run, input in
      let (gate, up) = (input.branches[0].y, input.branches[1].y)
      let active = take(gate.count, width: gate.width)
      compute.each(gate.count, cost: 3 * gate.width) { row in
        compute.kernels.pointee.swiglu_forward(
          active[row], gate[row], up[row], gate.width, run.network.limit)
      }
      return Fork(active, [.init(run.network.down, run.y)])
    }
    let finished = forward(outputs)
    return runs.indices.map {
      SwiGLUSaved(network: runs[$0].network, input: inputs[$0], output: finished[$0])
    }
  }

  /// The way back; writes `dx[i]` for run i. What was saved of gate and up is used up.
  func backward(_ saved: [SwiGLUSaved], dy: [Rows], dx: [Rows]) {
    let dActive = saved.map { take($0.output.x.count, width: $0.output.x.width) }
    backward(zip(saved, dy).map { $0.output.with(gradients: [$1]) }, dx: dActive)
    for (run, d) in zip(saved, dActive) {
      let (gate, up) = (run.input.branches[0].y, run.input.branches[1].y)
      compute.each(d.count, cost: 4 * d.width) { row in
        compute.kernels.pointee.swiglu_backward(
          d[row], gate[row], up[row], d.width, run.network.limit)
      }
    }
    // Gate and up now hold their gradients.
    backward(
      saved.map { run in run.input.with(gradients: run.input.branches.map(\.y)) }, dx: dx)
  }
}

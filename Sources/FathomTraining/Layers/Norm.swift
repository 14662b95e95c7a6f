import CFathomKernels
import FathomTensors

/// Root-mean-square normalisation with a weight per channel, forward and backward.
package struct TrainableNorm: Sendable {
  package let weight: ParameterID  // [width]
  package let epsilon: Float

  /// What the way back needs.
  package struct Saved {
    let x: Rows
    let inverses: UnsafeMutablePointer<Float>
  }

  /// `x [s, k] → y [s, k]`, not in place.
  package func forward(_ x: Rows, into y: Rows, _ pass: TrainingPass) -> Saved {
    let inverses = pass.workspace.take(x.count)
    let weight = pass.value(weight)
    pass.compute.each(x.count, cost: 2 * x.width) { row in
      inverses[row] = pass.compute.kernels.pointee.norm_forward(
        y[row], x[row], weight.pointer, x.width, epsilon)
    }
    return Saved(x: x, inverses: inverses)
  }

  /// `dx (+)= …`, not in place; the gradient of the weight is added to.
  package func backward(
    _ dy: Rows, _ saved: Saved, into dx: Rows, accumulates: Bool, _ pass: TrainingPass
  ) {
    let value = pass.value(weight)
    let kernels = pass.compute.kernels.pointee
    guard let gradient = pass.gradient(weight) else {
      pass.compute.each(dy.count, cost: 3 * dy.width) { row in
        kernels.norm_backward(
          dx[row], nil, dy[row], saved.x[row], value.pointer, saved.inverses[row], dy.width,
          accumulates ? 1 : 0)
      }
      return
    }
    pass.compute.accumulate(
      dy.count, into: gradient.pointer, width: dy.width, workspace: pass.workspace
    ) { row, sums in
      kernels.norm_backward(
        dx[row], sums, dy[row], saved.x[row], value.pointer, saved.inverses[row], dy.width,
        accumulates ? 1 : 0)
    }
  }
}

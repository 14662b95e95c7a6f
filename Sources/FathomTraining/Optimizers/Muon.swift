import CFathomKernels
import FathomTensors

// Muon: momentum whose matrix is brought near to an orthogonal one before it moves the weights.
//
// M = μ M + G; O = orthogonalised(μ M + G); W = W (1 − rate · decay) − rate · 0.18 · √max(n, m) · O. The factor makes the
// root mean square of a step that of AdamW, so both share a rate.
//
// Source: DeepSeek-V4 report, algorithm 1; Newton–Schulz iteration of Jordan et al. 2024.
extension Optimizer {
  /// Floats of matrices that are orthogonalised together.
  private static var together: Int { 1 << 23 }

  package func applyMuon(_ ids: [ParameterID], rate: Double) {
    var group: [ParameterID] = []
    var floats = 0
    for id in ids {
      group.append(id)
      floats += parameters[id].count
      if floats >= Self.together {
        applyMuon(group: group, rate: rate)
        (group, floats) = ([], 0)
      }
    }
    if !group.isEmpty { applyMuon(group: group, rate: rate) }
  }

  private func applyMuon(group ids: [ParameterID], rate: Double) {
    workspace.scope {
      let momentum = Float(options.muonMomentum)
      // Wider than high, as the iteration wants them.
      var matrices = ids.map { id in
        let parameter = parameters[id]
        return workspace.take(
          min(parameter.rows, parameter.columns), width: max(parameter.rows, parameter.columns))
      }
      compute.pool.run(units: ids.count) { unit, _ in
        let parameter = parameters[ids[unit]]
        guard let offset = parameters.gradientOffset(ids[unit]) else { return }
        let (g, m) = (parameters.gradients + offset, state.first + offset)
        compute.kernels.pointee.blend(m, g, 1, momentum, parameter.count)
        let x = matrices[unit]
        compute.kernels.pointee.blend(g, m, momentum, 1, parameter.count)
        if parameter.rows <= parameter.columns {
          x.pointer.update(from: g, count: parameter.count)
        } else {
          for row in 0..<parameter.rows {
            for column in 0..<parameter.columns {
              x[column][row] = g[row * parameter.columns + column]
            }
          }
        }
        let norm = compute.kernels.pointee.sum_of_squares(x.pointer, parameter.count).squareRoot()
        compute.kernels.pointee.blend(
          x.pointer, x.pointer, 0, 1 / (norm + 1e-7), parameter.count)
      }
      orthogonalize(&matrices)
      let decay = 1 - Float(rate * options.weightDecay)
      compute.pool.run(units: ids.count) { unit, _ in
        let (parameter, value) = (parameters[ids[unit]], parameters.value(ids[unit]))
        let x = matrices[unit]
        let step = -Float(rate) * 0.18 * Float(x.width).squareRoot()
        if parameter.rows <= parameter.columns {
          compute.kernels.pointee.blend(value.pointer, x.pointer, step, decay, parameter.count)
        } else {
          for row in 0..<parameter.rows {
            for column in 0..<parameter.columns {
              value[row][column] = step * x[column][row] + decay * value[row][column]
            }
          }
        }
      }
    }
  }

  /// Newton–Schulz iterations. V4 takes ten, the last two with other coefficients; five do here (docs/training.md).
  private static let iterations = 5

  /// Brings every singular value near 1: `X ← a X + (b A + c A²) X` with `A = X Xᵀ`.
  private func orthogonalize(_ matrices: inout [Rows]) {
    let squares = matrices.map { workspace.take($0.count, width: $0.count) }
    let polynomials = matrices.map { workspace.take($0.count, width: $0.count) }
    var others = matrices.map { workspace.take($0.count, width: $0.width) }
    let (a, b, c): (Float, Float, Float) = (3.4445, -4.7750, 2.0315)
    for _ in 0..<Self.iterations {
      run(matrices.indices.map { (Side(matrices[$0]), Side(matrices[$0]), squares[$0]) })
      run(matrices.indices.map { (Side(squares[$0]), Side(squares[$0]), polynomials[$0]) })
      compute.pool.run(units: matrices.count) { unit, _ in
        let count = squares[unit].count * squares[unit].width
        compute.kernels.pointee.blend(
          polynomials[unit].pointer, squares[unit].pointer, b, c, count)
      }
      run(matrices.indices.map { (Side(polynomials[$0]), Side(matrices[$0]).turned, others[$0]) })
      compute.pool.run(units: matrices.count) { unit, _ in
        compute.kernels.pointee.blend(
          others[unit].pointer, matrices[unit].pointer, a, 1,
          matrices[unit].count * matrices[unit].width
        )
      }
      swap(&matrices, &others)
    }
  }

  private func run(_ each: [(Side, Side, Rows)]) {
    var products = MatrixProducts(compute, workspace: workspace)
    for (left, right, result) in each {
      products.add(left, right, into: result, exactness: .high)
    }
    products.run()
  }
}

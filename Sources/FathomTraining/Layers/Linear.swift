import FathomTensors

/// `y = x Wᵀ + bias`, and beside it a low-rank adapter `y += scale (x Aᵀ) Bᵀ` where fine-tuning put one.
///
/// Source: LoRA (arXiv 2106.09685) §4.1.
package struct Linear: Sendable {
  package struct Adapter: Sendable {
    package let down: ParameterID  // A, [r, in]
    package let up: ParameterID  // B, [out, r]
    package let scale: Float
  }

  package let weight: ParameterID  // [out, in]
  package let bias: ParameterID?  // [out]
  package var adapter: Adapter?

  package init(_ weight: ParameterID, bias: ParameterID? = nil) {
    self.weight = weight
    self.bias = bias
  }
}

/// One input that several linear maps read.
package struct Fork {
  /// One of them: its output, or on the way back its output's gradient, and what its adapter keeps.
  package struct Branch {
    package let linear: Linear
    package let y: Rows
    /// `scale (x Aᵀ)`, `[s, r]`
    package var reduced: Rows?

    package init(_ linear: Linear, _ y: Rows) {
      self.linear = linear
      self.y = y
    }

    /// The same map on the way back.
    package func with(gradient: Rows) -> Branch {
      var branch = Branch(linear, gradient)
      branch.reduced = reduced
      return branch
    }
  }

  package let x: Rows
  package var branches: [Branch]

  package init(_ x: Rows, _ branches: [Branch]) {
    self.x = x
    self.branches = branches
  }

  package func with(gradients: [Rows]) -> Fork {
    Fork(x, zip(branches, gradients).map { $0.with(gradient: $1) })
  }
}

extension TrainingPass {
  /// Runs the maps of some forks together; returns the forks with what their adapters keep.
  package func forward(_ forks: [Fork]) -> [Fork] {
    var forks = forks
    var products = self.products()
    var hasAdapters = false
    for f in forks.indices {
      let x = forks[f].x
      products.add(
        Side(x), forks[f].branches.map { (Side(value($0.linear.weight), isWeight: true), $0.y) })
      for b in forks[f].branches.indices {
        let linear = forks[f].branches[b].linear
        if let adapter = linear.adapter {
          hasAdapters = true
          let down = value(adapter.down)
          let reduced = take(x.count, width: down.count)
          products.add(Side(x), Side(down), into: reduced, exactness: .high)
          forks[f].branches[b].reduced = reduced
        }
      }
    }
    products.run()
    if hasAdapters { addAdapters(forks) }
    for branch in forks.flatMap(\.branches) { addBias(branch) }
    return forks
  }

  private func addAdapters(_ forks: [Fork]) {
    var products = self.products()
    for branch in forks.flatMap(\.branches) {
      guard let adapter = branch.linear.adapter, let reduced = branch.reduced else { continue }
      scale(reduced, by: adapter.scale)
      products.add(
        Side(reduced), Side(value(adapter.up)), into: branch.y, accumulates: true, exactness: .high)
    }
    products.run()
  }

  private func scale(_ x: Rows, by factor: Float) {
    compute.each(x.count, cost: x.width) { row in
      compute.kernels.pointee.blend(x[row], x[row], 0, factor, x.width)
    }
  }

  private func addBias(_ branch: Fork.Branch) {
    guard let bias = branch.linear.bias.map({ value($0) }) else { return }
    compute.each(branch.y.count, cost: branch.y.width) { row in
      compute.kernels.pointee.blend(branch.y[row], bias.pointer, 1, 1, branch.y.width)
    }
  }

  /// The way back through some forks: weight gradients are added to, `dx[i]`, the gradient of fork i's input, is written
  /// or added to.
  ///
  /// - Parameter forks: as `forward` returned them, `y` replaced by the gradient of the output.
  package func backward(_ forks: [Fork], dx: [Rows?], accumulates: Bool = false) {
    let dReduced = adapterGradients(forks)
    var products = self.products()
    for (f, fork) in forks.enumerated() {
      var pairs: [(left: Side, right: Side)] = []
      for (b, branch) in fork.branches.enumerated() {
        let linear = branch.linear
        pairs.append((Side(branch.y), Side(value(linear.weight), isWeight: true).turned))
        if let gradient = gradient(linear.weight) {
          products.add(
            Side(branch.y).turned, Side(fork.x).turned, into: gradient, accumulates: true)
        }
        if let adapter = linear.adapter, let reduced = branch.reduced, let d = dReduced[f][b] {
          pairs.append((Side(d), Side(value(adapter.down)).turned))
          if let up = gradient(adapter.up) {
            products.add(
              Side(branch.y).turned, Side(reduced).turned, into: up, accumulates: true,
              exactness: .high)
          }
          if let down = gradient(adapter.down) {
            products.add(
              Side(d).turned, Side(fork.x).turned, into: down, accumulates: true, exactness: .high)
          }
        }
        addBiasGradient(branch)
      }
      if let dx = dx[f] {
        products.add(
          pairs, into: dx, accumulates: accumulates)
      }
    }
    products.run()
  }

  /// `scale (dy B)` of every adapter, `[s, r]`.
  private func adapterGradients(_ forks: [Fork]) -> [[Rows?]] {
    var products = self.products()
    let gradients = forks.map { fork in
      fork.branches.map { branch -> Rows? in
        guard let adapter = branch.linear.adapter else { return nil }
        let up = value(adapter.up)
        let d = take(fork.x.count, width: up.width)
        products.add(Side(branch.y), Side(up).turned, into: d, exactness: .high)
        return d
      }
    }
    products.run()
    for (f, fork) in forks.enumerated() {
      for (b, branch) in fork.branches.enumerated() {
        if let adapter = branch.linear.adapter, let d = gradients[f][b] {
          scale(d, by: adapter.scale)
        }
      }
    }
    return gradients
  }

  private func addBiasGradient(_ branch: Fork.Branch) {
    guard let bias = branch.linear.bias, let gradient = gradient(bias) else { return }
    let (dy, width) = (branch.y, branch.y.width)
    compute.accumulate(dy.count, into: gradient.pointer, width: width, workspace: workspace) {
      compute.kernels.pointee.blend($1, dy[$0], 1, 1, width)
    }
  }
}

import FathomTensors

/// The part of a decoder layer behind attention: a plain SwiGLU network, or a mixture of experts.
package protocol FeedForward: Sendable {
  /// `x [s, hidden] → y [s, hidden]`
  func forward(_ x: Rows, into y: Rows, layer: Int, step: Step)
}

/// `down(silu(gate(x)) * up(x))`
package struct SwiGLU: FeedForward {
  package let gate: Matrix  // [intermediate, hidden]
  package let up: Matrix  // [intermediate, hidden]
  package let down: Matrix  // [hidden, intermediate]
  /// `swiglu_limit`; infinite where a network has none.
  package let limit: Float

  package func forward(_ x: Rows, into y: Rows, layer: Int, step: Step) {
    let compute = step.compute
    let workspace = step.workspace
    workspace.scope {
      let view = view
      let operand = compute.operand(x, view.encoding(in: compute), workspace: workspace)
      let gated = view.room(x.count, in: compute, workspace: workspace)
      var products = Products(compute, capacity: 1, workspace: workspace)
      view.add(
        to: &products, operand, into: gated, raised: workspace.take(x.count, width: up.rows),
        compute: compute)
      products.run()
      compute.linear(gated.operand, down, into: y, workspace: workspace)
    }
  }

  /// `silu(gate(x)) * up(x)`
  package struct Gated {
    let values: Rows
    /// As `down` reads it.
    let operand: Operand

    func rows(_ range: Range<Int>) -> Gated {
      Gated(values: values.rows(range), operand: operand.rows(range))
    }
  }

  /// The same network for those who hold it meanwhile.
  package var view: View { View(gate: gate.view, up: up.view, down: down.view, limit: limit) }
}

extension SwiGLU {
  /// A network without what keeps its matrices alive, to be used while the network is held.
  package struct View: BitwiseCopyable, Sendable {
    package let gate: MatrixView  // [intermediate, hidden]
    package let up: MatrixView  // [intermediate, hidden]
    package let down: MatrixView  // [hidden, intermediate]
    package let limit: Float
  }
}

extension SwiGLU.View {
  /// The forms in which the first two products want their input.
  package func encoding(in compute: Compute) -> Encoding {
    compute.encoding(for: gate).union(compute.encoding(for: up))
  }

  /// Room for what the first two products of `count` tokens make, `[count, intermediate]`, also in the form that `down` reads.
  package func room(_ count: Int, in compute: Compute, workspace: Workspace) -> SwiGLU.Gated {
    let values = workspace.take(count, width: gate.rows)
    return SwiGLU.Gated(
      values: values,
      operand: compute.room(for: values, compute.encoding(for: down), workspace: workspace))
  }

  /// - Parameter raised: room for `up(x)`, of no use behind the products.
  package func add(
    to products: inout Products, _ x: Operand, into gated: SwiGLU.Gated, raised: Rows,
    compute: Compute
  ) {
    products.add(
      x, gate: gate, up: up, limit: limit, into: gated.values, raised: raised,
      compute.encoding(for: down), operand: gated.operand)
  }
}

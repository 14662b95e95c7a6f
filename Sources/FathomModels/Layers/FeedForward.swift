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
      let gated = workspace.take(x.count, width: gate.rows)
      let raised = workspace.take(x.count, width: up.rows)
      let operand = compute.operand(x, encoding(in: compute), workspace: workspace)
      var products = Products(compute, capacity: 2, workspace: workspace)
      add(to: &products, operand, gated: gated, raised: raised)
      products.run()
      let downEncoding = compute.encoding(for: down)
      let narrow = compute.room(for: gated, downEncoding, workspace: workspace)
      compute.each(x.count, cost: 4 * gated.width) { row in
        compute.swiglu(gated, raised, row: row, limit: limit, downEncoding, into: narrow)
      }
      compute.linear(narrow, down, into: y, workspace: workspace)
    }
  }

  /// The forms in which the first two products want their input.
  package func encoding(in compute: Compute) -> Encoding {
    compute.encoding(for: gate).union(compute.encoding(for: up))
  }

  package func add(to products: inout Products, _ x: Operand, gated: Rows, raised: Rows) {
    products.add(x, gate, into: gated)
    products.add(x, up, into: raised)
  }
}

import CFathomKernels
import FathomTensors

/// Routed experts, a few chosen for each token, beside shared experts that see every token.
///
/// Tokens are gathered by expert, so that the weights of each expert are read once per step however many tokens
/// chose it. A token adds up its experts in the order of their numbers, which keeps its sum independent of the batch.
///
/// Source: DeepSeekMoE (arXiv 2401.06066); DeepSeek-V3 report §2.1.2.
package struct MixtureOfExperts: FeedForward {
  package let router: Router
  package let experts: [SwiGLU]
  /// All `n_shared_experts` as one network of their joint width; nil where there is none.
  package let shared: SwiGLU?
  private let views: [SwiGLU.View]
  private let sharedView: SwiGLU.View?

  package init(router: Router, experts: [SwiGLU], shared: SwiGLU?) {
    self.router = router
    self.experts = experts
    self.shared = shared
    views = experts.map(\.view)
    sharedView = shared?.view
  }

  package func forward(_ x: Rows, into y: Rows, layer: Int, step: Step) {
    let workspace = step.workspace
    workspace.scope {
      let choice = router.choose(x, layer: layer, step: step)
      let grouping = group(choice, tokens: x.count, workspace: workspace)
      run(x, grouping, weights: choice.weights, into: y, step: step)
    }
  }

  /// Floats of what experts give back that are held at a time, before tokens add them up.
  static let heldOutputs = 4 << 20

  /// Tokens sorted by expert.
  private struct Grouping {
    /// Rows `begins[e] ..< begins[e + 1]` belong to expert `e`; `[experts + 1]`.
    let begins: UnsafeMutablePointer<Int>
    /// The row of each (token, slot).
    let places: UnsafeMutablePointer<Int>
    /// The token of each row.
    let tokens: UnsafeMutablePointer<Int>
    let count: Int

    func rows(of expert: Int) -> Range<Int> { begins[expert]..<begins[expert + 1] }
  }

  private func group(_ choice: Router.Choice, tokens count: Int, workspace: Workspace) -> Grouping {
    let slots = count * router.expertsChosen
    let begins = workspace.take(Int.self, experts.count + 1)
    let next = workspace.take(Int.self, experts.count)
    let places = workspace.take(Int.self, slots)
    let tokens = workspace.take(Int.self, slots)
    begins.update(repeating: 0, count: experts.count + 1)
    for slot in 0..<slots { begins[Int(choice.experts[slot]) + 1] += 1 }
    for expert in 0..<experts.count {
      next[expert] = begins[expert]
      begins[expert + 1] += begins[expert]
    }
    for slot in 0..<slots {
      let expert = Int(choice.experts[slot])
      places[slot] = next[expert]
      tokens[next[expert]] = slot / router.expertsChosen
      next[expert] += 1
    }
    return Grouping(begins: begins, places: places, tokens: tokens, count: slots)
  }

  /// Runs each chosen expert over its tokens, and the shared one over all: a parallel region for all products with the
  /// input, then one or more for those with what they made.
  private func run(_ x: Rows, _ grouping: Grouping, weights: Rows, into y: Rows, step: Step) {
    let compute = step.compute
    let workspace = step.workspace
    let capacity = min(experts.count, grouping.count) + 1
    // All experts have the same forms.
    let gated = views[0].room(grouping.count, in: compute, workspace: workspace)
    let sharedGated = sharedView?.room(x.count, in: compute, workspace: workspace)
    // What only the first products need is free again for what comes behind them.
    workspace.scope {
      let encoding = views[0].encoding(in: compute)
      let encoded = compute.operand(
        x, encoding.union(sharedView?.encoding(in: compute) ?? encoding), workspace: workspace)
      let routed = gather(encoded, encoding, grouping, step: step)
      let raised = workspace.take(grouping.count, width: views[0].up.rows)
      var first = Products(compute, capacity: capacity, workspace: workspace)
      if let sharedView, let sharedGated {
        sharedView.add(
          to: &first, encoded, into: sharedGated,
          raised: workspace.take(x.count, width: sharedView.up.rows), compute: compute)
      }
      for expert in 0..<experts.count {
        let rows = grouping.rows(of: expert)
        guard !rows.isEmpty else { continue }
        let token = grouping.tokens[rows.lowerBound]
        views[expert].add(
          to: &first, rows.count == 1 ? encoded.rows(token..<token + 1) : routed.rows(rows),
          into: gated.rows(rows), raised: raised.rows(rows), compute: compute)
      }
      first.run()
    }
    // Of many tokens some columns at a time, 128 or a multiple.
    let columns = max(Self.heldOutputs / max(grouping.count, 1) / 128, 1) * 128
    for begin in stride(from: 0, to: y.width, by: columns) {
      let columns = begin..<min(begin + columns, y.width)
      workspace.scope {
        let outputs = workspace.take(grouping.count, width: columns.count)
        let y = y.columns(begin, width: columns.count)
        var second = Products(compute, capacity: capacity, workspace: workspace)
        if let sharedView, let sharedGated {
          second.add(sharedGated.operand, sharedView.down, into: y, rows: columns)
        }
        for expert in 0..<experts.count {
          let rows = grouping.rows(of: expert)
          guard !rows.isEmpty else { continue }
          second.add(
            gated.operand.rows(rows), views[expert].down, into: outputs.rows(rows), rows: columns)
        }
        second.run()
        sum(outputs, grouping, weights: weights, into: y, step: step)
      }
    }
  }

  /// Adds what its experts made of each token to what the shared one did.
  private func sum(_ outputs: Rows, _ grouping: Grouping, weights: Rows, into y: Rows, step: Step) {
    step.compute.each(y.count, cost: y.width * router.expertsChosen) { s in
      if shared == nil { y[s].update(repeating: 0, count: y.width) }
      for slot in 0..<router.expertsChosen {
        let place = grouping.places[s * router.expertsChosen + slot]
        step.compute.kernels.pointee.add_scaled(
          y[s], outputs[place], weights[s][slot], y.width)
      }
    }
  }

  /// The tokens of each expert one behind the other, where it has more than one.
  private func gather(_ x: Operand, _ encoding: Encoding, _ grouping: Grouping, step: Step)
    -> Operand
  {
    let routed = step.compute.room(
      forRowsOf: x, count: grouping.count, encoding, workspace: step.workspace)
    var copied = 0
    for expert in 0..<experts.count {
      let count = grouping.rows(of: expert).count
      if count > 1 { copied += count }
    }
    step.compute.each(experts.count, cost: x.width * copied / experts.count) { expert in
      let rows = grouping.rows(of: expert)
      guard rows.count > 1 else { return }
      for row in rows {
        step.compute.copy(x, row: grouping.tokens[row], encoding, to: routed, row: row)
      }
    }
    return routed
  }
}

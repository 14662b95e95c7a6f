import FathomInference
import FathomModels
import FathomTensors

extension Model {
  /// The bits of all logits of several prompts, which run in two steps: they meet with different parts of them done.
  func logitsTogether(_ prompts: [[Int32]]) throws -> [[[UInt32]]] {
    let compute = try RuntimeOptions().compute()
    let caches = prompts.map { _ in KVCache(layout: cacheLayout(.bf16)) }
    var rows = prompts.map { _ in [[UInt32]]() }
    for half in [0, 1] {
      let parts = prompts.map { prompt in
        Array(half == 0 ? prompt.prefix(prompt.count / 3) : prompt.dropFirst(prompt.count / 3))
      }
      let workspace = Workspace()
      let present = parts.indices.filter { !parts[$0].isEmpty }
      let step = Step(
        present.map { Step.Sequence(tokens: parts[$0], cache: caches[$0]) }, compute: compute,
        workspace: workspace)
      let hidden = workspace.take(step.count, width: network.decoder.hiddenSize)
      let logits = workspace.take(step.count, width: network.decoder.vocabularySize)
      network.decoder.forward(step, into: hidden)
      network.decoder.logits(hidden, into: logits, step: step)
      var row = 0
      for index in present {
        for _ in parts[index] {
          rows[index].append(logits.values[row].map(\.bitPattern))
          row += 1
        }
      }
    }
    return rows
  }
}

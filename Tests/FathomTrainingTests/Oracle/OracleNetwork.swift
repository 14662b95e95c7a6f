import FathomCheckpoints
import FathomModels
import FathomTensors

@testable import FathomTraining

/// The loss of a DeepSeek network written once more, from the formulas of the reports, over scalars that record how they
/// came about.
final class OracleNetwork {
  let tape = ScalarTape()
  private let config: DeepSeekConfiguration
  private let rule: RoutingRule
  private let batch: TrainingBatch
  private(set) var parameters: [String: Vector] = [:]
  private var shapes: [String: [Int]] = [:]
  private var swigluLimit: Double { Double(config.swigluLimit) }
  /// scale of low-rank factors `name.lora_A.weight`, `name.lora_B.weight`
  var adapterScale = 0.0
  private var balance: [Scalar] = []

  init(_ blueprint: DeepSeekBlueprint, _ store: ParameterStore, _ batch: TrainingBatch) {
    config = blueprint.config
    rule = blueprint.routing
    self.batch = batch
    for id in store.ids {
      let parameter = store[id]
      let value = store.value(id).pointer
      parameters[parameter.name] = (0..<parameter.count).map { tape.variable(Double(value[$0])) }
      shapes[parameter.name] = parameter.shape
    }
  }

  /// `next + mtpWeight · mtp + balanceWeight · balance`
  func loss(mtpWeight: Double, balanceWeight: Double) -> (total: Scalar, next: Double, mtp: Double)
  {
    let embedding = rows("model.embed_tokens.weight")
    var hidden = batch.tokens.map { embedding[Int($0)] }
    for layer in 0..<config.numHiddenLayers {
      hidden = self.layer(
        "model.layers.\(layer)", hidden, batch, isRouted: config.isRouted(layer))
    }
    let balanceOfLayers = balance
    let final = hidden.map { norm($0, "model.norm", config.rmsNormEps) }
    let next = crossEntropy(final, batch)
    var total = next
    var mtpLoss = 0.0
    if config.numNextnPredictLayers > 0, mtpWeight > 0 {
      let loss = mtp(final, embedding)
      mtpLoss = loss.value
      total = total + loss * mtpWeight
      for term in balance[balanceOfLayers.count...] {
        total = total + term * (balanceWeight * mtpWeight)
      }
    }
    for term in balanceOfLayers { total = total + term * balanceWeight }
    return (total, next.value, mtpLoss)
  }

  private func mtp(_ final: [Vector], _ embedding: [Vector]) -> Scalar {
    let prefix = "model.layers.\(config.numHiddenLayers)"
    let shifted = batch.shifted
    let joined = zip(final, shifted.tokens).map { hidden, token in
      norm(embedding[Int(token)], "\(prefix).enorm", config.rmsNormEps)
        + norm(hidden, "\(prefix).hnorm", config.rmsNormEps)
    }
    let projected = joined.map { linear($0, "\(prefix).eh_proj") }
    let output = layer(prefix, projected, shifted, isRouted: config.nRoutedExperts > 0)
    return crossEntropy(
      output.map { norm($0, "\(prefix).shared_head.norm", config.rmsNormEps) }, shifted)
  }

  private func rows(_ name: String) -> [Vector] {
    let (values, columns) = (parameters[name] ?? [], shapes[name]?.last ?? 1)
    return stride(from: 0, to: values.count, by: columns).map {
      Vector(values[$0..<$0 + columns])
    }
  }

  private var rowCache: [String: [Vector]] = [:]

  private func matrix(_ name: String) -> [Vector] {
    if let cached = rowCache[name] { return cached }
    let matrix = rows(name)
    rowCache[name] = matrix
    return matrix
  }

  private func linear(_ x: Vector, _ name: String) -> Vector {
    var y = matrix("\(name).weight").map { dot($0, x) }
    if parameters["\(name).lora_A.weight"] != nil {
      let reduced = matrix("\(name).lora_A.weight").map { dot($0, x) * adapterScale }
      y = zip(y, matrix("\(name).lora_B.weight")).map { $0 + dot($1, reduced) }
    }
    return y
  }

  private func norm(_ x: Vector, _ name: String, _ epsilon: Double) -> Vector {
    let mean = dot(x, x) * (1 / Double(x.count)) + epsilon
    let root = mean.squareRoot
    return zip(x, parameters["\(name).weight"] ?? []).map { $0 / root * $1 }
  }

  private func crossEntropy(_ hidden: [Vector], _ batch: TrainingBatch) -> Scalar {
    let total = self.batch.totalWeight
    let head = config.tieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"
    var terms: [Scalar] = []
    for (s, x) in hidden.enumerated() where batch.weights[s] != 0 {
      let logits = matrix(head).map { dot($0, x) }
      let wanted = softmax(logits)[Int(batch.targets[s])]
      terms.append(wanted.logarithm * (-Double(batch.weights[s]) / total))
    }
    return sum(terms)
  }

  private func layer(
    _ prefix: String, _ hidden: [Vector], _ batch: TrainingBatch, isRouted: Bool
  ) -> [Vector] {
    let normed = hidden.map { norm($0, "\(prefix).input_layernorm", config.rmsNormEps) }
    let mixed = attention("\(prefix).self_attn", normed, batch)
    let middle = zip(hidden, mixed).map { zip($0, $1).map { $0 + $1 } }
    let second = middle.map { norm($0, "\(prefix).post_attention_layernorm", config.rmsNormEps) }
    let change =
      isRouted
      ? mixture("\(prefix).mlp", second, batch) : second.map { swiglu("\(prefix).mlp", $0) }
    return zip(middle, change).map { zip($0, $1).map { $0 + $1 } }
  }

  private func swiglu(_ prefix: String, _ x: Vector) -> Vector {
    let gate = linear(x, "\(prefix).gate_proj").map { $0.clamped(-.infinity, swigluLimit) }
    let up = linear(x, "\(prefix).up_proj").map { $0.clamped(-swigluLimit, swigluLimit) }
    return linear(zip(gate, up).map { $0 * $0.logistic * $1 }, "\(prefix).down_proj")
  }

  private func attention(_ prefix: String, _ x: [Vector], _ batch: TrainingBatch) -> [Vector] {
    let (nope, rope, v) = (config.qkNopeHeadDim, config.qkRopeHeadDim, config.vHeadDim)
    let queries = x.enumerated().map { s, x -> [Vector] in
      let q: Vector
      if config.qLoraRank != nil {
        q = linear(
          norm(linear(x, "\(prefix).q_a_proj"), "\(prefix).q_a_layernorm", 1e-6),
          "\(prefix).q_b_proj")
      } else {
        q = linear(x, "\(prefix).q_proj")
      }
      return (0..<config.numAttentionHeads).map { h in
        let head = Vector(q[h * (nope + rope)..<(h + 1) * (nope + rope)])
        return Vector(head[..<nope]) + turned(Vector(head[nope...]), batch.positions[s])
      }
    }
    let keyValues = x.enumerated().map { s, x -> [(key: Vector, value: Vector)] in
      let down = linear(x, "\(prefix).kv_a_proj_with_mqa")
      let latent = norm(
        Vector(down[..<config.kvLoraRank]), "\(prefix).kv_a_layernorm", 1e-6)
      let kPe = turned(Vector(down[config.kvLoraRank...]), batch.positions[s])
      let up = linear(latent, "\(prefix).kv_b_proj")
      return (0..<config.numAttentionHeads).map { h in
        let head = Vector(up[h * (nope + v)..<(h + 1) * (nope + v)])
        return (Vector(head[..<nope]) + kPe, Vector(head[nope...]))
      }
    }
    let scale = 1 / Double(nope + rope).squareRoot() * Double(config.rotary.softmaxFactor)
    return x.indices.map { s in
      let row = s / batch.length * batch.length
      let seen = row + Int(batch.starts[s])...s
      let heads = (0..<config.numAttentionHeads).flatMap { h -> Vector in
        let weights = softmax(seen.map { dot(queries[s][h], keyValues[$0][h].key) * scale })
        return (0..<v).map { c in
          sum(zip(seen, weights).map { t, weight in weight * keyValues[t][h].value[c] })
        }
      }
      return linear(heads, "\(prefix).o_proj")
    }
  }

  private func turned(_ x: Vector, _ position: Int) -> Vector {
    var y = x
    let half = x.count / 2
    for pair in 0..<half {
      let angle = Double(Float(position) * config.rotary.inverseFrequencies[pair])
      let factor = Double(config.rotary.attentionFactor)
      let (c, s) = (cosine(angle) * factor, sine(angle) * factor)
      let (i, j) = config.ropeInterleave ? (2 * pair, 2 * pair + 1) : (pair, pair + half)
      y[i] = x[i] * c - x[j] * s
      y[j] = x[j] * c + x[i] * s
    }
    return y
  }

  private func mixture(_ prefix: String, _ x: [Vector], _ batch: TrainingBatch) -> [Vector] {
    let experts = config.nRoutedExperts
    let bias = parameters["\(prefix).gate.e_score_correction_bias"]?.map(\.value)
    var frequencies = [[Double]](
      repeating: [Double](repeating: 0, count: experts), count: batch.rows)
    var normalised: [Vector] = []
    let outputs = x.enumerated().map { s, x -> Vector in
      let logits = matrix("\(prefix).gate.weight").map { dot($0, x) }
      let scores = rule.scoring == .sigmoid ? logits.map(\.logistic) : softmax(logits)
      let chosen = choose(scores.map(\.value), bias)
      for e in chosen { frequencies[s / batch.length][e] += 1 }
      let total = sum(scores)
      normalised.append(scores.map { $0 / total })
      let mass = sum(chosen.map { scores[$0] })
      var y = config.nSharedExperts > 0 ? swiglu("\(prefix).shared_experts", x) : nil
      for e in chosen {
        let weight =
          (rule.normalizesWeights ? scores[e] / mass : scores[e]) * config.routedScalingFactor
        let output = swiglu("\(prefix).experts.\(e)", x).map { $0 * weight }
        y = y.map { zip($0, output).map { $0 + $1 } } ?? output
      }
      return y ?? []
    }
    for row in 0..<batch.rows {
      for e in 0..<experts {
        let mean =
          sum((row * batch.length..<(row + 1) * batch.length).map { normalised[$0][e] })
          * (1 / Double(batch.length))
        let f =
          frequencies[row][e] * Double(experts) / Double(config.numExpertsPerTok * batch.length)
        balance.append(mean * (f / Double(self.batch.rows)))
      }
    }
    return outputs
  }

  private func choose(_ scores: [Double], _ bias: [Double]?) -> [Int] {
    let biased = scores.indices.map { scores[$0] + (bias?[$0] ?? 0) }
    var allowed = Set(scores.indices)
    if rule.isGrouped, config.nGroup > 1 {
      let size = scores.count / config.nGroup
      let ranks = (0..<config.nGroup).map { g -> Double in
        let best = biased[g * size..<(g + 1) * size].sorted(by: >)
        return rule.groupScore == .best ? best[0] : best[0] + (size > 1 ? best[1] : 0)
      }
      let kept = ranks.indices.sorted { ranks[$0] > ranks[$1] }.prefix(config.topkGroup)
      allowed = Set(kept.flatMap { $0 * size..<($0 + 1) * size })
    }
    return allowed.sorted { biased[$0] > biased[$1] }.prefix(config.numExpertsPerTok).sorted()
  }
}

import CFathomKernels
import FathomCheckpoints
import FathomCore
import FathomModels
import FathomTensors
import GoldenSupport
import Testing

/// Single operations against vectors of the reference implementation (`Tests/Golden/ops`).
@Suite struct OperationGoldenTests {
  let tensors: [String: StoredTensor]
  let notes: JSON

  init() throws {
    tensors = try Golden.tensors("ops/ops.safetensors")
    notes = try Golden.json("ops/ops.json")
  }

  private func floats(_ name: String) throws -> [Float] {
    try #require(tensors[name]?.floats(), "\(name)")
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    try #require(tensors[name]).withBytes { Array($0) }
  }

  static let ropes = [
    "v3_real", "v2_lite_real", "mscale_differs", "no_mscale_keys", "mscale_all_dim_zero", "none",
    "random_11", "llama31", "llama_small",
  ]

  @Test(arguments: ropes)
  func `rotary angles, attention factor and softmax scale`(name: String) throws {
    let note = try #require(notes["rope.\(name)"])
    let width = try #require(note["dim"]?.intValue)
    var fields = JSONObject([
      "rope_theta": note["theta"] ?? .null, "rope_scaling": note["rope_scaling"] ?? .null,
    ])
    fields["max_position_embeddings"] = note["max_position_embeddings"]
    let config = ConfigurationReader(file: "config.json", fields: fields)
    let rotary = RotaryEmbedding(try RopeConfiguration(config), width: width)

    let frequencies = try floats("rope.\(name).inv_freq")
    for (found, expected) in zip(rotary.inverseFrequencies, frequencies) {
      #expect(abs(found - expected) <= 3e-7 * abs(expected))
    }
    let factor = try #require(note["attention_factor_on_cos_sin"]?.doubleValue)
    #expect(abs(Double(rotary.attentionFactor) - factor) <= 1e-6)
    if let scale = note["softmax_scale"]?.doubleValue, let nope = note["qk_nope_head_dim"]?.intValue
    {
      let found = 1 / Double(nope + width).squareRoot() * Double(rotary.softmaxFactor)
      #expect(abs(found - scale) <= 1e-6 * scale)
    }

    let positions = note["positions"].ints
    let workspace = Workspace()
    let cos = workspace.take(positions.count, width: width / 2)
    let sin = workspace.take(positions.count, width: width / 2)
    rotary.fill(cos: cos, sin: sin, positions: positions)
    let (expectedCos, expectedSin) = (
      try floats("rope.\(name).cos"), try floats("rope.\(name).sin")
    )
    for (row, position) in positions.enumerated() {
      for pair in 0..<width / 2 {
        // An ulp of the frequency turns the angle by position × frequency × 2^-23.
        let angle = Float(position) * frequencies[pair]
        let tolerance = 2e-6 + 2.4e-7 * angle
        let place = row * width / 2 + pair
        #expect(abs(cos[row][pair] - expectedCos[place]) <= tolerance, "cos at \(position)")
        #expect(abs(sin[row][pair] - expectedSin[place]) <= tolerance, "sin at \(position)")
      }
    }
  }

  @Test func `interleaved rotation`() throws {
    let (cos, sin) = (try floats("rope.v3_real.cos"), try floats("rope.v3_real.sin"))
    for (input, output) in [("q", "q_out"), ("k", "k_out")] {
      var x = try floats("rope_apply.\(input)")
      let expected = try floats("rope_apply.\(output)")
      let width = 64
      for row in 0..<x.count / width {
        let position = row % 19
        x.withUnsafeMutableBufferPointer { x in
          cos.withUnsafeBufferPointer { cos in
            sin.withUnsafeBufferPointer { sin in
              if let x = x.baseAddress, let cos = cos.baseAddress, let sin = sin.baseAddress {
                fk_rope_interleaved(
                  x + row * width, cos + position * width / 2, sin + position * width / 2, width)
              }
            }
          }
        }
        // The reference writes the first halves of all pairs, then the second ones.
        let pairs = stride(from: 0, to: width, by: 2).map { x[row * width + $0] }
        let seconds = stride(from: 1, to: width, by: 2).map { x[row * width + $0] }
        let difference = Difference(
          pairs + seconds, Array(expected[row * width..<(row + 1) * width]))
        #expect(difference.largest <= 1e-6, "row \(row): \(difference)")
      }
    }
  }

  @Test func `e4m3 decodes and encodes as the reference does`() throws {
    let decoded = try floats("e4m3fn.decode")
    for code in UInt8.min...UInt8.max {
      let found = fk_decode_e4m3(code)
      let expected = decoded[Int(code)]
      #expect(found == expected || (found.isNaN && expected.isNaN), "code \(code)")
    }
    let inputs = try floats("e4m3fn.in")
    let saturating = try bytes("e4m3fn.saturating")
    for (input, expected) in zip(inputs, saturating) {
      let found = fk_encode_e4m3(input)
      #expect(found == expected || (input.isNaN && found & 0x7F == 0x7F), "\(input)")
    }
  }

  @Test func `bf16 and f16 convert as the reference does`() throws {
    let inputs = try floats("bf16.in")
    let bits = try bytes("bf16.bits")
    for (index, input) in inputs.enumerated() {
      let expected = UInt16(bits[2 * index]) | UInt16(bits[2 * index + 1]) << 8
      #expect(fk_encode_bf16(input) == expected, "\(input)")
    }
    let halves = try floats("f16.decode")
    for (index, expected) in halves.enumerated() {
      let found = fk_decode_f16(UInt16(bitPattern: Int16(index - 32768)))
      #expect(
        found.bitPattern == expected.bitPattern || (found.isNaN && expected.isNaN), "\(index)")
    }
  }

  @Test(arguments: ["", ".ue8m0"])
  func `block-scaled weights dequantise with ragged edges`(kind: String) throws {
    let codes = try #require(tensors["wblock\(kind).codes"])
    let scales = try floats("wblock\(kind).scale_inv")
    let expected = try floats("wblock\(kind).dequant")
    let (rows, columns) = (codes.shape[0], codes.shape[1])
    let matrix = Matrix(
      codes.pointer, rows: rows, columns: columns, dtype: .f8e4m3,
      scales: Matrix.BlockScales(scales, blockRows: 128, blockColumns: 128), owner: codes.file)
    for set in InstructionSet.available {
      let kernels = try #require(set.kernels)
      for row in 0..<rows {
        var y = [Float](repeating: 0, count: columns)
        kernels.pointee.decode_row(&y, matrix.storage, row)
        #expect(y == Array(expected[row * columns..<(row + 1) * columns]), "row \(row)")
      }
    }
  }

  @Test(arguments: ["v3", "small"])
  func `router chooses and weighs as the reference does`(name: String) throws {
    let note = try #require(notes["router.\(name)"])
    let weight = try #require(tensors["router.\(name).weight"])
    let x = try floats("router.\(name).x")
    let ids = try #require(tensors["router.\(name).ids"]).withBytes { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self) }
    }
    let weights = try floats("router.\(name).out")
    let router = Router(
      weight: Matrix(
        weight.pointer, rows: weight.shape[0], columns: weight.shape[1], dtype: .f32,
        owner: weight.file),
      bias: Buffer(try floats("router.\(name).bias")), scoring: .sigmoid,
      groupScore: .sumOfTwoBest, groups: note["groups"]?.intValue ?? 0,
      groupsChosen: note["topk_group"]?.intValue ?? 0,
      expertsChosen: note["top_k"]?.intValue ?? 0,
      normalizesWeights: note["norm_topk_prob"]?.boolValue ?? false,
      scalingFactor: Float(note["routed_scaling_factor"]?.doubleValue ?? 0))
    let workspace = Workspace()
    let width = weight.shape[1]
    let rows = workspace.take(x.count / width, width: width)
    for (index, value) in x.enumerated() { rows.pointer[index] = value }
    let kernels = try #require(InstructionSet.available.last?.kernels)
    let step = Step(
      [], compute: Compute(kernels: kernels, pool: WorkerPool(threads: 2)), workspace: workspace)
    let choice = router.choose(rows, layer: 0, step: step)
    #expect((0..<ids.count).map { choice.experts[$0] } == ids)
    for (index, expected) in weights.enumerated() {
      #expect(abs(choice.weights.pointer[index] - expected) <= 1e-5)
    }
  }

  @Test func `rms norm`() throws {
    let (x, weight) = (try floats("rmsnorm.x"), try floats("rmsnorm.weight"))
    let expected = try floats("rmsnorm.out")
    let kernels = try #require(InstructionSet.available.last?.kernels)
    for row in 0..<x.count / 96 {
      var y = [Float](repeating: 0, count: 96)
      kernels.pointee.rms_norm(&y, Array(x[row * 96..<row * 96 + 96]), weight, 96, 1e-6)
      let difference = Difference(y, Array(expected[row * 96..<row * 96 + 96]))
      #expect(difference.largest <= 2e-6 * max(1, abs(difference.expected)), "\(difference)")
    }
  }
}

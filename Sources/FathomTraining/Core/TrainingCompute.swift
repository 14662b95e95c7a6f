import CFathomKernels
import FathomTensors

/// How the inputs of matrix products are rounded while training. Sums, norms, softmax, router scores, losses, master weights
/// and gradients are f32 whatever this says.
public enum TrainingPrecision: String, Sendable, CaseIterable {
  case fp32
  case bf16
  /// e4m3 with a scale for each 1 × 128 activations and each 128 × 128 weights, in all three products of a linear layer;
  /// embedding, head, router, norms and attention stay in bf16 and f32.
  ///
  /// Source: DeepSeek-V3 report §3.3.
  case fp8
}

/// What a training step computes with.
///
/// `@unchecked Sendable`: the kernel table is constant.
package struct TrainingCompute: @unchecked Sendable {
  package let kernels: UnsafePointer<ft_kernels>
  package let pool: WorkerPool
  package let precision: TrainingPrecision

  package init(_ instructionSet: InstructionSet, threads: Int, precision: TrainingPrecision) {
    guard let kernels = instructionSet.trainingKernels else {
      preconditionFailure("\(instructionSet) cannot run here")
    }
    self.kernels = kernels
    self.precision = precision
    pool = WorkerPool(threads: threads)
  }

  /// Runs `body` for each of `count` rows, some at a time so that a run of them touches about 16,384 values.
  ///
  /// - Parameter cost: values that one row touches.
  package func each(_ count: Int, cost: Int, _ body: (Int) -> Void) {
    let group = max(1, 16384 / max(cost, 1))
    pool.run(units: (count + group - 1) / group) { unit, _ in
      for row in unit * group..<min(count, (unit + 1) * group) { body(row) }
    }
  }

  /// Sums that run over tokens are formed in runs of this many, then run after run, so that threads can share them and
  /// their order stays the same.
  package static let tokenRun = 64

  /// Adds up what rows contribute to `[width]` sums.
  ///
  /// - Parameter body: adds the contribution of a row to the sums of its run.
  package func accumulate(
    _ count: Int, into sums: UnsafeMutablePointer<Float>, width: Int, workspace: Workspace,
    _ body: (_ row: Int, _ sums: UnsafeMutablePointer<Float>) -> Void
  ) {
    let runs = (count + Self.tokenRun - 1) / Self.tokenRun
    workspace.scope {
      let partial = workspace.take(runs, width: width)
      pool.run(units: runs) { run, _ in
        partial[run].update(repeating: 0, count: width)
        for row in run * Self.tokenRun..<min(count, (run + 1) * Self.tokenRun) {
          body(row, partial[run])
        }
      }
      for run in 0..<runs { kernels.pointee.blend(sums, partial[run], 1, 1, width) }
    }
  }
}

extension InstructionSet {
  package var trainingKernels: UnsafePointer<ft_kernels>? {
    switch self {
    case .reference: ft_kernels_for(FK_ISA_REFERENCE)
    case .avx2: ft_kernels_for(FK_ISA_AVX2)
    case .avx512: ft_kernels_for(FK_ISA_AVX512)
    case .neon: ft_kernels_for(FK_ISA_NEON)
    }
  }
}

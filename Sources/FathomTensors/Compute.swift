import CFathomKernels

/// How activations enter a matrix product. Sums are always kept in f32.
public enum ActivationPrecision: String, Sendable, CaseIterable {
  /// What the weights call for: 8 bits where they are small integers, bfloat16 where they are bfloat16 or FP8.
  case auto
  /// As they are.
  case f32
  /// Rounded to bfloat16.
  case bf16
  /// Rounded to 8 bits: with one scale for each 32 values of a token where weights are small integers, else for each 128.
  case int8
}

/// What a forward pass computes with: kernels, threads and the precision of activations.
///
/// `@unchecked Sendable`: the kernel table is constant.
package struct Compute: @unchecked Sendable {
  package let kernels: UnsafePointer<fk_kernels>
  package let pool: WorkerPool
  package let activations: ActivationPrecision

  package init(
    kernels: UnsafePointer<fk_kernels>, pool: WorkerPool, activations: ActivationPrecision = .f32
  ) {
    self.kernels = kernels
    self.pool = pool
    self.activations = activations
  }

  /// The same with exact activations.
  package var exact: Compute { Compute(kernels: kernels, pool: pool) }
}

extension Compute {
  /// Runs `body` for each of `count` rows; in parallel where the work is worth waking threads for.
  ///
  /// - Parameter cost: values that one row touches.
  package func each(_ count: Int, cost: Int, _ body: (Int) -> Void) {
    let worthwhile = max(1, 16384 / max(cost, 1))
    guard count > worthwhile else {
      for row in 0..<count { body(row) }
      return
    }
    let group = min(worthwhile, (count + pool.threads - 1) / pool.threads)
    pool.run(units: (count + group - 1) / group) { unit, _ in
      for row in unit * group..<min(count, (unit + 1) * group) { body(row) }
    }
  }

  /// Each row divided by its root mean square and multiplied by `weight`. The mean accumulates in f32.
  ///
  /// `x [s, k] f32, weight [k] f32 → y [s, k] f32`; in place allowed.
  package func rmsNorm(_ x: Rows, weight: Buffer, epsilon: Float, into y: Rows) {
    precondition(x.width == weight.count, "norm of \(weight.count) over rows of \(x.width)")
    each(x.count, cost: x.width) { row in
      kernels.pointee.rms_norm(y[row], x[row], weight.pointer, x.width, epsilon)
    }
  }

  /// `y[s] += scale * x[s]`
  package func add(_ x: Rows, scaledBy scale: Float = 1, to y: Rows) {
    each(x.count, cost: x.width) { row in
      kernels.pointee.add_scaled(y[row], x[row], scale, x.width)
    }
  }
}

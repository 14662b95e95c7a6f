import CFathomKernels
import FathomTraining

/// What a teacher says at the tokens of a micro-batch that count: `[counted, vocab]` f32, logits over the temperature.
///
/// `@unchecked Sendable`: each row is written once, by whoever computes its token, before anybody reads.
final class TeacherLogits: @unchecked Sendable {
  let temperature: Float
  private let values: UnsafeMutablePointer<Float>
  private let width: Int
  /// The row of each token of the batch; -1 where the weight is 0.
  private let rows: [Int]

  /// - Parameter trainer: lends its threads and its scratch memory; nothing of it changes.
  init(_ teacher: RunModel, _ batch: TrainingBatch, temperature: Double, trainer: Trainer) {
    self.temperature = Float(temperature)
    width = teacher.network.vocabularySize
    var count = 0
    rows = batch.weights.map { weight in
      guard weight != 0 else { return -1 }
      count += 1
      return count - 1
    }
    values = .allocate(capacity: max(1, count * width))
    values.initialize(repeating: 0, count: max(1, count * width))
    _ = trainer.loss(batch, Reading(logits: self), of: teacher)
  }

  deinit { values.deallocate() }

  func row(of token: Int) -> UnsafeMutablePointer<Float> {
    precondition(rows[token] >= 0, "token \(token) does not count")
    return values + rows[token] * width
  }

  /// Divides the logits of a token by the temperature.
  func temper(_ logits: UnsafeMutablePointer<Float>) {
    guard temperature != 1 else { return }
    for k in 0..<width { logits[k] /= temperature }
  }

  /// Keeps logits, and teaches nothing.
  private struct Reading: TokenObjective {
    let logits: TeacherLogits

    func loss(
      _ token: Int, of _: TrainingBatch, logits row: UnsafeMutablePointer<Float>, width: Int,
      scale _: Float, kernels _: ft_kernels
    ) -> Float {
      logits.temper(row)
      logits.row(of: token).update(from: row, count: width)
      return 0
    }
  }
}

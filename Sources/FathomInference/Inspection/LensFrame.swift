import FathomModels
import FathomTensors

/// What the model would say if it ended behind a layer: the residual stream there, through the final norm and the head.
///
/// Behind the last layer that is what the model says.
///
/// Source: nostalgebraist, "interpreting GPT: the logit lens" (2020).
package struct LensFrame: Sendable, Equatable {
  /// −1 is the embedding.
  package var layer: Int
  package var top: [TokenProbability]
}

extension Session {
  /// Residual rows that go through the head at a time, so that its weights are read once for all of them.
  private static let lensRows = 16

  /// Reads residual streams, `[layers + 1][hidden]`, the embedding first.
  ///
  /// - Parameter yield: takes each frame as it is made.
  func lens(
    _ residuals: [[Float]], top count: Int, yield: (LensFrame) throws -> Void
  ) throws {
    let decoder = model.network.decoder
    for begin in stride(from: 0, to: residuals.count, by: Self.lensRows) {
      let block = residuals[begin..<min(residuals.count, begin + Self.lensRows)]
      let frames = workspace.scope {
        let hidden = workspace.take(block.count, width: decoder.hiddenSize)
        for (row, residual) in block.enumerated() {
          residual.withUnsafeBufferPointer {
            if let from = $0.baseAddress { hidden[row].update(from: from, count: $0.count) }
          }
        }
        let step = Step([], compute: compute, workspace: workspace)
        decoder.norm(hidden, into: hidden, step: step)
        let logits = workspace.take(block.count, width: decoder.vocabularySize)
        decoder.logits(hidden, into: logits, step: step)
        return (0..<block.count).map { row in
          let logits = UnsafeBufferPointer(start: logits[row], count: logits.width)
          return LensFrame(
            layer: begin + row - 1, top: TokenProbability.likeliest(count, of: logits))
        }
      }
      for frame in frames { try yield(frame) }
    }
  }
}

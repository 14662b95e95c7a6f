import FathomCore
import FathomTasks
import FathomText
import GoldenSupport
import Testing

@testable import FathomTraining

/// A tokenizer and families for tests of data.
enum DataFixture {
  static let tokenizer = Result {
    var trainer = try TokenizerTrainer(vocabularySize: 320)
    for text in ["What is 2 plus 3?", "The sum is five.", "\n\n", "one two three four"] {
      for _ in 0..<5 { trainer.add(text) }
    }
    return try trainer.train().tokenizer
  }

  static func encoder(
    _ format: ChatFormat = .deepSeekR1, promptLossWeight: Float = 0
  ) throws -> SampleEncoder {
    try SampleEncoder(
      tokenizer: tokenizer.get(), format: format, promptLossWeight: promptLossWeight)
  }

  static func text(_ sample: TrainingSample) throws -> String {
    try tokenizer.get().decode(sample.tokens)
  }

  /// The text that is learnt: tokens with weight 1.
  static func learnt(_ sample: TrainingSample) throws -> String {
    try tokenizer.get().decode(
      zip(sample.tokens, sample.weights).filter { $0.1 == 1 }.map(\.0))
  }

  static func conversation(_ json: String) throws -> ChatRequest {
    try ChatRequest(JSON.parse(json))
  }

  /// A sample of `length` positions that can be told from others.
  static func sample(length: Int, first: Int32 = 0) -> TrainingSample {
    TrainingSample(
      tokens: (0...Int32(length)).map { first + $0 },
      weights: [0] + [Float](repeating: 1, count: length))
  }

  /// Samples given one after the other, again and again.
  struct Cycle: SampleSource {
    let samples: [TrainingSample]

    func sample(at cursor: UInt64) -> (sample: TrainingSample, next: UInt64) {
      (samples[Int(cursor % UInt64(samples.count))], cursor + 1)
    }
  }

  struct Sums: TaskFamily {
    let name: String

    func problem(_ random: inout TaskRandom) -> Problem {
      let a = Int.random(in: 0..<1000, using: &random)
      let b = Int.random(in: 0..<1000, using: &random)
      return Problem(
        family: name, prompt: "\(name): \(a) plus \(b)?", reasoning: "\(a)+\(b)=\(a + b)",
        answer: "\(a + b)", accepts: { $0 == "\(a + b)" })
    }
  }
}

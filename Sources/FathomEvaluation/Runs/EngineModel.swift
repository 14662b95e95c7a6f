import FathomCore
import FathomInference
import FathomText

/// A model in this process. Its engine answers many samples at once, each bit for bit as it would alone.
public struct EngineModel: EvaluatedModel {
  private let engine: Engine
  private let name: String
  private let rendering: RenderOptions

  /// - Parameters:
  ///   - name: what reports call it.
  ///   - thinking: switches reasoning where the chat format has the choice.
  public init(_ engine: Engine, name: String, thinking: Bool? = nil) {
    self.engine = engine
    self.name = name
    rendering = RenderOptions(thinking: thinking)
  }

  public var identity: JSON {
    let runtime = engine.options.runtime
    return .object(
      JSONObject([
        "name": .string(name), "fingerprint": .string(engine.model.model.fingerprint),
        "format": (try? engine.model.chatFormat()).map { .string($0.name) } ?? .null,
        "thinking": rendering.thinking.map { .bool($0) } ?? .null,
        "activations": .string(runtime.activations.rawValue),
        "cache_type": .string(runtime.cacheType.rawValue),
        "attention": .string(runtime.attention.rawValue),
        "context": .integer(engine.contextLimit),
      ]))
  }

  public func answer(
    _ prompt: EvaluationProblem.Prompt, _ sampling: EvaluationSampling, seed: UInt64
  ) async throws -> ModelAnswer {
    var options = engine.model.suggestedOptions
    options.sampling = .greedy
    options.sampling.temperature = sampling.temperature
    options.sampling.topP = sampling.topP
    options.sampling.seed = seed
    options.maxTokens = sampling.maxTokens
    options.stopStrings = sampling.stop
    var rendered: RenderedPrompt?
    let tokens: [Int32]
    switch prompt {
    case .messages(let messages):
      let encoded = try engine.model.encode(ChatRequest(messages: messages), rendering)
      (rendered, tokens) = (encoded.prompt, encoded.tokens)
    case .text(let text): tokens = engine.model.encode(text)
    }
    let request = EngineRequest(
      prompt: tokens, reading: .text(skipSpecial: rendered == nil), options: options)
    let (text, reason, statistics) = try await read(engine.submit(request))
    let isFinished = reason == .stop
    let count = statistics.completionTokens
    let completion =
      if let rendered {
        Completion(
          text, after: rendered, format: try engine.model.chatFormat(), isFinished: isFinished,
          tokens: count)
      } else {
        Completion(parsing: text, isFinished: isFinished, tokens: count)
      }
    return ModelAnswer(
      completion: completion, finishReason: reason.rawValue, promptTokens: tokens.count)
  }

  private func read(_ answer: EngineAnswer) async throws -> (
    text: String, reason: FinishReason, statistics: GenerationStatistics
  ) {
    var text = ""
    for await event in answer {
      switch event {
      case .piece(let piece):
        for case .content(let content) in piece.events { text += content }
      case .finished(.cancelled, _, _, _): throw CancellationError()
      case .finished(let reason, let statistics, _, _): return (text, reason, statistics)
      case .failed(let failure): throw Self.error(failure)
      default: break
      }
    }
    throw CancellationError()
  }

  private static func error(_ failure: EngineFailure) -> any Error {
    if case .contextFull = failure { return UnanswerableSample(reason: failure.description) }
    return failure
  }

  public func scores(of continuations: [String], behind prompt: EvaluationProblem.Prompt)
    async throws -> [ContinuationScore]
  {
    var scores: [ContinuationScore] = []
    for continuation in continuations {
      scores.append(try await score(of: continuation, behind: prompt))
    }
    return scores
  }

  /// Prompt and continuation are encoded as one text, as a model would meet them. What differs from the prompt's own tokens is the
  /// continuation.
  private func score(of continuation: String, behind prompt: EvaluationProblem.Prompt) async throws
    -> ContinuationScore
  {
    let language = engine.model
    let (alone, whole): ([Int32], [Int32])
    switch prompt {
    case .text(let text):
      (alone, whole) = (language.encode(text), language.encode(text + continuation))
    case .messages(let messages):
      let rendered = try language.chatFormat().render(ChatRequest(messages: messages), rendering)
      func encode(_ text: String) -> [Int32] {
        language.tokenizer.encode(text, special: .within(rendered.controlRanges))
      }
      (alone, whole) = (encode(rendered.text), encode(rendered.text + continuation))
    }
    let shared = zip(alone, whole).prefix { $0 == $1 }.count
    guard shared > 0, shared < whole.count else {
      throw UnanswerableSample(reason: "a choice without tokens behind the prompt's")
    }
    var options = GenerationOptions()
    options.sampling = .greedy
    options.maxTokens = 1
    var request = EngineRequest(
      prompt: whole, reading: .text(skipSpecial: true), options: options)
    request.scoresPrompt = true
    for await event in engine.submit(request) {
      switch event {
      case .promptScores(let scores):
        let own = scores.dropFirst(shared).compactMap { $0?.logprob }
        return ContinuationScore(logLikelihood: own.reduce(0, +), tokens: own.count)
      case .failed(let failure): throw Self.error(failure)
      default: break
      }
    }
    throw CancellationError()
  }
}

extension Completion {
  /// What a model wrote behind a rendered conversation, taken apart as the chat format does it.
  package init(
    _ written: String, after prompt: RenderedPrompt, format: ChatFormat, isFinished: Bool,
    tokens: Int
  ) {
    var parser = ResponseParser(format, after: prompt)
    var (reasoning, answer) = ("", "")
    for event in parser.feed(written) + parser.finish() {
      switch event {
      case .reasoning(let text): reasoning += text
      case .content(let text), .malformedToolCall(let text): answer += text
      case .toolCall, .toolArguments: break
      }
    }
    let isOpen = format.reasons && prompt.opensReasoning
    let opening = isOpen && !written.hasPrefix("<think>") ? "<think>\n" : ""
    self.init(
      text: opening + written, reasoning: reasoning.isEmpty ? nil : reasoning, answer: answer,
      isFinished: isFinished, tokens: tokens)
  }
}

import FathomCore
import FathomInference
import FathomText
import Foundation
import Synchronization

/// What all routes share: the model, its engine, and how the server was set up.
final class Service: Sendable {
  let engine: Engine
  let inspector: Inspector
  let options: ServerOptions
  let metrics: ServerMetrics
  /// Names the weights; what is needed for every chunk is made once.
  let fingerprint: String
  let page: PageFiles
  /// Set once the server is asked to stop.
  let isDraining = Atomic(false)
  let startedAt = Int(Date().timeIntervalSince1970)

  var language: LanguageModel { engine.model }
  var vocabularySize: Int { language.model.shape.vocabSize }

  init(engine: Engine, options: ServerOptions, page: PageFiles) {
    self.engine = engine
    inspector = Inspector(engine)
    self.options = options
    self.page = page
    fingerprint = engine.model.model.fingerprint
    metrics = ServerMetrics(prefix: options.metricsPrefix)
  }

  /// A conversation as an engine reads it.
  func engineRequest(_ parameters: ChatParameters) throws -> EngineRequest {
    let format = try language.chatFormat()
    let (prompt, tokens) = try language.encode(parameters.request, parameters.rendering)
    var request = EngineRequest(
      prompt: tokens, reading: .chat(ResponseParser(format, after: prompt)),
      options: parameters.options)
    request.tenant = parameters.tenant
    request.topScores = parameters.topScores
    request.reasoningBudget = parameters.reasoningBudget
    try constrain(&request, parameters, format, prompt.reasoning)
    return request
  }

  private func constrain(
    _ request: inout EngineRequest, _ parameters: ChatParameters, _ format: ChatFormat,
    _ reasoning: ReasoningStart
  ) throws {
    let calls = ToolGrammar(
      choice: parameters.toolChoice, tools: parameters.request.tools,
      isParallel: parameters.callsInParallel)
    if let (grammar, start) = try calls.grammar(format, language.tokenizer) {
      guard parameters.grammar == nil else {
        throw APIError.outOfRange(
          "response_format", expected: "none beside tools whose calls have to obey a schema",
          found: "both")
      }
      request.grammar = grammar
      request.grammarStart = start
    } else if let grammar = parameters.grammar {
      request.grammar =
        format.reasons && reasoning != .closed
        ? try ResponseShape.behindReasoning(grammar) : grammar
    }
  }

  /// Submits a request as often as asked for; each gets a seed of its own.
  func submit(_ request: EngineRequest, count: Int = 1) -> [EngineAnswer] {
    (0..<count).map { index in
      var copy = request
      copy.deadline = .now + .seconds(options.answerSeconds)
      if let seed = request.options.sampling.seed {
        copy.options.sampling.seed = seed &+ UInt64(index)
      }
      return engine.submit(copy)
    }
  }

  /// Now, as APIs count it.
  var now: Int { Int(Date().timeIntervalSince1970) }

  /// A name that nothing else has.
  static func id(_ prefix: String) -> String {
    prefix + UUID().uuidString.replacing("-", with: "").lowercased()
  }
}

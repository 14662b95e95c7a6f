import FathomCore
import FathomInference
import Hummingbird

extension Routes {
  /// `POST /v1/chat/completions`
  @Sendable static func chatCompletion(_ call: Call) async throws -> Response {
    let parameters = try ChatParameters(
      chatCompletion: try Fields(call.json), service: call.service)
    let request = try call.service.engineRequest(parameters)
    let frames = ChatCompletionFrames(
      parameters, promptTokens: request.prompt.count, service: call.service)
    let answers = call.submit(request, count: parameters.count)
    guard parameters.streams else {
      return try await call.replies.whole(answers) { frames.body($0) }
    }
    return try await call.replies.stream(answers) { frames.frames($0, $1) }
  }

  /// `POST /v1/completions`
  @Sendable static func completion(_ call: Call) async throws -> Response {
    let parameters = try CompletionParameters(try Fields(call.json), service: call.service)
    let frames = CompletionFrames(parameters, service: call.service)
    let answers = parameters.prompts.flatMap { prompt in
      var request = EngineRequest(
        prompt: prompt.tokens, reading: .text(skipSpecial: true), options: parameters.options)
      request.options.maxTokens = max(1, parameters.options.maxTokens ?? 1)
      request.topScores = parameters.topScores
      request.scoresPrompt = parameters.echoes
      request.tenant = parameters.tenant
      request.grammar = parameters.grammar
      return call.submit(request, count: parameters.count)
    }
    guard parameters.streams else {
      return try await call.replies.whole(answers) { frames.body($0) }
    }
    return try await call.replies.stream(answers) { frames.frames($0, $1) }
  }

  /// `POST /v1/messages`
  @Sendable static func message(_ call: Call) async throws -> Response {
    let parameters = try ChatParameters(message: try Fields(call.json), service: call.service)
    let request = try call.service.engineRequest(parameters)
    let frames = MessageFrames(promptTokens: request.prompt.count, service: call.service)
    let answers = call.submit(request)
    guard parameters.streams else {
      return try await call.replies.whole(answers) { frames.body($0.first ?? CollectedAnswer()) }
    }
    return try await call.replies.stream(answers) { frames.frames($1) }
  }

  /// `POST /v1/messages/count_tokens`
  @Sendable static func countMessage(_ call: Call) async throws -> Response {
    let parameters = try ChatParameters(
      countedMessage: try Fields(call.json), service: call.service)
    let request = try call.service.engineRequest(parameters)
    return .json(.of(["input_tokens": .integer(request.prompt.count)]))
  }

  /// `POST /v1/responses`
  @Sendable static func response(_ call: Call) async throws -> Response {
    let fields = try Fields(call.json)
    let parameters = try ChatParameters(response: fields, service: call.service)
    let request = try call.service.engineRequest(parameters)
    let frames = ResponseFrames(
      try ResponseHead(fields, parameters, service: call.service), service: call.service)
    let answers = call.submit(request)
    guard parameters.streams else {
      return try await call.replies.whole(answers) { frames.body($0.first ?? CollectedAnswer()) }
    }
    return try await call.replies.stream(answers) { frames.frames($1) }
  }
}

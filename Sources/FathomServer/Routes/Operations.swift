import FathomCore
import FathomInference
import FathomText
import HTTPTypes
import Hummingbird
import NIOCore

extension Routes {
  /// `GET /health`: whether requests can be answered; never waits for the engine.
  @Sendable static func health(_ call: Call) async throws -> Response {
    if let failure = call.service.engine.statistics.failure {
      return .json(
        .of(["status": .string("error"), "message": .string(failure)]),
        status: .serviceUnavailable)
    }
    return .json(.of(["status": .string("ok")]))
  }

  /// `GET /metrics`: Prometheus text.
  @Sendable static func metrics(_ call: Call) async throws -> Response {
    let text = call.service.metrics.text(call.service.engine.statistics)
    return Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  /// `GET /props`: what a page or a client wants to know before it asks.
  @Sendable static func props(_ call: Call) async throws -> Response {
    let service = call.service
    let language = service.language
    let suggested = language.suggestedOptions
    let format = try? language.chatFormat()
    let isBuiltIn = BuiltInModel.name(of: language.model.checkpoint.folder) != nil
    return .json(
      .of([
        "model": .string(service.options.modelName),
        "model_type": .string(language.model.shape.modelType),
        "fingerprint": .string(service.fingerprint),
        "context_length": .integer(service.engine.contextLimit),
        "chat_format": format.map { .string($0.name) } ?? .null,
        "reasons": .bool(format?.reasons ?? false),
        "total_slots": .integer(service.engine.options.parallel),
        "chat_template": language.tokenizer.chatTemplate.map { .string($0) } ?? .null,
        "inspect": .bool(true),
        "constrained_output": .bool(true),
        "examples": .array((isBuiltIn ? BuiltInModel.prompts : []).map { .string($0) }),
        "default_generation_settings": .of([
          "temperature": .double(suggested.sampling.temperature),
          "top_p": .double(suggested.sampling.topP), "top_k": .integer(suggested.sampling.topK),
          "min_p": .double(suggested.sampling.minP),
          "max_tokens": suggested.maxTokens.map { .integer($0) } ?? .null,
        ]),
      ]))
  }

  /// `GET /slots`: what is being answered.
  @Sendable static func slots(_ call: Call) async throws -> Response {
    let statistics = call.service.engine.statistics
    let total = call.service.engine.options.parallel
    if call.request.uri.queryParameters["fail_on_no_slot"] == "1", statistics.slots.count >= total {
      throw APIError(.serviceUnavailable, "no slot is free", code: "no_slot")
    }
    return .json(
      .array(
        (0..<total).map { index in
          guard index < statistics.slots.count else {
            return .of(["id": .integer(index), "is_processing": .bool(false)])
          }
          let slot = statistics.slots[index]
          return .of([
            "id": .integer(index), "is_processing": .bool(true),
            "id_task": .integer(Int(clamping: slot.id)),
            "prompt_tokens": .integer(slot.promptTokens),
            "cached_tokens": .integer(slot.cachedTokens),
            "completion_tokens": .integer(slot.completionTokens),
            "is_prefilling": .bool(slot.isPrefilling),
          ])
        }))
  }

  /// `GET /v1/models`
  @Sendable static func listModels(_ call: Call) async throws -> Response {
    .json(.of(["object": .string("list"), "data": .array([model(call.service)])]))
  }

  /// `GET /v1/models/NAME`
  @Sendable static func showModel(_ call: Call) async throws -> Response {
    guard call.component == call.service.options.modelName else {
      throw APIError(
        .notFound,
        "model \(InputError.excerpt(call.component)): this server has "
          + "\(call.service.options.modelName)", param: "model", code: "model_not_found")
    }
    return .json(model(call.service))
  }

  private static func model(_ service: Service) -> JSON {
    .of([
      "id": .string(service.options.modelName), "object": .string("model"),
      "created": .integer(service.startedAt), "owned_by": .string("fathom"),
      "context_length": .integer(service.engine.contextLimit),
      "max_model_len": .integer(service.engine.contextLimit),
    ])
  }
}

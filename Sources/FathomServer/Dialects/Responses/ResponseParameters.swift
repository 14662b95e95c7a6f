import FathomCore
import FathomInference
import FathomText

// What OpenAI's `/v1/responses` asks for. Nothing is stored: whoever goes on with a conversation sends all of it.
//
// Source: developers.openai.com/api, "Responses".

extension ChatParameters {
  /// Reads the body of `/v1/responses`.
  init(response fields: Fields, service: Service) throws {
    try Self.refuseStored(fields)
    toolChoice = try ToolChoice(response: fields)
    callsInParallel = try fields.bool("parallel_tool_calls") ?? true
    request = try ResponseInput.request(fields)
    request.tools = try toolChoice.offered(ResponseInput.tools(fields))
    rendering = RenderOptions()
    options = try fields.sampling(
      over: service.language.suggestedOptions, vocabulary: service.vocabularySize)
    if let limit = try fields.int("max_output_tokens", 1...Int(Int32.max)) {
      options.maxTokens = limit
    }
    if let reasoning = try fields.fields("reasoning") { try readEffort(reasoning, "effort") }
    if let format = try fields.fields("text")?.fields("format") {
      grammar = try ResponseShape.grammar(format: format)
    }
    streams = try fields.bool("stream") ?? false
    tenant = try fields.tenant("safety_identifier", "user")
  }

  private static func refuseStored(_ fields: Fields) throws {
    for key in ["previous_response_id", "conversation", "prompt"] where fields.has(key) {
      throw APIError.malformed(
        "\(key): this server stores nothing; send the whole conversation as input", param: key)
    }
    if try fields.bool("background") == true {
      throw APIError.malformed(
        "background: this server answers only while the client waits", param: "background")
    }
  }
}

/// What a response says of the request it answers, in all of its forms.
struct ResponseHead {
  let id = Service.id("resp_")
  /// Whether reasoning is told as a summary, for clients that only look there.
  let summarizes: Bool
  private let createdAt: Int
  private let model: String
  private let echo: JSON

  init(_ fields: Fields, _ parameters: ChatParameters, service: Service) throws {
    let reasoning = try fields.fields("reasoning")
    let kinds: KeyValuePairs = ["auto": true, "concise": true, "detailed": true, "none": false]
    summarizes =
      try reasoning?.first("summary", "generate_summary") { try reasoning?.choice($0, kinds) }
      ?? false
    createdAt = service.now
    model = service.options.modelName
    let sampling = parameters.options.sampling
    echo = .of([
      "background": .bool(false),
      "instructions": fields["instructions"] ?? .null,
      "max_output_tokens": fields["max_output_tokens"] ?? .null,
      "metadata": .object(try fields.fields("metadata")?.object ?? JSONObject()),
      "parallel_tool_calls": .bool(parameters.callsInParallel),
      "previous_response_id": .null,
      "reasoning": .of([
        "effort": reasoning?["effort"] ?? .null, "summary": reasoning?["summary"] ?? .null,
      ]),
      "store": .bool(false),
      "temperature": .double(sampling.temperature),
      "text": .of([
        "format": try fields.fields("text")?["format"] ?? .of(["type": .string("text")])
      ]),
      "tool_choice": fields["tool_choice"] ?? .string("auto"),
      "tools": fields["tools"] ?? .array([]),
      "top_p": .double(sampling.topP),
      "truncation": .string("disabled"),
      "user": fields["user"] ?? .null,
    ])
  }

  /// The response object.
  func response(
    _ status: String, output: [JSON], error: JSON = .null, incomplete: JSON = .null,
    usage: JSON = .null
  ) -> JSON {
    JSON.of([
      "id": .string(id), "object": .string("response"), "created_at": .integer(createdAt),
      "status": .string(status), "error": error, "incomplete_details": incomplete,
      "model": .string(model), "output": .array(output),
    ]).merged(echo).merged(.of(["usage": usage]))
  }
}

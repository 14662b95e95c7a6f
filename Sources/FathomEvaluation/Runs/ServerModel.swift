import FathomCore
import FathomText
import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A model behind a server that speaks OpenAI's API.
///
/// What a server refuses for a while (408, 429, 5xx) and connections that fail are tried again, each time after twice the wait or after
/// what the server asks for.
public struct ServerModel: EvaluatedModel {
  private let base: URL
  private let model: String
  private let apiKey: String?
  private let session: URLSession
  private let attempts: Int
  private let firstWaitSeconds: Double

  /// - Parameters:
  ///   - url: the API's root, such as `http://127.0.0.1:8080/v1`.
  ///   - model: as the server calls it.
  ///   - timeoutSeconds: for the answer to one request.
  /// - Throws: `InputError` for what is no address.
  public init(
    url: String, model: String, apiKey: String? = nil, timeoutSeconds: Double = 1800,
    attempts: Int = 6, firstWaitSeconds: Double = 0.5
  ) throws {
    var text = url
    while text.hasSuffix("/") { text.removeLast() }
    guard let base = URL(string: text), ["http", "https"].contains(base.scheme), base.host != nil
    else {
      throw InputError(
        "option --url", expected: "an address such as http://127.0.0.1:8080/v1",
        found: InputError.excerpt(url))
    }
    self.base = base
    self.model = model
    self.apiKey = apiKey
    self.attempts = max(1, attempts)
    self.firstWaitSeconds = firstWaitSeconds
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeoutSeconds
    configuration.timeoutIntervalForResource = timeoutSeconds
    configuration.httpMaximumConnectionsPerHost = 1024
    session = URLSession(configuration: configuration)
  }

  public var identity: JSON {
    .object(JSONObject(["name": .string(model), "url": .string(base.absoluteString)]))
  }

  public func answer(
    _ prompt: EvaluationProblem.Prompt, _ sampling: EvaluationSampling, seed: UInt64
  ) async throws -> ModelAnswer {
    var body = JSONObject([
      "model": .string(model), "temperature": .double(sampling.temperature),
      "top_p": .double(sampling.topP), "max_tokens": .integer(sampling.maxTokens),
      "seed": .integer(Int(clamping: seed)),
    ])
    if !sampling.stop.isEmpty { body["stop"] = .array(sampling.stop.map { .string($0) }) }
    let reply: JSON
    let choice: JSON?
    let content: String?
    var reasoning: String?
    switch prompt {
    case .messages(let messages):
      body["messages"] = .array(messages.map(\.json))
      reply = try await post("chat/completions", body)
      choice = reply["choices"]?.arrayValue?.first
      let message = choice?["message"]
      reasoning = message?["reasoning_content"]?.stringValue ?? message?["reasoning"]?.stringValue
      content = message?["content"]?.stringValue ?? (message == nil ? nil : "")
    case .text(let text):
      body["prompt"] = .string(text)
      reply = try await post("completions", body)
      choice = reply["choices"]?.arrayValue?.first
      content = choice?["text"]?.stringValue
    }
    guard let content else { throw unexpected("an answer in \"choices\"", reply) }
    let reason = choice?["finish_reason"]?.stringValue ?? "stop"
    let tokens = reply["usage"]?["completion_tokens"]?.intValue
    var completion = Completion(parsing: content, isFinished: reason == "stop", tokens: tokens)
    if let reasoning, !reasoning.isEmpty {
      // One that was cut off while it reasoned has not closed its reasoning.
      let isOpen = content.isEmpty && !completion.isFinished
      completion.text = "<think>\n\(reasoning)" + (isOpen ? "" : "\n</think>\n\n\(content)")
      completion.reasoning = reasoning
      completion.answer = content
    }
    return ModelAnswer(
      completion: completion, finishReason: reason,
      promptTokens: reply["usage"]?["prompt_tokens"]?.intValue)
  }

  /// Asks for the probabilities of prompt and continuation as one text, and one token more, as some servers give nothing for none.
  public func scores(of continuations: [String], behind prompt: EvaluationProblem.Prompt)
    async throws -> [ContinuationScore]
  {
    guard case .text(let text) = prompt else {
      throw InputError(
        "task", expected: "choices behind a \"text\": servers tell no probabilities of messages",
        found: "messages")
    }
    var scores: [ContinuationScore] = []
    for continuation in continuations {
      let reply = try await post(
        "completions",
        JSONObject([
          "model": .string(model), "prompt": .string(text + continuation),
          "max_tokens": .integer(1), "temperature": .integer(0), "echo": .bool(true),
          "logprobs": .integer(1),
        ]))
      let logprobs = reply["choices"]?.arrayValue?.first?["logprobs"]
      guard let offsets = logprobs?["text_offset"]?.arrayValue?.map(\.intValue),
        let values = logprobs?["token_logprobs"]?.arrayValue?.map(\.doubleValue),
        offsets.count == values.count, offsets.count > 1
      else { throw unexpected("\"logprobs\" of the prompt's tokens", reply) }
      let length = text.unicodeScalars.count
      // The first token that reaches beyond the prompt, up to the one that was asked for in vain.
      let start = offsets.indices.dropLast().first { (offsets[$0 + 1] ?? 0) > length }
      let own = start.map { values[$0..<(values.count - 1)].compactMap(\.self) } ?? []
      guard !own.isEmpty else { throw unexpected("tokens behind the prompt", reply) }
      scores.append(ContinuationScore(logLikelihood: own.reduce(0, +), tokens: own.count))
    }
    return scores
  }

  /// What the server calls its only or first model.
  public static func firstModel(url: String, apiKey: String?) async throws -> String {
    let server = try ServerModel(url: url, model: "", apiKey: apiKey, timeoutSeconds: 30)
    let reply = try await server.send("models", body: nil)
    guard let name = reply["data"]?.arrayValue?.first?["id"]?.stringValue else {
      throw server.unexpected("a list of models", reply)
    }
    return name
  }

  // MARK: HTTP

  private func post(_ path: String, _ body: JSONObject) async throws -> JSON {
    try await send(path, body: Data(JSON.object(body).text().utf8))
  }

  /// Sends a request until it is answered, refused for good, or was tried often enough.
  private func send(_ path: String, body: Data?) async throws -> JSON {
    var request = URLRequest(url: base.appending(path: path))
    request.httpMethod = body == nil ? "GET" : "POST"
    request.httpBody = body
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    if let apiKey { request.setValue("Bearer \(apiKey)", forHTTPHeaderField: "Authorization") }
    var wait = firstWaitSeconds
    var attempt = 0
    while true {
      attempt += 1
      switch try await outcome(of: request) {
      case .answered(let reply): return reply
      case .busy(let failure, let asked):
        guard attempt < attempts else { throw failure }
        try await Task.sleep(for: .seconds(min(120, max(wait, asked ?? 0))))
        wait *= 2
      }
    }
  }

  private enum Outcome {
    case answered(JSON)
    /// To be tried again, after so many seconds if the server says how many.
    case busy(InputError, afterSeconds: Double?)
  }

  private func outcome(of request: URLRequest) async throws -> Outcome {
    let (data, response): (Data, URLResponse)
    do {
      (data, response) = try await session.data(for: request)
    } catch let error as URLError {
      try Task.checkCancellation()
      return .busy(
        InputError(
          base.absoluteString, expected: "a server that answers", found: error.localizedDescription),
        afterSeconds: nil)
    }
    let http = response as? HTTPURLResponse
    let status = http?.statusCode ?? 0
    if status == 200 { return .answered(try parse(data)) }
    let failure = try refusal(status, data)
    guard status == 408 || status == 429 || status >= 500 else { throw failure }
    return .busy(
      failure,
      afterSeconds: http?.value(forHTTPHeaderField: "Retry-After").flatMap { Double($0) })
  }

  private func parse(_ data: Data) throws -> JSON {
    do {
      return try JSON.parse(data, limits: JSONLimits(bytes: 64 << 20))
    } catch let error as InputError {
      throw error.inside(base.absoluteString)
    }
  }

  /// What a reply that is no answer says.
  ///
  /// - Throws: `UnanswerableSample` where only this prompt is at fault.
  private func refusal(_ status: Int, _ data: Data) throws -> InputError {
    let error = (try? JSON.parse(data, limits: JSONLimits(bytes: 1 << 20)))?["error"]
    let message =
      error?["message"]?.stringValue ?? String(decoding: data.prefix(200), as: UTF8.self)
    if error?["code"]?.stringValue == "context_length_exceeded" {
      throw UnanswerableSample(reason: message)
    }
    return InputError(
      base.absoluteString, expected: "status 200",
      found: "\(status), \(InputError.excerpt(message, limit: 200))")
  }

  private func unexpected(_ expectation: String, _ reply: JSON) -> InputError {
    InputError(
      base.absoluteString, expected: expectation,
      found: InputError.excerpt(reply.text(), limit: 200))
  }
}

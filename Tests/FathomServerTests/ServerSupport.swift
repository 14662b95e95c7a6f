import FathomCore
import FathomText
import GoldenSupport

@testable import FathomInference
@testable import FathomServer

/// A service with a tiny model. Most tests never ask it: requests are read for it, and answers are written from scripts.
enum TestService {
  private static let made = Result { try make("deepseek_v3_mtp", format: "deepseek-v3.1") }

  static func get() throws -> Service { try made.get() }

  static func make(_ family: String, format: String? = nil) throws -> Service {
    try make(at: GoldenFamily.path(family), format: format)
  }

  static func make(at path: String, format: String? = nil) throws -> Service {
    var options = Engine.Options(runtime: RuntimeOptions())
    options.cacheBytes = 8 << 20
    // Where many tests run, a reader may wait long for its turn.
    options.slowReaderSeconds = 600
    let model = try LanguageModel(path: path, format: format)
    return try Service(
      engine: Engine(model, options: options), options: ServerOptions(modelName: "tiny"),
      page: PageFiles())
  }
}

extension Fields {
  init(text: String) throws { try self.init(JSON.parse(text)) }
}

extension EngineEvent {
  static func piece(_ events: ResponseEvent..., thinking: Bool = false) -> EngineEvent {
    .piece(AnswerPiece(token: 1, score: nil, events: events, isReasoning: thinking))
  }

  static func end(
    _ reason: FinishReason = .stop, prompt: Int = 10, cached: Int = 4, answered: Int = 6,
    stopString: String? = nil
  ) -> EngineEvent {
    var statistics = GenerationStatistics()
    statistics.promptTokens = prompt
    statistics.cachedTokens = cached
    statistics.completionTokens = answered
    return .finished(reason, statistics, seed: 1, stopString: stopString)
  }
}

/// Answers as an engine tells them.
enum Script {
  /// Reasoning, text and two calls, in pieces; a sign of life on the way.
  static let everything: [EngineEvent] = [
    .started(cachedTokens: 4), .progress(done: 10),
    .piece(.reasoning("Let me "), thinking: true), .waiting,
    .piece(.reasoning("see."), thinking: true),
    .piece(.content("I ")), .piece(), .piece(.content("look.")),
    .piece(
      .toolCall(index: 0, name: "find"), .toolArguments(index: 0, text: #"{"city": "#)),
    .piece(.toolArguments(index: 0, text: #""Rome"}"#)),
    .piece(.toolCall(index: 1, name: "find"), .toolArguments(index: 1, text: "{}")),
    .end(),
  ]

  static func collected(_ events: [EngineEvent]) throws -> CollectedAnswer {
    var answer = CollectedAnswer()
    for event in events { try answer.add(event) }
    return answer
  }
}

/// A stream's frame, taken apart.
struct SentEvent: Equatable {
  let name: String
  let json: JSON

  init?(_ frame: Frame) {
    guard case .event(let name, let json) = frame else { return nil }
    (self.name, self.json) = (name, json)
  }
}

extension JSON {
  subscript(index: Int) -> JSON? {
    guard let array = arrayValue, array.indices.contains(index) else { return nil }
    return array[index]
  }

  /// The same with every name that nothing else has replaced by its kind: `msg_…` by `msg_`.
  var withoutNames: JSON {
    switch self {
    case .string(let text):
      guard text.count >= 35, let end = text.firstIndex(of: "_"),
        text[text.index(after: end)...].allSatisfy(\.isHexDigit)
      else { return self }
      return .string(String(text[...end]))
    case .array(let values): return .array(values.map(\.withoutNames))
    case .object(let object):
      var plain = JSONObject()
      for member in object.members { plain[member.key] = member.value.withoutNames }
      return .object(plain)
    default: return self
    }
  }
}

import FathomCore
import FathomTasks
import FathomText

/// Turns texts, conversations and problems into samples, by a tokenizer and a chat format.
///
/// A prompt is rendered and encoded as it is when the model answers, and the answer is encoded on its own behind it:
/// what the model learns to go on from is, token for token, what it will be given.
public struct SampleEncoder: Sendable {
  public let tokenizer: Tokenizer
  public let format: ChatFormat
  /// How much predicting the tokens of a prompt counts, 1 being as much as those of an answer.
  public var promptLossWeight: Float

  /// - Throws: `InputError` for a tokenizer that lacks the token that ends the format's answers.
  public init(tokenizer: Tokenizer, format: ChatFormat, promptLossWeight: Float = 0) throws {
    self.tokenizer = tokenizer
    self.format = format
    self.promptLossWeight = promptLossWeight
    for stop in format.stopTokens where tokenizer.id(of: stop) == nil {
      throw InputError(
        "tokenizer", expected: "a token \(stop), which ends answers in \"\(format.name)\"",
        found: "none")
    }
  }

  /// A text to predict from beginning to end. Nothing in it is taken for a control token.
  public func sample(text: String) -> TrainingSample { sample(prompt: "", completion: text) }

  /// A text whose beginning is given, without a chat format.
  public func sample(prompt: String, completion: String) -> TrainingSample {
    var sample = TrainingSample(tokens: [], weights: [])
    if tokenizer.addsBosToken, let bos = tokenizer.bosID { sample.append([bos], weight: 0) }
    sample.append(tokenizer.encode(prompt, special: .none), weight: promptLossWeight)
    sample.append(tokenizer.encode(completion, special: .none), weight: 1)
    if let eos = tokenizer.eosID { sample.append([eos], weight: 1) }
    return sample.withFreeStart
  }

  /// A problem as the question of a user, its reasoning and its answer.
  public func sample(_ problem: Problem) throws -> TrainingSample {
    let answer = ChatMessage(
      role: .assistant, content: problem.answer,
      reasoningContent: format.reasons ? problem.reasoning : nil)
    return try samples(ChatRequest(messages: [.user(problem.prompt), answer]))[0]
  }

  /// The tokens that a model is given to answer `messages`.
  public func prompt(_ messages: [ChatMessage], tools: [ToolDefinition] = []) throws -> [Int32] {
    let rendered = try format.render(
      ChatRequest(messages: messages, tools: tools), RenderOptions(thinking: format.reasons))
    return tokens(of: rendered)
  }

  /// Samples in which every answer of a conversation is learnt once.
  ///
  /// One sample, if what an answer is given begins with all that was said so far. Formats that leave earlier
  /// reasoning out of a prompt have a sample for each answer.
  ///
  /// - Throws: `InputError` for a conversation that does not end with an answer, or that the format can't express.
  public func samples(_ request: ChatRequest) throws -> [TrainingSample] {
    guard let last = request.messages.last, last.role == .assistant else {
      let role = request.messages.last?.role.rawValue
      throw InputError(
        "messages", expected: "a conversation whose last message is of role \"assistant\"",
        found: role.map { "\"\($0)\"" } ?? "no messages")
    }
    var finished: [TrainingSample] = []
    var sample = TrainingSample(tokens: [], weights: [])
    for (index, message) in request.messages.enumerated() where message.role == .assistant {
      let turn = try AnsweredTurn(
        request, answerAt: index, format: format)
      let prompt = tokens(of: turn.prompt)
      if !prompt.starts(with: sample.tokens) {
        finished.append(sample.withFreeStart)
        sample = TrainingSample(tokens: [], weights: [])
      }
      sample.append(prompt[sample.tokens.count...], weight: promptLossWeight)
      sample.append(tokens(of: turn.answer), weight: 1)
    }
    return finished + [sample.withFreeStart]
  }

  private func tokens(of rendered: RenderedPrompt) -> [Int32] {
    tokenizer.encode(rendered.text, special: .within(rendered.controlRanges))
  }
}

extension TrainingSample {
  fileprivate var withFreeStart: TrainingSample {
    var sample = self
    if !sample.weights.isEmpty { sample.weights[0] = 0 }
    return sample
  }
}

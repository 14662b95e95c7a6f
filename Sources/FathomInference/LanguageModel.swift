import FathomCore
import FathomModels
import FathomText

/// A checkpoint ready to talk: network, tokenizer and chat format.
///
/// Immutable and shared by any number of conversations.
public final class LanguageModel: Sendable {
  public let model: Model
  public var tokenizer: Tokenizer { text.tokenizer }

  private let text: CheckpointText
  private let format: Result<ChatFormat, any Error>

  /// Opens a checkpoint folder.
  ///
  /// - Parameters:
  ///   - format: name of the chat format; nil chooses it by the checkpoint's own template.
  ///   - placement: where the weights are while the model runs.
  /// - Throws: `InputError` or `InputErrors` for whatever is wrong with the files.
  public init(
    path: String, format: String? = nil, placement: WeightPlacement = .resident()
  ) throws {
    model = try Model(path: path, placement: placement)
    let text = try CheckpointText(path: path)
    self.text = text
    let detected = Result { try text.chatFormat(named: format) }
    // A template nobody knows only matters to those who chat; a name that is wrong matters at once.
    if format != nil { _ = try detected.get() }
    self.format = detected
    guard text.tokenizer.vocabularySize <= model.shape.vocabSize else {
      throw InputError(
        "tokenizer.json", expected: "at most vocab_size (\(model.shape.vocabSize)) tokens",
        found: "\(text.tokenizer.vocabularySize)")
    }
  }

  /// How conversations are written for this model.
  ///
  /// - Throws: `InputError` that names the formats if the checkpoint's template is none we know.
  public func chatFormat() throws -> ChatFormat { try format.get() }

  /// A conversation as tokens.
  ///
  /// Only what the format itself wrote can become a control token; the same characters inside a message stay text. Arguments
  /// of earlier calls are written as the model was taught to write them, whichever way they came.
  public func encode(_ request: ChatRequest, _ options: RenderOptions = RenderOptions()) throws
    -> (prompt: RenderedPrompt, tokens: [Int32])
  {
    let format = try chatFormat()
    let prompt = try format.render(format.readingArguments(of: request), options)
    return (prompt, tokenizer.encode(prompt.text, special: .within(prompt.controlRanges)))
  }

  /// Plain text as tokens, behind the beginning-of-sentence token where the checkpoint wants one.
  public func encode(_ text: String) -> [Int32] {
    beginningOfText + tokenizer.encode(text, special: .none)
  }

  /// The beginning-of-sentence token, where the checkpoint wants one.
  var beginningOfText: [Int32] {
    tokenizer.addsBosToken ? tokenizer.bosID.map { [$0] } ?? [] : []
  }

  /// Tokens that end an answer: those of `generation_config.json`, and those of the chat format.
  public var stopTokens: Set<Int32> {
    var stops = Set(model.checkpoint.generation.eosTokenIDs.compactMap { Int32(exactly: $0) })
    if let eos = tokenizer.eosID { stops.insert(eos) }
    if case .success(let format) = format {
      stops.formUnion(format.stopTokens.compactMap { tokenizer.id(of: $0) })
    }
    return stops
  }

  /// What `generation_config.json` suggests.
  public var suggestedSampling: SamplingOptions {
    let suggestion = model.checkpoint.generation
    var sampling = SamplingOptions()
    if suggestion.doSample == false { sampling.temperature = 0 }
    if suggestion.doSample != false, let value = suggestion.temperature {
      sampling.temperature = value
    }
    if let value = suggestion.topP, value > 0 { sampling.topP = value }
    if let value = suggestion.topK { sampling.topK = value }
    if let value = suggestion.minP { sampling.minP = value }
    if let value = suggestion.repetitionPenalty { sampling.repetitionPenalty = value }
    return sampling
  }

  /// Options for an answer of this model: its suggested sampling and its stop tokens.
  public var suggestedOptions: GenerationOptions {
    var options = GenerationOptions()
    options.sampling = suggestedSampling
    options.stopTokens = stopTokens
    options.maxTokens = model.checkpoint.generation.maxNewTokens
    return options
  }

  /// How a session of this model runs best: a network whose weights fit a core's cache is done with a token before a
  /// second thread has heard of it. The number of threads never changes a result.
  public var suggestedRuntime: RuntimeOptions {
    var options = RuntimeOptions()
    if model.activeParameterCount < 4_000_000 { options.threads = 1 }
    return options
  }
}

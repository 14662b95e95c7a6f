import ArgumentParser
import Fathom
import Foundation

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Answers one prompt.",
    usage: "fathom run [--model <folder>] [<options>] [<prompt>]",
    discussion: """
      The prompt is an argument or comes on standard input, and is written in the checkpoint's chat format. \
      Reasoning is dimmed on a terminal, and stands between <think> and </think> elsewhere.

      Examples:
        fathom run "Ana has 47 apples and buys 35 more. How many now?"
        fathom run --model DIR "Why is the sky blue?"
        git diff | fathom run --model DIR --system "Review this change."
        fathom run --model DIR --messages talk.json --json
        fathom run --model DIR --raw "Once upon a time" --max-tokens 64
        fathom run --model DIR --tokens 0,17,42 --max-tokens 24 --temperature 0 --json
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var weights: PlacementArguments

  @Argument(help: "The prompt. (default: standard input)")
  var prompt: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Token ids instead of a prompt, as 1,2,3; continued as they are.", valueName: "ids"))
  var tokens: TokenList?

  @Option(
    help: ArgumentHelp(
      "A conversation instead of a prompt, as fathom render reads it, tools included; - reads standard input.",
      valueName: "file"))
  var messages: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("A system message.", valueName: "text"))
  var system: String?

  @Flag(help: "Continue the prompt as plain text, without a chat format.")
  var raw = false

  @Flag(help: "Fold reasoning to one line; leave it out where output is no terminal.")
  var fold = false

  @OptionGroup var chat: FormatArguments
  @OptionGroup var sampling: SamplingArguments
  @OptionGroup var runtime: RuntimeArguments

  @Flag(help: "Print one JSON object instead of streaming text.")
  var json = false

  func run() throws {
    let sources = [prompt != nil, tokens != nil, messages != nil].filter(\.self)
    guard sources.count <= 1 else {
      throw InputError(
        "arguments", expected: "one of a prompt, --tokens and --messages",
        found: "\(sources.count) of them")
    }
    let language = try weights.open(try model.orBuiltIn(), format: chat.format)
    let options = try sampling.options(for: language)
    let conversation = try Conversation(
      language, runtime: runtime.options(for: language), drafts: options.drafting != .off)
    let display = AnswerDisplay(isSilent: json, foldsReasoning: fold)
    let result = try Interrupts.handled { try answer(conversation, options, display) }
    if json {
      try Terminal.line(result.json(for: language, draft: options.drafting).text())
    } else {
      try display.finish()
      if Terminal.isOutput { Terminal.note(result.generation.statistics.summary, .dim) }
    }
    if result.generation.finishReason == .cancelled { throw Interrupted() }
  }

  private func answer(
    _ conversation: Conversation, _ options: GenerationOptions, _ display: AnswerDisplay
  ) throws -> RunResult {
    let isCancelled = { Interrupts.isRaised || display.isClosed }
    if tokens != nil || raw {
      let ids = try tokens?.tokens ?? conversation.model.encode(try text())
      display.begin()
      let (text, generation) = try conversation.complete(
        ids, options: options, progress: display.progress, isCancelled: isCancelled,
        onText: { display.show(.content($0)) })
      return RunResult(text: text, message: nil, generation: generation)
    }
    let request = try request()
    display.begin()
    let answer = try conversation.respond(
      to: request, options: options, rendering: RenderOptions(thinking: chat.thinking?.isOn),
      progress: display.progress, isCancelled: isCancelled, onEvent: display.show)
    return RunResult(text: answer.text, message: answer.message, generation: answer.generation)
  }

  private func request() throws -> ChatRequest {
    var request = ChatRequest(messages: [])
    if let messages {
      request = try ConversationFile.read(messages)
    } else {
      let text = try text()
      guard !text.isEmpty else {
        throw InputError("prompt", expected: "text", found: "none")
      }
      request.messages = [.user(text)]
    }
    if let system { request.messages.insert(.system(system), at: 0) }
    return request
  }

  private func text() throws -> String {
    if let prompt { return prompt }
    if Terminal.isInput { Terminal.note("Type the prompt; Ctrl-D ends it.", .dim) }
    let text = try StandardInput.readAll()
    return text.last == "\n" || text.last == "\r\n" ? String(text.dropLast()) : text
  }
}

/// What `fathom run` found, and its machine form.
struct RunResult {
  let text: String
  /// The parsed answer; nil where tokens or plain text were continued.
  let message: ChatMessage?
  let generation: Generation

  func json(for language: LanguageModel, draft: Drafting) -> JSON {
    let statistics = generation.statistics
    var object = JSONObject([
      "tokens": .array(generation.tokens.map { .integer(Int($0)) }),
      "text": .string(text),
    ])
    if let message {
      if let reasoning = message.reasoningContent {
        object["reasoning_content"] = .string(reasoning)
      }
      object["content"] = message.content.map { .string($0) } ?? .null
      if !message.toolCalls.list.isEmpty {
        object["tool_calls"] = .array(message.toolCalls.list.map(\.json))
      }
    }
    object["finish_reason"] = .string(generation.finishReason.rawValue)
    object["seed"] = .integer(Int(clamping: generation.seed))
    object["usage"] = .object(
      JSONObject([
        "prompt_tokens": .integer(statistics.promptTokens),
        "completion_tokens": .integer(statistics.completionTokens),
        "total_tokens": .integer(statistics.promptTokens + statistics.completionTokens),
      ]))
    var timings = JSONObject([
      "prefill_seconds": .double(statistics.prefillSeconds),
      "decode_seconds": .double(statistics.decodeSeconds),
      "time_to_first_token_seconds": .double(statistics.timeToFirstTokenSeconds),
      "prefill_tokens_per_second": .optional(statistics.prefillTokensPerSecond),
      "decode_tokens_per_second": .optional(statistics.decodeTokensPerSecond),
      "cache_bytes": .integer(statistics.cacheBytes),
      "steps": .integer(statistics.steps),
    ])
    if draft != .off, language.model.hasMultiTokenPrediction {
      timings["drafted_tokens"] = .integer(statistics.draftedTokens)
      timings["accepted_tokens"] = .integer(statistics.acceptedTokens)
      timings["acceptance"] = .optional(statistics.acceptance)
      timings["tokens_per_step"] = .optional(statistics.tokensPerStep)
    }
    object["timings"] = .object(timings)
    return .object(object)
  }
}

extension JSON {
  static func optional(_ value: Double?) -> JSON { value.map { .double($0) } ?? .null }
}

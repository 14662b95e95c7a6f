import FathomCore
import FathomText

/// What is settled about a tokenizer before its merges are learnt: control tokens, and how text is cut into pieces.
public struct TokenizerDesign: Sendable, Equatable {
  /// A token that stands for itself.
  public struct Control: Sendable, Equatable {
    public let text: String
    /// Left out of decoded text on request.
    public let isSpecial: Bool

    public init(_ text: String, isSpecial: Bool = false) {
      self.text = text
      self.isSpecial = isSpecial
    }
  }

  /// Ids from 0 on.
  public var controls: [Control]
  public var bos: String?
  public var eos: String?
  public var pad: String?
  /// Keeps each of `{ } [ ] " : ,` apart from what stands beside it.
  public var isolatesJSONPunctuation: Bool
  /// What `tokenizer_config.json` states as `model_max_length`.
  public var maximumTokens: Int
  public var chatTemplate: String?

  public init(
    controls: [Control], bos: String? = nil, eos: String? = nil, pad: String? = nil,
    isolatesJSONPunctuation: Bool = false, maximumTokens: Int = 4096, chatTemplate: String? = nil
  ) {
    self.controls = controls
    self.bos = bos
    self.eos = eos
    self.pad = pad
    self.isolatesJSONPunctuation = isolatesJSONPunctuation
    self.maximumTokens = maximumTokens
    self.chatTemplate = chatTemplate
  }

  /// The names of DeepSeek-R1's control tokens, and R1's chat format.
  ///
  /// As in the released files only the ends of a sentence and the padding are special: decoding never hides `<think>`.
  public static let deepSeek = TokenizerDesign(
    controls: [
      Control(Mark.beginOfSentence, isSpecial: true), Control(Mark.endOfSentence, isSpecial: true),
      Control(padding, isSpecial: true), Control(Mark.user), Control(Mark.assistant),
      Control(Mark.think), Control(Mark.endThink), Control(Mark.toolCallsBegin),
      Control(Mark.toolCallsEnd), Control(Mark.toolCallBegin), Control(Mark.toolCallEnd),
      Control(Mark.toolSeparator), Control(Mark.toolOutputsBegin), Control(Mark.toolOutputsEnd),
      Control(Mark.toolOutputBegin), Control(Mark.toolOutputEnd),
    ], bos: Mark.beginOfSentence, eos: Mark.endOfSentence, pad: padding,
    chatTemplate: reasoningTemplate)

  private static let padding = "<｜▁pad▁｜>"

  /// Renders as `ChatFormat.deepSeekR1` does conversations without tools, and refuses those with.
  private static let reasoningTemplate =
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    + "{{ bos_token }}{% set ns = namespace(is_first=true) %}"
    + "{% for message in messages %}{% if message['role'] == 'system' %}"
    + "{% if ns.is_first %}{% set ns.is_first = false %}{% else %}{{ '\\n\\n' }}{% endif %}"
    + "{{ message['content'] }}{% endif %}{% endfor %}"
    + "{% for message in messages %}{% if message['role'] == 'user' %}"
    + "{{ '\(Mark.user)' + message['content'] }}"
    + "{% elif message['role'] == 'assistant' and not ('tool_calls' in message) %}"
    + "{{ '\(Mark.assistant)' + message['content'].split('\(Mark.endThink)')[-1] + eos_token }}"
    + "{% elif message['role'] != 'system' %}{{ raise_exception('tool_calls') }}{% endif %}{% endfor %}"
    + "{% if add_generation_prompt %}{{ '\(Mark.assistant)\(Mark.think)\\n' }}{% endif %}"
}

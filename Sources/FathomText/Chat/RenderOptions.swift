/// How a conversation is rendered.
public struct RenderOptions: Sendable, Equatable {
  /// Ends the prompt where the assistant's answer begins.
  public var addGenerationPrompt: Bool
  /// Ends the prompt inside the last message, if that is an assistant's with `prefix`, so that the model goes on with it.
  /// Templates close such a message like any other.
  public var continuesPrefix = false
  /// The switch that V3.1 and V3.2 read first; nil leaves it to the format.
  public var thinking: Bool?
  /// The switch as R1-Distill-Qwen reads it, and V3.1 and V3.2 where `thinking` is nil.
  public var enableThinking: Bool?

  /// - Parameter thinking: sets the switch under both of its names.
  public init(addGenerationPrompt: Bool = true, thinking: Bool? = nil) {
    self.init(
      addGenerationPrompt: addGenerationPrompt, thinking: thinking, enableThinking: thinking)
  }

  package init(addGenerationPrompt: Bool, thinking: Bool?, enableThinking: Bool?) {
    self.addGenerationPrompt = addGenerationPrompt
    self.thinking = thinking
    self.enableThinking = enableThinking
  }
}

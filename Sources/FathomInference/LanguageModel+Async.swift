import FathomCore
import FathomText
import Foundation
import Synchronization

extension LanguageModel {
  /// Answers a conversation; events come as they are certain. Ending the loop early stops the model.
  ///
  /// The work runs on a thread of its own, never on Swift's cooperative pool.
  ///
  /// - Parameters:
  ///   - options: nil takes what the checkpoint suggests.
  ///   - runtime: nil takes what suits the model's size.
  public func respond(
    to messages: [ChatMessage], tools: [ToolDefinition] = [], options: GenerationOptions? = nil,
    rendering: RenderOptions = RenderOptions(), runtime: RuntimeOptions? = nil
  ) -> AsyncThrowingStream<ResponseEvent, any Error> {
    AsyncThrowingStream { continuation in
      let isOver = Flag()
      continuation.onTermination = { _ in isOver.raise() }
      let thread = Thread { [self] in
        do {
          let conversation = try Conversation(self, runtime: runtime ?? suggestedRuntime)
          _ = try conversation.respond(
            to: ChatRequest(messages: messages, tools: tools),
            options: options ?? suggestedOptions, rendering: rendering,
            isCancelled: { isOver.isRaised }, onEvent: { continuation.yield($0) })
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      thread.name = "fathom-answer"
      thread.stackSize = 8 << 20
      thread.start()
    }
  }
}

/// A switch that goes on once.
private final class Flag: Sendable {
  private let value = Atomic(false)
  func raise() { value.store(true, ordering: .relaxed) }
  var isRaised: Bool { value.load(ordering: .relaxed) }
}

import Fathom

// Load a checkpoint folder, look at tokens and prompt, and stream an answer.
let folder = CommandLine.arguments.dropFirst().first ?? "DeepSeek-R1-Distill-Qwen-1.5B"
let model = try LanguageModel(path: folder)
print("tokens:", model.encode("Hello, world"))

let question = ChatMessage.user("Why is the sky blue?")
print("prompt:", try model.encode(ChatRequest(messages: [question])).prompt.text)

var options = model.suggestedOptions
options.maxTokens = 48
for try await event in model.respond(to: [question], options: options) {
  switch event {
  case .reasoning(let text), .content(let text): print(text, terminator: "")
  case .toolCall(_, let name): print("\ncall \(name) with ", terminator: "")
  case .toolArguments(_, let text): print(text, terminator: "")
  case .malformedToolCall(let text): print("no call: \(text)")
  }
}
print()

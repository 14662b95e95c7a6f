import Fathom

// Ask the model that comes with the package. A build from sources without its weights has none, and says so.
let question =
  CommandLine.arguments.dropFirst().first
  ?? "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?"
print("›", question)

do {
  let model = try LanguageModel.builtIn()
  for try await event in model.respond(to: [.user(question)]) {
    switch event {
    case .reasoning(let text), .content(let text): print(text, terminator: "")
    case .toolCall, .toolArguments, .malformedToolCall: break
    }
  }
  print()
} catch let error as InputError {
  print("no answer:", error)
}

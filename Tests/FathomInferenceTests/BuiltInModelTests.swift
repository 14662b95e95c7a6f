import FathomCore
import FathomInference
import FathomText
import Foundation
import GoldenSupport
import Testing

@Suite struct BuiltInModelTests {
  private func folder(_ files: [String]) throws -> Result<String, InputError> {
    try TemporaryFolder.with { root in
      let model = "\(root)/b/\(BuiltInModel.bundleName)/model"
      if !files.isEmpty {
        try FileManager.default.createDirectory(
          atPath: model, withIntermediateDirectories: true)
      }
      for file in files { try TemporaryFolder.write([], to: "\(model)/\(file)") }
      do {
        let places = ["a", "b"].map { URL(filePath: root).appending(path: $0) }
        return .success(String(try BuiltInModel.folder("model", in: places).dropFirst(root.count)))
      } catch let error as InputError {
        return .failure(error)
      }
    }
  }

  @Test func `it is found in the first place that has it`() throws {
    let path = try folder(["model.safetensors", "config.json"]).get()
    #expect(path == "/b/\(BuiltInModel.bundleName)/model")
    #expect(BuiltInModel.name(of: path) == "built-in" && BuiltInModel.name(of: "/b/model") == nil)
  }

  @Test func `the model it was made from is there too, under a name of its own`() throws {
    let base = try #require(try BuiltInModel.folder(named: "built-in-base"))
    #expect(BuiltInModel.name(of: base) == "built-in-base")
    #expect(try BuiltInModel.folder(named: "built-in") == BuiltInModel.folder())
    #expect(try BuiltInModel.folder(named: "model") == nil)
    let weights = try [base, BuiltInModel.folder()].map {
      try Data(contentsOf: URL(filePath: $0).appending(path: "model.safetensors"))
    }
    #expect(weights[0] != weights[1])
  }

  @Test func `a build without weights and a program without its bundle say what is missing`() throws
  {
    #expect(throws: InputError.self) { try folder(["MODEL_CARD.md"]).get() }
    guard case .failure(let bare) = try folder(["MODEL_CARD.md"]) else { return }
    #expect(bare.description.contains("a build without a built-in model"))
    guard case .failure(let lost) = try folder([]) else {
      Issue.record("found without a bundle")
      return
    }
    #expect(lost.description.contains("beside the program") && lost.finding.hasSuffix("/a"))
  }

  @Test func `it answers greedily, with thoughts, and stops`() throws {
    let model = try LanguageModel.builtIn()
    let options = model.suggestedOptions
    #expect(options.sampling.temperature == 0 && options.maxTokens == 512)
    #expect(model.suggestedRuntime.threads == 1)
    #expect(model.model.hasMultiTokenPrediction)
    let conversation = try Conversation(model, runtime: model.suggestedRuntime)
    let question = "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?"
    let request = ChatRequest(messages: [.user(question)])
    let answer = try conversation.respond(to: request, options: options)
    #expect(answer.generation.finishReason == .stop)
    #expect(answer.message.reasoningContent?.contains("47+35") == true, "\(answer.text)")
    #expect(answer.message.content == "64 apples")
    let again = try Conversation(model).respond(to: request, options: options)
    #expect(again.text == answer.text)
  }
}

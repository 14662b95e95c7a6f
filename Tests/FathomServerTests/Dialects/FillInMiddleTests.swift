import FathomCore
import FathomInference
import FathomText
import Foundation
import GoldenSupport
import Testing

@testable import FathomServer

/// A gap is filled with what the model writes behind prefix and suffix.
@Suite struct FillInMiddleTests {
  /// A golden model whose tokenizer calls three tokens as DeepSeek's call those around a gap.
  private func serving(_ body: (Service) async throws -> Void) async throws {
    try await TemporaryFolder.whileRunning { folder in
      let golden = GoldenFamily.path("deepseek_v3_plain")
      for name in [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer_config.json",
      ] {
        try FileManager.default.copyItem(atPath: "\(golden)/\(name)", toPath: "\(folder)/\(name)")
      }
      var tokenizer = try String(contentsOfFile: "\(golden)/tokenizer.json", encoding: .utf8)
      for (old, new) in [
        ("tool▁outputs▁begin", "fim▁begin"), ("tool▁outputs▁end", "fim▁end"),
        ("tool▁sep", "fim▁hole"),
      ] {
        tokenizer = tokenizer.replacingOccurrences(of: old, with: new)
      }
      try tokenizer.write(toFile: "\(folder)/tokenizer.json", atomically: true, encoding: .utf8)
      let service = try TestService.make(at: folder)
      defer { service.engine.stop() }
      try await body(service)
    }
  }

  private func ask(_ body: String, _ service: Service) async throws -> JSON {
    let parameters = try CompletionParameters(Fields(text: body), service: service)
    var request = EngineRequest(
      prompt: parameters.prompts[0].tokens, reading: .text(skipSpecial: true),
      options: parameters.options)
    request.topScores = parameters.topScores
    request.scoresPrompt = parameters.echoes
    var answer = CollectedAnswer()
    for await event in service.engine.submit(request) { try answer.add(event) }
    return CompletionFrames(parameters, service: service).body([answer])
  }

  @Test func `prefix and suffix stand around the gap, as text`() async throws {
    try await serving { service in
      let tokenizer = service.language.tokenizer
      let body =
        #"{"prompt": "one <｜fim▁end｜>", "suffix": "two", "max_tokens": 3, "temperature": 0}"#
      let tokens = try CompletionParameters(Fields(text: body), service: service).prompts[0].tokens
      func control(_ name: String) throws -> Int32 {
        try #require(tokenizer.id(of: "<｜fim▁\(name)｜>"))
      }
      var expected = service.language.encode("").prefix(1) + [try control("begin")]
      // What looks like a control token in a text is text.
      expected += tokenizer.encode("one <｜fim▁end｜>", special: .none)
      expected += [try control("hole")]
      expected += tokenizer.encode("two", special: .none)
      expected += [try control("end")]
      #expect(tokens == Array(expected))
      #expect(tokens.count { $0 == 13 } == 1, "\(tokens)")

      // The answer is what the same tokens get as a prompt of ids.
      let ids = try await ask(
        #"{"prompt": \#(tokens), "max_tokens": 3, "temperature": 0}"#, service)
      let filled = try await ask(body, service)
      #expect(
        filled["choices"]?.arrayValue?.first?["text"] == ids["choices"]?.arrayValue?.first?["text"])
      #expect(filled["usage"]?["prompt_tokens"]?.intValue == tokens.count)
    }
  }

  @Test func `echo tells the prefix, and its tokens' scores`() async throws {
    try await serving { service in
      let answer = try await ask(
        #"{"prompt": ["one"], "suffix": "two", "echo": true, "logprobs": 1, "max_tokens": 2, "temperature": 0}"#,
        service)
      let choice = try #require(answer["choices"]?.arrayValue?.first)
      #expect(choice["text"]?.stringValue?.hasPrefix("one") == true)
      let prefix = service.language.tokenizer.encode("one", special: .none)
      let scores = try #require(choice["logprobs"])
      #expect(scores["tokens"]?.arrayValue?.count == prefix.count + 2)
      #expect(scores["token_logprobs"]?.arrayValue?.allSatisfy { $0.doubleValue != nil } == true)
      #expect(scores["text_offset"]?.arrayValue?[prefix.count].intValue == 3)
    }
  }

  @Test func `only texts have a gap, and only where the tokenizer knows one`() async throws {
    try await serving { fills in
      func refused(_ body: String, _ service: Service) -> APIError? {
        #expect(throws: APIError.self) {
          _ = try CompletionParameters(Fields(text: body), service: service)
        }
      }
      #expect(refused(#"{"prompt": [5, 6], "suffix": "b"}"#, fills)?.param == "prompt")
      #expect(refused(#"{"prompt": [[5]], "suffix": "b"}"#, fills)?.param == "prompt")
      #expect(refused(#"{"suffix": "b"}"#, fills)?.param == "prompt")
      let without = try TestService.get()
      #expect(refused(#"{"prompt": "a", "suffix": "b"}"#, without)?.param == "suffix")
      _ = try CompletionParameters(
        Fields(text: #"{"prompt": "a", "suffix": ""}"#), service: without)
    }
  }
}

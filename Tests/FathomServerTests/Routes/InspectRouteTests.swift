import FathomCore
import FathomInference
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import FathomServer

/// One at a time, since a service has one line for inspections.
@Suite(.serialized) struct InspectRouteTests {
  private static func frames(_ service: Service, _ body: String) async throws -> [JSON] {
    try await Asked.lines(try await Asked(service).response("/inspect", body, Routes.inspect))
  }

  private static func kinds(_ frames: [JSON]) -> [String] {
    frames.compactMap { $0["kind"]?.stringValue }
  }

  private static func frames(_ frames: [JSON], of kind: String) -> [JSON] {
    frames.filter { $0["kind"]?.stringValue == kind }
  }

  /// The members of each kind of frame, as docs/inspect.md lists them.
  private static let members: [String: [String]] = [
    "model": [
      "kind", "id", "layers", "heads", "hidden", "vocabulary", "latent", "experts",
      "first_mixture_layer", "drafts",
    ],
    "tokens": ["kind", "tokens"],
    "attention": ["kind", "layer", "heads", "probabilities", "latent", "rotary"],
    "routing": ["kind", "layer", "tokens"],
    "cache": [
      "kind", "tokens", "bytes", "bytes_per_token", "plain_bytes", "plain_bytes_per_token", "type",
    ],
    "lens": ["kind", "layer", "top"],
    "step": ["kind", "index", "stages", "chosen"],
    "draft": ["kind", "index", "drafted", "accepted", "instead"],
    "done": ["kind", "usage", "drafts"],
  ]

  @Test(arguments: [
    ("deepseek_v3_mtp", [0, 1, 2], [1, 2]), ("deepseek_v2_group", [0, 1, 2], [1, 2]),
    ("qwen2", [0, 1, 2], []),
  ])
  func `frames are lines with the members that are promised`(
    family: String, layers: [Int], mixtures: [Int]
  ) async throws {
    let service = try TestService.make(family)
    let response = try await Asked(service).response(
      "/inspect", #"{"prompt": "Hello there, you", "max_tokens": 5, "top": 3}"#, Routes.inspect)
    #expect(response.status == .ok)
    #expect(response.headers[.contentType] == "application/x-ndjson")
    let frames = try await Asked.lines(response)
    let isDense = mixtures.isEmpty
    for frame in frames {
      let kind = try #require(frame["kind"]?.stringValue)
      var members = try #require(Self.members[kind])
      if isDense, kind == "attention" { members.append("scores") }
      #expect(frame.objectValue?.members.map(\.key) == members)
    }
    let tokens = try #require(Self.frames(frames, of: "tokens").first?["tokens"]?.arrayValue)
    #expect(
      tokens.compactMap { $0["id"]?.intValue }.map(Int32.init)
        == service.language.encode("Hello there, you"))
    #expect(Self.frames(frames, of: "attention").compactMap { $0["layer"]?.intValue } == layers)
    #expect(Self.frames(frames, of: "routing").compactMap { $0["layer"]?.intValue } == mixtures)
    for frame in Self.frames(frames, of: "attention") {
      #expect(frame["latent"]?.isNull == isDense && frame["rotary"]?.isNull == isDense)
      for name in isDense ? ["probabilities", "scores"] : ["probabilities", "latent", "rotary"] {
        let heads = try #require(frame[name]?.arrayValue)
        #expect(heads.count == frame["heads"]?.intValue)
        for head in heads {
          #expect(head.arrayValue?.map { $0.arrayValue?.count } == (1...tokens.count).map { $0 })
        }
      }
    }
    for frame in Self.frames(frames, of: "routing") {
      #expect(frame["tokens"]?.arrayValue?.count == tokens.count)
      let token = try #require(frame["tokens"]?[0])
      #expect(
        token.objectValue?.members.map(\.key) == [
          "experts", "weights", "groups", "scores", "biased",
        ])
    }
    let steps = Self.frames(frames, of: "step")
    #expect(steps.count == 5 && steps[0]["stages"]?[0]?["top"]?.arrayValue?.count == 3)
    #expect(Self.kinds(frames).last == "done")
  }

  /// The numbers are those of another route, in the last digit.
  @Test(arguments: [
    #""temperature": 0"#,
    #""temperature": 1.2, "top_k": 60, "top_p": 0.9, "min_p": 0.002, "seed": 77"#,
    #""temperature": 1, "seed": -5"#,
  ])
  func `tokens and probabilities are those of completions`(sampling: String) async throws {
    let service = try TestService.get()
    let body = #"{"prompt": "Once upon a time", "max_tokens": 9, \#(sampling)"#
    let frames = try await Self.frames(service, body + #", "top": 5}"#)
    let response = try await Asked(service).response(
      "/v1/completions", body + #", "logprobs": 5, "echo": true}"#, Routes.completion)
    let answer = try #require(try await Asked.lines(response).first?["choices"]?[0]?["logprobs"])
    let steps = Self.frames(frames, of: "step")
    let prompt = try #require(Self.frames(frames, of: "tokens")[0]["tokens"]?.arrayValue).count
    let logprobs = try #require(answer["token_logprobs"]?.arrayValue?.dropFirst(prompt))
    #expect(
      steps.compactMap { $0["chosen"]?["log_probability"]?.doubleValue }
        == logprobs.compactMap(\.doubleValue))
    let texts = try #require(answer["tokens"]?.arrayValue)
    let tokens = Self.frames(frames, of: "tokens")[0]["tokens"]?.arrayValue ?? []
    for (token, text) in zip(tokens.map { $0["text"] } + steps.map { $0["chosen"]?["text"] }, texts)
    where text.stringValue?.hasPrefix("bytes:") == false {
      #expect(token == text)
    }
    let first = steps[0]["stages"]?[0]?["top"]
    #expect(Self.frames(frames, of: "lens").last?["top"] == first)
    let likeliest = try #require(first?[0]?["probability"]?.doubleValue)
    let top = try #require(answer["top_logprobs"]?[prompt]?.objectValue)
    let largest = try #require(top.members.compactMap(\.value.doubleValue).max())
    #expect(likeliest == exp(largest))
  }

  @Test func `messages are read in the model's own format`() async throws {
    let service = try TestService.get()
    let messages = #"{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 0}"#
    let frames = try await Self.frames(service, messages)
    let response = try await Asked(service).response(
      "/apply-template", messages.replacing(#", "max_tokens": 0"#, with: ""), Routes.applyTemplate)
    let prompt = try await Asked.lines(response).first?["prompt"]?.stringValue
    let tokens = Self.frames(frames, of: "tokens")[0]["tokens"]?.arrayValue ?? []
    #expect(tokens.compactMap { $0["text"]?.stringValue }.joined() == prompt)
    #expect(tokens.first?["special"] == .bool(true))
    #expect(!Self.kinds(frames).contains("step"))
  }

  @Test func `the layers asked for are shown, and as many candidates`() async throws {
    let frames = try await Self.frames(
      try TestService.get(), #"{"prompt": "Hi", "layers": [2, 1.0], "top": 1, "max_tokens": 1}"#)
    #expect(Self.frames(frames, of: "attention").compactMap { $0["layer"]?.intValue } == [1, 2])
    #expect(Self.frames(frames, of: "lens").allSatisfy { $0["top"]?.arrayValue?.count == 1 })
  }

  // MARK: What is refused

  @Test(arguments: [
    (#"{}"#, 400, "prompt"),
    (#"{"prompt": null}"#, 400, "prompt"),
    (#"{"prompt": "a", "messages": [{"role": "user", "content": "a"}]}"#, 400, "prompt"),
    (#"{"prompt": ["a"]}"#, 400, "prompt"),
    (#"{"prompt": [1, 2]}"#, 400, "prompt"),
    (#"{"messages": []}"#, 400, "messages"),
    (#"{"messages": "hi"}"#, 400, "messages"),
    (#"{"prompt": "a", "max_tokens": 65}"#, 422, "max_tokens"),
    (#"{"prompt": "a", "max_tokens": -1}"#, 422, "max_tokens"),
    (#"{"prompt": "a", "max_tokens": "8"}"#, 400, "max_tokens"),
    (#"{"prompt": "a", "top": 0}"#, 422, "top"),
    (#"{"prompt": "a", "top": 51}"#, 422, "top"),
    (#"{"prompt": "a", "temperature": 3}"#, 422, "temperature"),
    (#"{"prompt": "a", "layers": [3]}"#, 400, "layers"),
    (#"{"prompt": "a", "layers": [-1]}"#, 400, "layers"),
    (#"{"prompt": "a", "layers": ["0"]}"#, 400, "layers"),
    (#"{"prompt": "a", "layers": 1}"#, 400, "layers"),
    (#"{"prompt": "a", "layers": [0, 1, 2, 0]}"#, 422, "layers"),
    (#"{"prompt": "a", "layers": [9223372036854775807]}"#, 400, "layers"),
    (#"[]"#, 400, nil),
  ])
  func `what is no request is refused by name`(
    body: String, status: Int, param: String?
  ) async throws {
    let service = try TestService.get()
    do {
      _ = try await Asked(service).response("/inspect", body, Routes.inspect)
      Issue.record("\(body) was taken")
    } catch {
      let error = APIError(error)
      #expect(error.status.code == status && error.param == param, "\(body): \(error)")
    }
  }

  @Test func `a prompt of more than 128 tokens is refused`() async throws {
    let words = String(repeating: "x", count: 4000)
    let escaped = #"{"messages": [{"role": "user", "content": "\#(words)"}]}"#
    for body in [#"{"prompt": "\#(words)"}"#, escaped] {
      do {
        _ = try await Asked(try TestService.get()).response("/inspect", body, Routes.inspect)
        Issue.record("a long prompt was taken")
      } catch {
        let error = APIError(error)
        #expect(error.status == .badRequest && error.param == "prompt")
        #expect(error.message.hasPrefix("prompt: expected 1 to 128 tokens, found "))
      }
    }
  }

  // MARK: Who leaves

  @Test func `a client that hangs up on the way ends the inspection`() async throws {
    let service = try TestService.make("deepseek_v3_mtp")
    let asked = Asked(service)
    let response = try await asked.response(
      "/inspect", #"{"prompt": "Hello", "max_tokens": 64}"#, Routes.inspect)
    let hangUp = asked.hangUp
    let frames = try await Asked.lines(response) { if $0 == 3 { hangUp.happen() } }
    #expect(frames.count < 10 && !Self.kinds(frames).contains("done"))
    #expect(try await Self.isIdle(service))
  }

  @Test func `a client that is gone before its turn leaves the line`() async throws {
    let service = try TestService.make("deepseek_v3_mtp")
    let body = #"{"prompt": "Hello", "max_tokens": 1}"#
    // Its first line came, and nobody reads the others.
    let first = Asked(service)
    let response = try await first.response("/inspect", body, Routes.inspect)
    let gone = Asked(service)
    gone.hangUp.happen()
    let empty = try await gone.response("/inspect", body, Routes.inspect)
    #expect(try await Asked.lines(empty).isEmpty)
    #expect(try await Self.kinds(Asked.lines(response)).last == "done")
    #expect(try await Self.isIdle(service))
  }

  /// An inspection that fails after its first line says so in its last.
  @Test func `what fails on the way is the last line`() async throws {
    let service = try TestService.make("deepseek_v3_mtp")
    let response = try await Asked(service).response(
      "/inspect", #"{"prompt": "Hello", "max_tokens": 64}"#, Routes.inspect)
    service.inspector.stop()
    let last = try #require(try await Asked.lines(response).last)
    #expect(
      last.text() == #"{"kind":"error","message":"the server is shutting down"}"#)
    await #expect(throws: EngineFailure.shutDown) {
      try await Asked(service).response("/inspect", #"{"prompt": "Hello"}"#, Routes.inspect)
    }
  }

  private static func isIdle(_ service: Service) async throws -> Bool {
    for _ in 0..<4000 where service.inspector.isBusy {
      try await Task.sleep(for: .milliseconds(5))
    }
    return !service.inspector.isBusy
  }
}

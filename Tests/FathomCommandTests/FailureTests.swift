import Foundation
import GoldenSupport
import Testing

/// Exit status 2 for bad input, the reason in the first line of standard error, nothing on standard output.
@Suite struct FailureTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let arguments: [String]
    let input: String
    let says: String

    init(_ arguments: String..., input: String = "", says: String) {
      self.arguments = arguments
      self.input = input
      self.says = says
    }

    var testDescription: String { "fathom \(arguments.joined(separator: " ").prefix(80))" }
  }

  /// `MODEL` stands for a golden checkpoint.
  static let cases: [Case] = [
    Case("frobnicate", says: "expected one of chat, run,"),
    Case("inspect", says: "option --model"),
    Case("map", says: "--examples"),
    Case("map", "--examples", "nowhere.json", says: "nowhere.json"),
    Case("map", "--examples", "-", input: "[]", says: "two or three pairs, found none"),
    Case("map", "--examples", "-", input: "{}", says: "found an empty object"),
    Case("map", "--examples", "-", input: "[{\"input\": {}}]", says: "pair 1: expected an object"),
    Case("map", "--examples", "-", input: "[{", says: "standard input, byte"),
    Case(
      "map", "--examples", "-", input: "[{\"input\": 1, \"output\": 2}]",
      says: "expected an object or array"),
    Case("map", "--examples", "-", "--samples", "0", says: "--samples"),
    Case("map", "--examples", "-", "--only", "luck", says: "luck"),
    Case("run", "--model", "nowhere/at/all", "Hi", says: "model \"nowhere/at/all\""),
    Case("run", "--model", "deepseek-ai/DeepSeek-V3", "Hi", says: "downloaded before"),
    Case("run", "--model", "", "Hi", says: "model path"),
    Case("run", "--model", "/dev/null", "Hi", says: "expected a model folder"),
    Case("run", "--model", "MODEL/../qwen2/../../scripts", "Hi", says: "config.json"),
    Case("tokenize", "--model", "nowhere", says: "nothing there"),
    Case("inspect", "--model", "nowhere", says: "nothing there"),
    Case("logits", "--model", "nowhere", "--tokens", "1", says: "nothing there"),
    Case("render", "--model", "nowhere", "-", says: "nothing there"),
    Case("chat", "--model", "nowhere", says: "nothing there"),
    // Tokens.
    Case("run", "--model", "MODEL", "--tokens", "1,2,x", says: "1,2,x"),
    Case("run", "--model", "MODEL", "--tokens", "", says: "--tokens"),
    Case("run", "--model", "MODEL", "--tokens", "1,,2", says: "1,,2"),
    Case("run", "--model", "MODEL", "--tokens", "1,2,512", says: "below 512, found 512"),
    Case("run", "--model", "MODEL", "--tokens", "-1", says: "found -1"),
    Case("run", "--model", "MODEL", "--tokens", "99999999999", says: "99999999999"),
    Case("run", "--model", "MODEL", "--tokens", "1", "Hi", says: "one of a prompt, --tokens"),
    Case("logits", "--model", "MODEL", says: "--tokens"),
    Case("logits", "--model", "MODEL", "--tokens", "600", says: "below 512, found 600"),
    Case("logits", "--model", "MODEL", "--tokens", "1", "--top", "0", says: "--top"),
    Case("logits", "--model", "MODEL", "--tokens", "1", "--positions", "some", says: "some"),
    Case("logits", "--model", "MODEL/../qwen2", "--tokens", "1", "--mtp", says: "multi-token"),
    // Prompts.
    Case("run", "--model", "MODEL", says: "prompt: expected text"),
    Case("run", "--model", "MODEL", "", says: "prompt: expected text"),
    Case(
      "run", "--model", "MODEL", "--context", "8", "A prompt longer than that", says: "at most 8"),
    Case(
      "run", "--model", "MODEL", "--context", "8", "--tokens", "1,2,3,4,5,6,7,8,9",
      says: "at most 8 tokens, found 9"),
    // Option values.
    Case("run", "--model", "MODEL", "--bogus", "Hi", says: "--bogus"),
    Case("run", "--model", "MODEL", "--temperature", "-1", "Hi", says: "temperature"),
    Case("run", "--model", "MODEL", "--temperature", "nan", "Hi", says: "temperature"),
    Case("run", "--model", "MODEL", "--temperature", "warm", "Hi", says: "warm"),
    Case("run", "--model", "MODEL", "--top-p", "1.5", "Hi", says: "top-p"),
    Case("run", "--model", "MODEL", "--top-p", "0", "Hi", says: "top-p"),
    Case("run", "--model", "MODEL", "--top-k", "-1", "Hi", says: "top-k"),
    Case("run", "--model", "MODEL", "--min-p", "2", "Hi", says: "min-p"),
    Case("run", "--model", "MODEL", "--repetition-penalty", "0", "Hi", says: "repetition-penalty"),
    Case("run", "--model", "MODEL", "--presence-penalty", "-200", "Hi", says: "presence-penalty"),
    Case("run", "--model", "MODEL", "--frequency-penalty", "inf", "Hi", says: "frequency-penalty"),
    Case("run", "--model", "MODEL", "--logit-bias", "5", "Hi", says: "--logit-bias"),
    Case("run", "--model", "MODEL", "--logit-bias", "512=1", "Hi", says: "below 512"),
    Case("run", "--model", "MODEL", "--logit-bias", "5=nan", "Hi", says: "logit-bias"),
    Case("run", "--model", "MODEL", "--seed", "-1", "Hi", says: "--seed"),
    Case("run", "--model", "MODEL", "--max-tokens", "0", "Hi", says: "--max-tokens"),
    Case("run", "--model", "MODEL", "--threads", "0", "Hi", says: "threads"),
    Case("run", "--model", "MODEL", "--threads", "1000000", "Hi", says: "threads"),
    Case("run", "--model", "MODEL", "--context", "0", "Hi", says: "context"),
    Case("run", "--model", "MODEL", "--prefill-chunk", "0", "Hi", says: "prefill-chunk"),
    Case("run", "--model", "MODEL", "--draft", "maybe", "Hi", says: "'off', 'mtp' or 'auto'"),
    Case("run", "--model", "MODEL", "--activations", "f64", "Hi", says: "'f32', 'bf16' or 'int8'"),
    Case("run", "--model", "MODEL", "--cache-type", "int4", "Hi", says: "'f32', 'bf16' or 'fp8'"),
    Case("run", "--model", "MODEL", "--thinking", "hard", "Hi", says: "hard"),
    Case("run", "--model", "MODEL", "--format", "chatml", "Hi", says: "deepseek-v3.1"),
    // Conversion.
    Case("convert", "nowhere", "out.gguf", "--to", "q4", says: "nothing there"),
    Case("convert", "MODEL", "MODEL", "--to", "q4", says: "--force"),
    Case("convert", "MODEL", "/nowhere/out.gguf", "--to", "q4", says: "a file that can be created"),
    Case("convert", "MODEL", "out.gguf", "--to", "q2", says: "'q4', 'q8', 'fp8'"),
    Case("convert", "MODEL", "out.gguf", "--to", "q4", "--tensor", "lm_head", says: "NAME=FORMAT"),
    // Ids to decode.
    Case("tokenize", "--model", "MODEL", "--decode", says: "standard input"),
    Case("tokenize", "--model", "MODEL", "--decode", input: "{}", says: "array of ids"),
    Case("tokenize", "--model", "MODEL", "--decode", input: "[1.5]", says: "element 0"),
    Case("tokenize", "--model", "MODEL", "--decode", input: "[1, -1]", says: "found -1"),
    Case("tokenize", "--model", "MODEL", "--decode", input: "[1, 512]", says: "found 512"),
    Case("tokenize", "--model", "MODEL", "--decode", input: "[4294967296]", says: "element 0"),
    Case(
      "train", "export", "--preset", "quick", "--model", "MODEL", "--to", "nowhere", says: "both"),
    // Conversations.
    Case("render", "--model", "MODEL", says: "file"),
    Case("render", "--model", "MODEL", "nowhere.json", says: "nowhere.json: expected"),
    Case("render", "--model", "MODEL", "MODEL", says: "expected a file"),
    Case("render", "--model", "MODEL", "-", input: "", says: "standard input"),
    Case("render", "--model", "MODEL", "-", input: "[]", says: "at least one message"),
    Case("render", "--model", "MODEL", "-", input: "{\"messages\": 3}", says: "messages"),
    Case(
      "render", "--model", "MODEL", "-", input: "[{\"role\":\"root\",\"content\":\"\"}]",
      says: "messages[0].role"),
    Case(
      "render", "--model", "MODEL", "-",
      input: "[{\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}]",
      says: "messages[0].content[0].type"),
    Case(
      "render", "--model", "MODEL", "-", input: String(repeating: "[", count: 100_000),
      says: "standard input"),
    Case(
      "render", "--model", "MODEL", "--format", "deepseek-v2", "-",
      input: """
        {"messages": [{"role": "user", "content": "Hi"}],
         "tools": [{"type": "function", "function": {"name": "f"}}]}
        """, says: "tools"),
    Case("run", "--model", "MODEL", "--messages", "nowhere.json", says: "nowhere.json"),
    Case("chat", "--model", "MODEL", "--load", "nowhere.json", says: "nowhere.json"),
  ]

  @Test(arguments: cases)
  func `bad input ends with status 2 and one line that says why`(failure: Case) throws {
    let model = GoldenFamily.path("deepseek_v3_mtp")
    let result = try fathom(
      failure.arguments.map { $0.replacing("MODEL", with: model) }, input: failure.input)
    #expect(result.status == 2 && !result.isSignal, "\(result)")
    #expect(result.output.isEmpty, "\(result)")
    #expect(result.firstErrorLine.hasPrefix("Error: "), "\(result)")
    #expect(result.firstErrorLine.contains(failure.says), "\(result)")
    #expect(result.firstErrorLine.utf8.count < 1200)
  }

  @Test func `input that is not UTF-8 is refused`() throws {
    let model = ["--model", GoldenFamily.path("deepseek_v3_mtp")]
    for command in [["tokenize"], ["tokenize", "--decode"], ["run"], ["render", "-"]] {
      let result = try FathomProcess(command + model, input: [0x48, 0xFF, 0xFE]).finish()
      #expect(result.status == 2 && result.output.isEmpty, "\(result)")
      #expect(result.firstErrorLine.contains("standard input: expected UTF-8"), "\(result)")
    }
  }

  @Test func `a hostile checkpoint is a bad input, not a crash`() throws {
    try TemporaryFolder.with { folder in
      for (name, content) in [
        ("config.json", "{\"model_type\": \"deepseek_v3\", \"hidden_size\": -1}"),
        ("model.safetensors", String(repeating: "\u{1B}[31m", count: 100)),
        ("tokenizer.json", "{"),
      ] {
        try TemporaryFolder.write(Array(content.utf8), to: "\(folder)/\(name)")
      }
      for command in [["run", "Hi"], ["inspect"], ["tokenize"], ["logits", "--tokens", "1"]] {
        let result = try fathom(command + ["--model", folder])
        #expect(result.status == 2 && result.output.isEmpty, "\(result)")
        #expect(!result.error.contains("\u{1B}"))
      }
    }
  }

  @Test func `values may be negative where that means something`() throws {
    let result = try fathom(
      "run",
      ["--tokens", "5,6", "--max-tokens", "2", "--presence-penalty", "-0.5", "--json"]
        + ["--frequency-penalty", "-1", "--logit-bias", "7=-2.5", "--stop", "-"])
    #expect(result.status == 0, "\(result)")
  }

  @Test func `the environment names the model where the arguments don't`() throws {
    let environment = ["FATHOM_MODEL": GoldenFamily.path("qwen2")]
    let result = try fathom(["inspect", "--json"], environment: environment)
    #expect(try result.json()["model_type"]?.stringValue == "qwen2", "\(result)")
  }
}

import FathomInference
import Foundation
import GoldenSupport
import Testing

/// `fathom` with no model named: the built-in one answers.
@Suite struct BuiltInCommandTests {
  private static let question = "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?"

  @Test func `no arguments and no input greet and show the help`() throws {
    let help = try fathom(["--help"]).text
    let result = try fathom([])
    #expect(result.status == 0 && result.text.hasSuffix(help), "\(result)")
    #expect(result.text.contains("trained by this project") && result.error.isEmpty)
  }

  @Test func `no arguments and an input that never comes end all the same`() throws {
    let silence = Pipe()
    let result = try FathomProcess([], standardInput: silence).finish(seconds: 20)
    #expect(result.status == 0 && !result.isSignal, "\(result)")
    try silence.fileHandleForWriting.close()
  }

  @Test func `a program without its resources says what to copy`() throws {
    try TemporaryFolder.with { folder in
      let program = URL(filePath: "\(folder)/fathom")
      // By a process of its own: what other tests start meanwhile would hold a copy made here open for writing, and no
      // such file can be run.
      let copy = try Process.run(
        URL(filePath: "/bin/cp"), arguments: [FathomProcess.executable.path, program.path])
      copy.waitUntilExit()
      try #require(copy.terminationStatus == 0)
      let process = Process()
      let error = Pipe()
      process.executableURL = program
      process.arguments = ["run", "--model", "built-in", "Hi"]
      process.standardError = error
      try process.run()
      let message = String(
        decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 2 && process.terminationReason == .exit)
      #expect(message.contains("\(BuiltInModel.bundleName) in \(folder)"), "\(message)")
    }
  }

  @Test func `it reasons and answers in well under a second`() throws {
    let start = ContinuousClock.now
    let result = try fathom(["run", Self.question, "--json"])
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let json = try result.json()
    #expect(json["reasoning_content"]?.stringValue?.contains("82-18") == true, "\(result)")
    #expect(json["content"]?.stringValue == "64 apples")
    #expect(json["finish_reason"]?.stringValue == "stop")
    // A debug build on a busy machine takes longer.
    #expect(seconds < 20)
    #expect(
      try fathom(["run", Self.question, "--model", "built-in", "--json"]).json()["tokens"]
        == json["tokens"])
  }

  @Test func `no arguments answer what is piped in`() throws {
    let result = try fathom([], input: "What can you do?\n")
    #expect(result.status == 0 && result.text.hasPrefix("<think>"), "\(result)")
  }

  /// It learnt from single problems: with one behind it, it took the next for the same one.
  @Test func `in a chat each message stands by itself`() throws {
    let alone = try fathom(["chat"], input: "What can you do?\n")
    let second = try fathom(["chat"], input: "\(Self.question)\nWhat can you do?\n")
    #expect(second.status == 0 && second.text.hasSuffix(alone.text), "\(second)")
  }

  @Test func `every command takes its name`() throws {
    #expect(try fathom(["inspect", "--model", "built-in"]).text.hasPrefix("built-in\n"))
    #expect(try fathom(["inspect", "--model", "built-in-base"]).text.hasPrefix("built-in-base\n"))
    #expect(try fathom(["tokenize", "--model", "built-in"], input: "12").text.contains("\"1\""))
    #expect(try fathom(["logits", "--model", "built-in", "--tokens", "0,3"]).status == 0)
    let messages = "[{\"role\": \"user\", \"content\": \"Hi\"}]"
    #expect(
      try fathom(["render", "--model", "built-in", "-"], input: messages).text.contains("<think>"))
    let graded = try fathom(
      ["train", "eval", "--model", "built-in", "--family", "talk", "--n", "2", "--json"])
    #expect(try graded.json()["n"]?.intValue == 2, "\(graded)")
    try TemporaryFolder.with { folder in
      let arguments = ["convert", "built-in", "\(folder)/a.gguf", "--to", "q8"]
      let converted = try fathom(arguments)
      #expect(converted.status == 0, "\(converted)")
      let options = ["--model", "built-in-base", "--format", "fp8", "--to", "\(folder)/b"]
      let exported = try fathom(["train", "export"] + options)
      #expect(exported.status == 0, "\(exported)")
      let answers = try ["\(folder)/b", "built-in-base"].map {
        try fathom(["run", "--model", $0, "--json", Self.question]).json()["tokens"]
      }
      #expect(answers[0] == answers[1])
    }
  }

  #if os(Linux)
    @Test func `on a terminal it greets with three prompts`() throws {
      let terminal = try TerminalProcess([])
      try terminal.wait(for: "› ")
      #expect(terminal.text.contains("trained by this project"))
      #expect(terminal.text.contains(Self.question) && terminal.text.contains("What can you do?"))
      terminal.type("Hello\n")
      try terminal.wait(for: "tok/s")
      terminal.type("\u{4}")
      #expect(terminal.finish() == 0)
    }
  #endif
}

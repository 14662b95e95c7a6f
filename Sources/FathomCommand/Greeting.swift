import Fathom

/// What `fathom` does and says when it is called without arguments.
enum Greeting {
  static let introduction = """
    Fathom's built-in model: a small DeepSeek-architecture reasoner, trained by this project on problems it generates \
    itself.
    It does word problems, small tables, countdown and mapping programs, each message by itself, and errs. Try:
    """

  static let prompts = BuiltInModel.prompts

  /// Where no terminal is and nothing comes in, there is nobody to wait for.
  private static let patienceSeconds = 2.0

  /// The arguments that no arguments stand for: a chat if there is a model to talk to, otherwise the help.
  static func arguments() throws -> [String] {
    guard ModelOption.fromEnvironment == nil else { return ["chat"] }
    guard BuiltInModel.isThere else {
      do {
        _ = try BuiltInModel.folder()
      } catch {
        Terminal.note("\(error)", .dim)
      }
      return ["--help"]
    }
    guard Terminal.isInput || !StandardInput.isSilent(forSeconds: patienceSeconds) else {
      try Terminal.line(introduction)
      for prompt in prompts { try Terminal.line("  fathom run \"\(prompt)\"") }
      try Terminal.line("")
      return ["--help"]
    }
    return ["chat"]
  }
}

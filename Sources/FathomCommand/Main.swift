import ArgumentParser
import Fathom
import Foundation

/// Where the program begins, and the one place that turns errors into exit statuses.
@main
enum Main {
  static func main() {
    signal(SIGPIPE, SIG_IGN)
    let name = CommandLine.arguments.dropFirst().first
    if name == ServeCommand.configuration.commandName { Interrupts.endWell() }
    Interrupts.install()
    do {
      try FathomCommand.checkName(name)
      let isBare = CommandLine.arguments.count == 1
      var command = try FathomCommand.parseAsRoot(isBare ? Greeting.arguments() : nil)
      try command.run()
    } catch {
      exit(with: error)
    }
  }

  /// 0 success, 1 runtime failure, 2 bad input or usage, 130 interrupted.
  private static func exit(with error: any Error) -> Never {
    switch error {
    case is InputError, is InputErrors, is ContextFull:
      Terminal.error("\(error)")
      Foundation.exit(2)
    case is Interrupted:
      Foundation.exit(130)
    case is OutputClosed, is VerificationFailed:
      Foundation.exit(1)
    default:
      // What argument-parser throws: help and version are successes, the rest is wrong usage.
      let status = FathomCommand.exitCode(for: error)
      let message = FathomCommand.fullMessage(for: error)
      if status == .success {
        do { try Terminal.line(message) } catch { Foundation.exit(1) }
        Foundation.exit(0)
      }
      let isUsage = status == .validationFailure
      Terminal.note(message)
      Foundation.exit(isUsage ? 2 : 1)
    }
  }
}

struct FathomCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fathom",
    abstract: "Runs DeepSeek-architecture language models on your own machine.",
    discussion: """
      Examples:
        fathom
        fathom run "Ana has 47 apples and buys 35 more. How many now?"
        fathom chat --model DeepSeek-R1-Distill-Qwen-1.5B
        fathom run --model DeepSeek-V2-Lite-Chat "Why is the sky blue?"
        fathom inspect --model DeepSeek-V3

      FATHOM_MODEL names the model where --model doesn't; chat, run and map use the built-in one without either. \
      fathom alone is fathom chat.

      Exit status: 0 success, 1 failure, 2 bad input or usage, 130 interrupted.
      """,
    version: "0.1.0",
    subcommands: [
      ChatCommand.self, RunCommand.self, InspectCommand.self, TokenizeCommand.self,
      RenderCommand.self, LogitsCommand.self, MapCommand.self, ConvertCommand.self,
      BenchCommand.self, TrainCommand.self, EvalCommand.self, ServeCommand.self,
    ])

  /// - Throws: `InputError` that names the commands.
  static func checkName(_ name: String?) throws {
    let names = configuration.subcommands.compactMap { $0.configuration.commandName }
    guard let name, !name.hasPrefix("-"), name != "help", !names.contains(name) else { return }
    throw InputError(
      "command", expected: "one of \(names.joined(separator: ", "))",
      found: InputError.excerpt(name))
  }
}

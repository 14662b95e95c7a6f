import ArgumentParser
import Fathom

struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Talks to a model, turn by turn.",
    usage: "fathom chat [--model <folder>] [<options>]",
    discussion: """
      Ctrl-C stops the answer, not the program. /help lists the commands.

      Without a model it talks to the built-in one.

      Examples:
        fathom chat
        fathom chat --model DIR
        fathom chat --model DIR --system "Answer in one sentence." --temperature 0.6
        fathom chat --model DIR --load talk.json --fold
        printf 'Hello\\n' | fathom chat --model DIR
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var weights: PlacementArguments

  @Option(parsing: .unconditional, help: ArgumentHelp("A system message.", valueName: "text"))
  var system: String?

  @Option(help: ArgumentHelp("Go on with a conversation that was saved.", valueName: "file"))
  var load: String?

  @OptionGroup var format: FormatArguments

  @Flag(help: "Fold reasoning to one line; leave it out where output is no terminal.")
  var fold = false

  @OptionGroup var sampling: SamplingArguments
  @OptionGroup var runtime: RuntimeArguments

  func run() throws {
    let language = try weights.open(try model.orBuiltIn(), format: format.format)
    let options = try sampling.options(for: language)
    let name = try language.chatFormat().name
    let conversation = try Conversation(
      language, runtime: runtime.options(for: language), drafts: options.drafting != .off)
    var chat = Chat(
      conversation: conversation, options: options, thinking: format.thinking?.isOn, folds: fold)
    // It learnt from single problems; earlier ones in its context lead it astray.
    chat.answersSingly = BuiltInModel.name(of: language.model.checkpoint.folder) != nil
    if let load { chat.request = try ConversationFile.read(load) }
    if let system { chat.system = system }
    if Terminal.isInput && Terminal.isOutput {
      let checkpoint = language.model.checkpoint
      if BuiltInModel.name(of: checkpoint.folder) != nil {
        try Terminal.line(Greeting.introduction)
        for prompt in Greeting.prompts { try Terminal.line("  " + prompt, .bold) }
      }
      try Terminal.write(checkpoint.title, .bold)
      try Terminal.line(
        " · \(language.model.shape.modelType) · chat format \(name) · "
          + "context \(conversation.session.contextLimit.grouped) tokens · /help", .dim)
    }
    try Interrupts.handled(survivesCtrlC: true) { try chat.run() }
  }
}

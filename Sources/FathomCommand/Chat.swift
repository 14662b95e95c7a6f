import Fathom
import Foundation

/// The loop of `fathom chat`.
struct Chat {
  let conversation: Conversation
  let options: GenerationOptions
  var thinking: Bool?
  var folds: Bool
  var request = ChatRequest(messages: [])
  /// Whether the model sees the system message and the newest message alone.
  var answersSingly = false
  private var lastStatistics: GenerationStatistics?
  private var reader = LineReader()

  init(conversation: Conversation, options: GenerationOptions, thinking: Bool?, folds: Bool) {
    self.conversation = conversation
    self.options = options
    self.thinking = thinking
    self.folds = folds
  }

  static let help = """
    /help              this list
    /clear             forget the conversation, keep the system message
    /system TEXT       set the system message; without TEXT remove it
    /undo              forget the last message of yours and what followed it
    /save FILE         write the conversation as JSON
    /load FILE         read a conversation
    /fold              fold reasoning to one line, or show it again
    /thoughts          show the reasoning of the last answer
    /think on|off      switch reasoning where the format has the choice
    /stats             what the last answer cost, and how full the context is
    /exit              leave (also Ctrl-D)
    \"""               begins and ends a message of several lines
    Ctrl-C stops an answer.
    """

  /// The system message.
  var system: String? {
    get { request.messages.first { $0.role == .system }?.content }
    set {
      request.messages.removeAll { $0.role == .system }
      if let newValue { request.messages.insert(.system(newValue), at: 0) }
    }
  }

  mutating func run() throws {
    while true {
      try prompt("› ")
      switch reader.next() {
      case .end:
        if Terminal.isInput { try Terminal.line("") }
        return
      case .interrupted:
        try Interrupts.settle()
        try Terminal.line("\n/exit or Ctrl-D leaves", .dim)
      case .line(let line):
        let text = line.trimmingCharacters(in: .whitespacesAndNewlines)
        if text.hasPrefix("/") {
          do {
            if try !command(text) { return }
          } catch let error as InputError {
            Terminal.error("\(error)")
          }
        } else if text.hasPrefix(Self.quotes) {
          if let block = try block(after: text.dropFirst(Self.quotes.count)) { try answer(block) }
        } else if !text.isEmpty {
          try answer(line)
        }
      }
    }
  }

  private static let quotes = "\"\"\""

  private func prompt(_ text: String) throws {
    if Terminal.isInput { try Terminal.write(text, .bold) }
  }

  /// Reads on to the closing quotes; nil if that was interrupted.
  private mutating func block(after first: Substring) throws -> String? {
    var lines = first.isEmpty ? [] : [String(first)]
    while lines.last?.hasSuffix(Self.quotes) != true {
      try prompt("… ")
      switch reader.next() {
      case .line(let line): lines.append(line)
      case .end: return lines.joined(separator: "\n")
      case .interrupted:
        try Interrupts.settle()
        try Terminal.line("")
        return nil
      }
    }
    let text = lines.joined(separator: "\n").dropLast(Self.quotes.count)
    return text.allSatisfy(\.isWhitespace) ? nil : text.trimmingCharacters(in: .newlines)
  }

  private mutating func answer(_ text: String) throws {
    let before = request.messages.count
    request.messages.append(.user(text))
    var asked = request
    if answersSingly {
      asked.messages = request.messages.filter { $0.role == .system } + [.user(text)]
    }
    let display = AnswerDisplay(foldsReasoning: folds)
    do {
      display.begin()
      let answer = try conversation.respond(
        to: asked, options: options, rendering: RenderOptions(thinking: thinking),
        progress: display.progress, isCancelled: { Interrupts.isRaised || display.isClosed },
        onEvent: display.show)
      try display.finish()
      try Interrupts.settle()
      lastStatistics = answer.generation.statistics
      if answer.generation.tokens.isEmpty {
        request.messages.removeLast(request.messages.count - before)
        Terminal.note("(stopped before the answer began; the message is forgotten)", .dim)
      } else {
        request.messages.append(answer.message)
        report(answer.generation)
      }
    } catch let error as ContextFull {
      try display.finish()
      request.messages.removeLast(request.messages.count - before)
      Terminal.error("\(error); /undo or /clear makes room")
    } catch let error as InputError {
      try display.finish()
      request.messages.removeLast(request.messages.count - before)
      Terminal.error("\(error)")
    }
  }

  private func report(_ generation: Generation) {
    switch generation.finishReason {
    case .contextLength: Terminal.note("The context is full; /undo or /clear makes room.")
    case .cancelled: Terminal.note("(stopped)", .dim)
    case .length: Terminal.note("(cut at --max-tokens)", .dim)
    case .stop: break
    }
    if Terminal.isOutput { Terminal.note(generation.statistics.summary, .dim) }
  }

  /// Carries out a command; false leaves the program.
  private mutating func command(_ text: String) throws -> Bool {
    let parts = text.split(separator: " ", maxSplits: 1)
    let argument =
      parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
    switch parts[0] {
    case "/exit", "/quit": return false
    case "/help": try Terminal.line(Self.help)
    case "/clear":
      request.messages.removeAll { $0.role != .system }
      conversation.session.truncate(to: 0)
      try Terminal.line("cleared", .dim)
    case "/system":
      system = argument.isEmpty ? nil : argument
      try Terminal.line("system message \(argument.isEmpty ? "removed" : "set")", .dim)
    case "/undo":
      let last = request.messages.lastIndex { $0.role == .user }
      request.messages.removeSubrange((last ?? request.messages.count)...)
      try Terminal.line("\(request.messages.count) messages left", .dim)
    case "/save":
      try ConversationFile.write(request, to: try file(argument, for: "/save"))
      try Terminal.line("saved \(request.messages.count) messages", .dim)
    case "/load":
      request = try ConversationFile.read(try file(argument, for: "/load"))
      try Terminal.line("loaded \(request.messages.count) messages", .dim)
    case "/fold":
      folds.toggle()
      try Terminal.line("reasoning is \(folds ? "folded" : "shown")", .dim)
    case "/thoughts":
      let thoughts = request.messages.last { $0.role == .assistant }?.reasoningContent
      try Terminal.line(thoughts ?? "the last answer had no reasoning", .dim)
    case "/think":
      guard let choice = Switch(rawValue: argument) else {
        throw InputError("/think", expected: "on or off", found: InputError.excerpt(argument))
      }
      thinking = choice.isOn
      try Terminal.line("reasoning is \(argument)", .dim)
    case "/stats":
      try Terminal.line(lastStatistics?.summary ?? "no answer yet")
      try Terminal.line(
        "\(request.messages.count) messages, \(conversation.session.tokens.count.grouped) of "
          + "\(conversation.session.contextLimit.grouped) tokens")
    default:
      throw InputError(
        "command", expected: "one that /help lists", found: InputError.excerpt(parts[0]))
    }
    return true
  }

  private func file(_ argument: String, for command: String) throws -> String {
    guard !argument.isEmpty else {
      throw InputError(command, expected: "a file name", found: "none")
    }
    return NSString(string: argument).expandingTildeInPath
  }
}

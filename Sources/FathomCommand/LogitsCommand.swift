import ArgumentParser
import Fathom

struct LogitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits",
    abstract: "Prints the logits that follow tokens.",
    usage: "fathom logits --model <folder> --tokens <ids> [<options>]",
    discussion: """
      Examples:
        fathom logits --model DIR --tokens 0,17,42 --top 5
        fathom logits --model DIR --tokens 0,17,42 --positions all --json
        fathom logits --model DIR --tokens 0,17 --activations f32 --cache-type f32
        fathom logits --model DIR --tokens 0,17,42 --mtp --json
      """)

  enum Positions: String, ExpressibleByArgument, CaseIterable {
    case all, last
  }

  @OptionGroup var model: ModelOption

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Token ids, as 1,2,3.", valueName: "ids"))
  var tokens: TokenList

  @Option(help: "After every token, or after the last one only.")
  var positions = Positions.last

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Print the k likeliest tokens only.", valueName: "k"))
  var top: Int?

  @Flag(help: "Print the MTP module's logits: row i is about the token at i + 2.")
  var mtp = false

  @OptionGroup var runtime: RuntimeArguments

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    if let top, top < 1 {
      throw InputError("option --top", expected: "at least 1", found: "\(top)")
    }
    let model = try Model(path: try model.required())
    let session = try Session(model, options: runtime.options())
    try session.validate(tokens.tokens)
    var isFirst = true
    try forEachRow(session) { position, logits in
      let start = isFirst ? "{\"positions\":[" : ","
      isFirst = false
      try Terminal.write(json ? start + object(position, logits) : lines(position, logits))
    }
    if json { try Terminal.line("]}") }
  }

  /// Rows as they are computed: all of a long prompt at once would not fit into memory.
  private func forEachRow(_ session: Session, _ body: (Int, [Float]) throws -> Void) throws {
    let ids = tokens.tokens
    if mtp {
      let rows = Array(try session.mtpLogits(ids).enumerated())
      for (position, logits) in positions == .all ? rows : rows.suffix(1) {
        try body(position, logits)
      }
    } else if positions == .last {
      try session.feed(ids)
      try body(ids.count - 1, session.logits)
    } else {
      for begin in stride(from: 0, to: ids.count, by: runtime.prefillChunk) {
        let chunk = Array(ids[begin..<min(ids.count, begin + runtime.prefillChunk)])
        for (offset, logits) in try session.evaluateAll(chunk).enumerated() {
          try body(begin + offset, logits)
        }
      }
    }
  }

  private func object(_ position: Int, _ logits: [Float]) -> String {
    let values =
      top.map { count in
        "\"top\":["
          + Self.best(count, of: logits).map { Self.entry($0, logits) }.joined(separator: ",") + "]"
      } ?? "\"logits\":[" + logits.map(Self.number).joined(separator: ",") + "]"
    return "{\"position\":\(position),\(values)}"
  }

  private func lines(_ position: Int, _ logits: [Float]) -> String {
    let ids = top.map { Self.best($0, of: logits) } ?? Array(logits.indices)
    return ids.map { "\(position)\t\($0)\t\(Self.number(logits[$0]))\n" }.joined()
  }

  private static func best(_ count: Int, of logits: [Float]) -> [Int] {
    Array(
      logits.indices.sorted { logits[$0] > logits[$1] || (logits[$0] == logits[$1] && $0 < $1) }
        .prefix(count))
  }

  private static func entry(_ id: Int, _ logits: [Float]) -> String {
    "{\"id\":\(id),\"logit\":\(number(logits[id]))}"
  }

  /// The shortest text that reads back as the same float; JSON has no infinities.
  private static func number(_ value: Float) -> String { value.isFinite ? "\(value)" : "null" }
}

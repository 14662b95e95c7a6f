import ArgumentParser
import Fathom
import FathomServer
import Foundation
import Logging

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves a model: DeepSeek's, OpenAI's and Anthropic's APIs, and a page to talk on.",
    usage: "fathom serve [--model <folder>] [<options>]",
    discussion: """
      Without a model it serves the built-in one. Ctrl-C lets answers that have begun come to their end, and a second one ends \
      at once.

      Only this machine can reach it unless --host names another address, which needs a key.

      Examples:
        fathom serve
        fathom serve --open
        fathom serve --model DeepSeek-V2-Lite-Chat --port 8000 --parallel 4 --context 32768
        fathom serve --model DIR --host 0.0.0.0 --api-key-file keys.txt
        curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \\
          -d '{"messages": [{"role": "user", "content": "hello"}]}'
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var weights: PlacementArguments

  @Option(help: ArgumentHelp("Address to listen on.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Port to listen on; 0 takes a free one.", valueName: "n"))
  var port = 8080

  @Option(
    name: .customLong("api-key"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A key that clients must send; repeatable. Others can see it in the list of processes.",
      valueName: "key"))
  var apiKeys: [String] = []

  @Option(help: ArgumentHelp("File with a key on each line.", valueName: "file"))
  var apiKeyFile: String?

  @Option(
    name: .customLong("allow-host"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Another name that clients may call this machine; repeatable.", valueName: "name"))
  var allowedHosts: [String] = []

  @Option(
    name: .customLong("allow-origin"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Origin whose pages may use the API; repeatable.", valueName: "origin"))
  var allowedOrigins: [String] = []

  @Option(
    help: ArgumentHelp("File of a certificate chain, PEM: speaks HTTPS.", valueName: "file"))
  var tlsCert: String?

  @Option(help: ArgumentHelp("File of the certificate's key, PEM.", valueName: "file"))
  var tlsKey: String?

  @Option(
    help: ArgumentHelp(
      "What clients call the model. (default: its folder's name)", valueName: "name"))
  var name: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Requests answered at a time; others wait.", valueName: "n"))
  var parallel = 8

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Requests that may wait; more are turned away.", valueName: "n"))
  var queue = 64

  @Option(
    help: ArgumentHelp(
      "Memory for cached rows of requests and of prefixes kept for later. (default: 2GiB)",
      valueName: "size"))
  var cacheMemory: ByteSize?

  @Option(
    help: ArgumentHelp(
      "Folder where prefixes are kept between runs. (default: fathom/blocks in the user's cache folder)",
      valueName: "folder"))
  var cacheDir: String?

  @Option(
    help: ArgumentHelp(
      "Most bytes of this model's prefixes on disk; 0 keeps none. (default: 8GiB)",
      valueName: "size"))
  var cacheDisk: ByteSize?

  @Option(help: "Chat format; fathom render --help lists them. (default: the checkpoint's own)")
  var format: String?

  @Option(help: ArgumentHelp("Where names of metrics begin.", valueName: "word"))
  var metricsPrefix = "fathom"

  @Flag(
    help:
      "Log a line for each request when its answer begins: id, route, status and time, never what it says."
  )
  var logRequests = false

  @Flag(help: "Send reasoning under the name `reasoning` too.")
  var reasoningAlias = false

  @Flag(help: "Open the page in a browser.")
  var open = false

  @OptionGroup var runtime: RuntimeArguments

  func run() throws {
    let language = try weights.open(try model.orBuiltIn(), format: format)
    var engineOptions = Engine.Options(runtime: runtime.options(for: language))
    guard (1...1024).contains(parallel) else {
      throw InputError("option --parallel", expected: "1 to 1024", found: "\(parallel)")
    }
    guard (0...100_000).contains(queue) else {
      throw InputError("option --queue", expected: "0 to 100000", found: "\(queue)")
    }
    engineOptions.parallel = parallel
    engineOptions.waiting = queue
    if let cacheMemory { engineOptions.cacheBytes = cacheMemory.bytes }
    let logger = logger
    engineOptions.report = { logger.notice("\($0)") }
    engineOptions.disk = disk(for: language)
    let engine = try Engine(language, options: engineOptions)
    let server = try Server(engine: engine, options: options(for: language), logger: logger)
    try serve(server, engine)
  }

  /// Each model has a folder of its own, so that servers of different models do not wait for each other.
  private func disk(for language: LanguageModel) -> (directory: String, bytes: Int)? {
    let bytes = cacheDisk?.bytes ?? 8 << 30
    guard bytes > 0 else { return nil }
    let environment = ProcessInfo.processInfo.environment
    let caches =
      environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
      ?? (environment["HOME"] ?? NSTemporaryDirectory()) + "/.cache"
    let folder = cacheDir ?? caches + "/fathom/blocks"
    return ("\(folder)/\(language.model.fingerprint)", bytes)
  }

  private var logger: Logger {
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    var logger = Logger(label: "fathom")
    logger.logLevel = logRequests ? .info : .notice
    return logger
  }

  private func options(for language: LanguageModel) throws -> ServerOptions {
    var options = ServerOptions(modelName: name ?? language.model.checkpoint.title)
    options.host = host
    options.port = port
    options.apiKeys = apiKeys
    if let apiKeyFile {
      let text = String(decoding: try FileBytes.read(apiKeyFile, limit: 1 << 20), as: UTF8.self)
      options.apiKeys += text.split(whereSeparator: \.isNewline)
        .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
    options.allowedHosts = allowedHosts.map { $0.lowercased() }
    options.allowedOrigins = allowedOrigins
    options.metricsPrefix = metricsPrefix
    options.sendsReasoningAlias = reasoningAlias
    switch (tlsCert, tlsKey) {
    case (nil, nil): break
    case (let chain?, let key?): options.certificate = (chain, key)
    default:
      throw InputError(
        "options --tls-cert and --tls-key", expected: "both or neither", found: "one of them")
    }
    return options
  }

  /// Serves until a signal; this thread waits for the end.
  private func serve(_ server: Server, _ engine: Engine) throws {
    let scheme = tlsCert == nil ? "http" : "https"
    let shown = host == "0.0.0.0" || host == "::" ? "localhost" : host
    let (opens, hasKey) = (open, !apiKeys.isEmpty || apiKeyFile != nil)
    do {
      try Asynchronous.wait {
        try await server.run { port in
          let url = "\(scheme)://\(shown):\(port)"
          try? Self.greet(url, hasKey: hasKey)
          if opens { Self.browse(url) }
        }
      }
    } catch {
      throw Self.described(error, host: host, port: port)
    }
  }

  private static func greet(_ url: String, hasKey: Bool) throws {
    let key = hasKey ? " -H \"Authorization: Bearer $KEY\"" : ""
    try Terminal.line("\(url)", .bold)
    try Terminal.line(
      """
      curl \(url)/v1/chat/completions\(key) -H 'Content-Type: application/json' \\
        -d '{"messages": [{"role": "user", "content": "Ana has 47 apples and buys 35 more. How many now?"}]}'
      """)
  }

  private static func browse(_ url: String) {
    let process = Process()
    #if canImport(Darwin)
      process.executableURL = URL(filePath: "/usr/bin/open")
    #else
      process.executableURL = URL(filePath: "/usr/bin/xdg-open")
    #endif
    process.arguments = [url]
    do { try process.run() } catch { Terminal.note("no browser was found; open \(url)") }
  }

  private static func described(_ error: any Error, host: String, port: Int) -> any Error {
    if error is InputError { return error }
    return InputError(
      "address \(host), port \(port)", expected: "one that is free", found: "\(error)")
  }
}

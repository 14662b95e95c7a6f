import FathomConstraints
import FathomCore
import FathomModels
import FathomTensors
import Foundation
import Synchronization

/// Answers many requests at once with one model: every step runs a token of each answer and pieces of prompts together.
///
/// What shares a step never changes a result: an answer is bit for bit the one its request would get alone, whether its
/// beginning was cached or not. The work runs on a thread of its own, never on Swift's cooperative pool.
public final class Engine: Sendable {
  public struct Options: Sendable {
    public var runtime: RuntimeOptions
    /// Requests that are answered at a time.
    public var parallel = 8
    /// Requests, and tokens of their prompts, that may wait.
    public var waiting = 64
    public var waitingTokens = 1_000_000
    /// Memory for cached rows of all requests and of prefixes that are kept for later.
    public var cacheBytes = 2 << 30
    /// Where blocks of cached rows are kept between runs, and how many bytes of them; nil keeps none.
    public var disk: (directory: String, bytes: Int)?
    /// Takes single lines for the log.
    public var report: @Sendable (String) -> Void = { _ in }
    /// Tokens of one step, as far as requests being answered leave room for prompts.
    public var stepTokens = 512
    /// Events of one answer that may wait to be read, and for how long.
    public var unreadEvents = 512
    public var slowReaderSeconds = 30.0
    /// How the disk is reached; tests make it slow.
    var diskSystem = BlockSystem()

    public init(runtime: RuntimeOptions) { self.runtime = runtime }
  }

  public let model: LanguageModel
  public let options: Options
  /// Longest timeline of one request, tokens.
  public let contextLimit: Int
  /// What steps run with. Who else uses it takes turns with them, one parallel region at a time.
  let compute: Compute

  private let mailbox = EngineMailbox()
  private let board = EngineBoard()
  private let nextID = Atomic<UInt64>(1)
  private let madeConstraints = Mutex<ConstraintCache?>(nil)

  /// Grammars at work on the model's tokens; made when the first is asked for.
  private var constraints: ConstraintCache {
    madeConstraints.withLock { made in
      let cache =
        made
        ?? ConstraintCache(TokenTrie(model.tokenizer), stopTokens: model.stopTokens.sorted())
      made = cache
      return cache
    }
  }

  /// - Throws: `InputError` if the options do not fit each other or the machine.
  public init(_ model: LanguageModel, options: Options) throws {
    self.model = model
    self.options = options
    let layout = model.model.cacheLayout(options.runtime.cacheType)
    let limit = min(
      options.runtime.contextLimit ?? .max, model.model.shape.maxPositionEmbeddings)
    let blocks = min(options.cacheBytes / max(1, layout.pageBytes), 1 << 20)
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    guard options.cacheBytes <= memory else {
      throw InputError(
        "option cache-memory", expected: "at most this machine's memory, \(memory) bytes",
        found: "\(options.cacheBytes)")
    }
    guard blocks >= 2 else {
      throw InputError(
        "option cache-memory", expected: "at least \(2 * layout.pageBytes) bytes, two pages",
        found: "\(options.cacheBytes)")
    }
    var configuration = Scheduler.Configuration(
      blocks: blocks, running: options.parallel, contextLimit: limit)
    configuration.stepTokens = options.stepTokens
    configuration.waiting = options.waiting
    configuration.waitingTokens = options.waitingTokens
    contextLimit = configuration.contextLimit
    let scheduler = Scheduler(configuration)
    let store = try options.disk.map { disk in
      try BlockStore(
        directory: disk.directory, identity: Self.identity(model, options.runtime, layout),
        blockBytes: layout.pageBytes, byteBudget: disk.bytes, system: options.diskSystem,
        report: options.report)
    }
    compute = try options.runtime.compute()
    let thread = Thread { [mailbox, board, compute] in
      EngineWorker(
        model, options: options, layout: layout, scheduler: scheduler, compute: compute,
        mailbox: mailbox, board: board, store: store
      ).run()
    }
    thread.name = "fathom-engine"
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit { mailbox.post(.stop) }

  /// What cached rows depend on besides tokens.
  private static func identity(
    _ model: LanguageModel, _ runtime: RuntimeOptions, _ layout: CacheLayout
  ) -> [UInt8] {
    let parts = [
      "rows 1", model.model.fingerprint, runtime.cacheType.rawValue, runtime.attention.rawValue,
      runtime.activations.rawValue, "\(layout.layers)",
    ]
    // The fingerprint looks into some tensors only: two tunings of one model may share it, but not their files.
    let files = model.model.checkpoint.files.map(\.mark)
    return Array((parts + files).joined(separator: "\n").utf8)
  }

  /// Takes a request. Whether it can be served is its first event.
  public func submit(_ request: EngineRequest) -> EngineAnswer {
    let id = nextID.add(1, ordering: .relaxed).oldValue
    let answer = EngineAnswer(id: id) { [mailbox] id in mailbox.post(.cancel(id)) }
    do {
      // Compiled here, so that the others' steps do not wait for it.
      let constraint = try request.grammar.map { try Constraint($0, cache: constraints) }
      mailbox.post(.submit(request, constraint, answer))
    } catch {
      answer.send(.failed(.invalid("\(error)")))
      answer.end()
    }
    return answer
  }

  /// Fails all requests and stops the thread.
  public func stop() { mailbox.post(.stop) }

  public var statistics: EngineStatistics { board.statistics }
}

/// Where an engine's thread puts its figures for others to read.
final class EngineBoard: Sendable {
  private let latest = Mutex(EngineStatistics())

  var statistics: EngineStatistics { latest.withLock { $0 } }

  func show(_ statistics: EngineStatistics) { latest.withLock { $0 = statistics } }
}

/// What an engine has done since it began, and what it is doing.
public struct EngineStatistics: Sendable {
  public struct Slot: Sendable {
    public var id: UInt64
    public var promptTokens: Int
    public var cachedTokens: Int
    public var completionTokens: Int
    public var isPrefilling: Bool
  }

  public var slots: [Slot] = []
  public var waiting = 0
  public var waitingTokens = 0
  /// Requests whose beginnings are being read from disk.
  public var reading = 0
  public var steps = 0
  public var promptTokens = 0
  public var cachedTokens = 0
  public var completionTokens = 0
  public var preemptions = 0
  public var freeBlocks = 0
  public var cachedBlocks = 0
  public var pinnedBlocks = 0
  public var disk: DiskStatistics?
  /// Answers by how they ended.
  public var ends: [String: Int] = [:]
  /// Set once the network's files changed or broke; nothing is answered any more.
  public var failure: String?

  public init() {}

  public var blocks: Int { freeBlocks + cachedBlocks + pinnedBlocks }
}

/// What the disk tier of the prefix cache holds and did, in blocks of 64 tokens.
public struct DiskStatistics: Sendable, Equatable {
  public var hits = 0
  public var misses = 0
  public var saved = 0
  public var dropped = 0
  public var files = 0
  public var bytes = 0
  public var isWritable = false
}

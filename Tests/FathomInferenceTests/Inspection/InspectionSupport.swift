import FathomModels
import FathomTensors
import GoldenSupport

@testable import FathomInference

/// What one inspection shows, sorted by kind.
struct Shown {
  var kinds: [String] = []
  var model: ModelFrame?
  var tokens: [Int32] = []
  var attention: [AttentionFrame] = []
  var routing: [RoutingFrame] = []
  var cache: CacheFrame?
  var lens: [LensFrame] = []
  var steps: [StepFrame] = []
  var drafts: [DraftFrame] = []
  var done: DoneFrame?

  init() {}

  /// Runs an inspection in a session of its own.
  init(
    _ language: LanguageModel, prompt: [Int32], runtime: RuntimeOptions = RuntimeOptions(),
    contextLimit: Int = .max, _ change: (inout Inspection.Options) -> Void = { _ in }
  ) throws {
    let inspection = try Inspection(
      language, prompt: prompt, options: Self.options(change), contextLimit: contextLimit)
    var shown = Shown()
    try inspection.run(
      runtime: runtime, compute: try runtime.compute(), check: {}, yield: { shown.take($0) })
    self = shown
  }

  static func options(_ change: (inout Inspection.Options) -> Void) -> Inspection.Options {
    var options = Inspection.Options()
    options.generation.sampling = .greedy
    change(&options)
    return options
  }

  mutating func take(_ frame: InspectionFrame) {
    switch frame {
    case .model(let frame): note("model") { $0.model = frame }
    case .tokens(let tokens): note("tokens") { $0.tokens = tokens }
    case .attention(let frame): note("attention") { $0.attention.append(frame) }
    case .routing(let frame): note("routing") { $0.routing.append(frame) }
    case .cache(let frame): note("cache") { $0.cache = frame }
    case .lens(let frame): note("lens") { $0.lens.append(frame) }
    case .step(let frame): note("step") { $0.steps.append(frame) }
    case .draft(let frame): note("draft") { $0.drafts.append(frame) }
    case .done(let frame): note("done") { $0.done = frame }
    }
  }

  private mutating func note(_ kind: String, _ keep: (inout Shown) -> Void) {
    kinds.append(kind)
    keep(&self)
  }

  var picked: [Int32] { steps.map(\.chosen.token) }
}

/// A golden family with its text half.
struct Inspected {
  let golden: GoldenFamily
  let language: LanguageModel

  init(_ family: String) throws {
    golden = try GoldenFamily(family)
    language = try LanguageModel(path: GoldenFamily.path(family))
  }

  /// The first tokens of the longest prompt.
  func prompt(_ count: Int) -> [Int32] { Array(golden.prompts[3].ids.prefix(count)) }
}

extension Matrix {
  /// All weights in f32, `[rows][columns]`.
  func decoded(_ compute: Compute) -> [[Float]] {
    (0..<rows).map { row in
      var values = [Float](repeating: 0, count: columns)
      values.withUnsafeMutableBufferPointer {
        if let to = $0.baseAddress { compute.kernels.pointee.decode_row(to, storage, row) }
      }
      return values
    }
  }
}

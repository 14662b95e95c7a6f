import FathomCore

/// What a training run is to do: `run.yaml`, in axolotl's words where it has them.
///
/// The words of the file are those of the properties with underscores, unless a comment names another.
public struct RunConfiguration: Sendable, Equatable {
  // MARK: Model

  /// A checkpoint folder to start from. Either this or `model`.
  public var baseModel: String?
  /// `config.json` of a model to pre-train from scratch, as far as it isn't left to defaults. Either this or
  /// `base_model`.
  public var model: JSONObject?
  /// A folder with `tokenizer.json`; by default that of the base model.
  public var tokenizer: String?
  /// The name of a chat format; by default the one that the tokenizer's template tells, or `deepseek-r1`.
  public var chatTemplate: String?

  // MARK: Data

  /// JSONL files: `datasets: [{path, type}]`.
  public var datasets: [Dataset] = []
  /// Families of generated problems: `tasks: [{family, weight, curriculum}]`.
  public var tasks: [TaskShare] = []
  /// Positions in a row of a batch. Word: `sequence_len`. Default 512.
  public var sequenceLength = 512
  /// Whether rows hold several samples. Default true.
  public var samplePacking = true
  /// Share of the rows of data sets that is kept for testing, at most 0.5. Word: `val_set_size`. Default 0.
  public var heldOutShare = 0.0
  /// How much predicting a prompt's tokens counts. Default 0: only answers are learnt.
  public var promptLossWeight = 0.0

  // MARK: What trains

  /// Default `none`: all weights train.
  public var adapter = Adapter.none
  /// Default 16.
  public var loraR = 16
  /// Default 32.
  public var loraAlpha = 32.0
  /// Least share of a layer's routing that the experts chosen by `adapter: esft` take together. Default 0.2.
  public var esftThreshold = 0.2

  // MARK: Steps

  /// Rows that go through the model together. Default 8.
  public var microBatchSize = 8
  /// Micro-batches to a step. Default 1.
  public var gradientAccumulationSteps = 1
  /// Steps over which the number of micro-batches grows to its full value. Default 0.
  public var batchRampSteps = 0
  /// How often the data sets are passed through, if `max_steps` is missing. Default 1; generated problems know no epochs.
  public var numEpochs = 1.0
  /// Ends the run, whatever `num_epochs` says.
  public var maxSteps: Int?
  /// Seeds weights, order of data and generated problems. Default 0.
  public var seed: UInt64 = 0
  /// Precision of the matrix products. Default `bf16`.
  public var precision = Precision.bf16

  // MARK: Optimiser

  /// Default `muon`, which leaves embeddings, head, norms and router to AdamW.
  public var optimizer = Optimizer.muon
  /// The peak. Default 0.001.
  public var learningRate = 1e-3
  /// Default `constant`.
  public var schedule = Schedule.constant
  /// Steps to the peak. Default 0.
  public var warmupSteps = 0
  /// The last steps, in which the rate falls: from the end of the warm-up on if missing. Word: `decay_steps`, or
  /// `decay_fraction` as a share of all steps.
  public var decay: Decay?
  /// The rate at the end as a share of the peak. Word: `min_lr_ratio`. Default 0.1.
  public var minimumRateShare = 0.1
  /// Default 0.1.
  public var weightDecay = 0.1
  /// Default 0.9.
  public var adamBeta1 = 0.9
  /// Default 0.95.
  public var adamBeta2 = 0.95
  /// Default 1e-8.
  public var adamEpsilon = 1e-8
  /// Default 0.95.
  public var muonMomentum = 0.95
  /// Gradients of a greater norm are scaled down to it; 0 never does. Default 1.
  public var maxGradNorm = 1.0
  /// How slowly the averaged weights follow; without it there are none.
  public var emaDecay: Double?

  // MARK: Objective

  /// λ of multi-token prediction. Default 0.3.
  public var mtpLossWeight = 0.3
  /// Share of the rows that multi-token prediction sees. Word: `mtp_rows`. Default 1.
  public var mtpRows = 1.0
  /// γ: how far a router's biases move in a step. Missing is 0.001, and 0 for a base model.
  public var routerBiasUpdateRate: Double?
  /// α of the balance within a sequence. Default 0.0001.
  public var balanceLossWeight = 1e-4

  // MARK: Reports and checkpoints

  /// Default `runs/latest`.
  public var outputDir = "runs/latest"
  /// A console line each so many steps. Default 10.
  public var loggingSteps = 10
  /// An evaluation each so many steps. Missing: only at the end.
  public var evalSteps: Int?
  /// A checkpoint each so many steps. Missing: only at the end.
  public var saveSteps: Int?
  /// How many of the latest checkpoints are kept; the best stays too. Default 2.
  public var saveTotalLimit = 2
  /// Stops after so many evaluations without a lower held-out loss. Missing: never.
  public var earlyStoppingPatience: Int?
  /// What the file says, overrides included: the words of a run of any kind, for its record.
  public var words = JSONObject()

  public init() {}
}

extension RunConfiguration {
  public enum Adapter: String, Sendable, CaseIterable { case none, lora, esft }
  public enum Optimizer: String, Sendable, CaseIterable { case muon, adamw }
  public enum Schedule: String, Sendable, CaseIterable { case constant, cosine, linear }
  public enum Precision: String, Sendable, CaseIterable { case fp32, bf16, fp8 }

  public enum Decay: Sendable, Equatable {
    case steps(Int)
    case fraction(Double)

    /// How many of `total` steps.
    public func steps(of total: Int) -> Int {
      switch self {
      case .steps(let steps): min(steps, total)
      case .fraction(let fraction): Int((fraction * Double(total)).rounded())
      }
    }
  }

  /// A JSONL file.
  public struct Dataset: Sendable, Equatable {
    public var path: String
    /// Word: `type`. Default `chat_template`.
    public var kind = RowKind.chat

    public init(path: String, kind: RowKind = .chat) {
      self.path = path
      self.kind = kind
    }
  }

  /// A family of generated problems and how often it is drawn.
  public struct TaskShare: Sendable, Equatable {
    public var family: String
    /// The weight at addresses of samples. A single `weight` is a point at 0; `curriculum: [{sample, weight}]` has
    /// several, with straight lines between.
    public var points: [Point]

    public struct Point: Sendable, Equatable {
      public var sample: UInt64
      public var weight: Double

      public init(sample: UInt64, weight: Double) {
        self.sample = sample
        self.weight = weight
      }
    }

    public init(family: String, weight: Double = 1) {
      self.init(family: family, points: [Point(sample: 0, weight: weight)])
    }

    public init(family: String, points: [Point]) {
      self.family = family
      self.points = points
    }
  }
}

import FathomCore
import FathomTasks
import Synchronization

/// Lets a model answer the samples of a task, several at a time, and grades each as it comes.
public struct Evaluator: Sendable {
  public let task: EvaluationTask
  public let sampling: EvaluationSampling
  public let model: any EvaluatedModel
  /// Samples that are under way at a time. Changes no answer of a model in this process.
  public let parallel: Int

  public struct Progress: Sendable {
    public var done: Int
    public var total: Int
    public var passed: Int
  }

  public init(
    task: EvaluationTask, sampling: EvaluationSampling, model: any EvaluatedModel, parallel: Int
  ) {
    precondition(parallel >= 1, "\(parallel) samples at a time")
    self.task = task
    self.sampling = sampling
    self.model = model
    self.parallel = parallel
  }

  /// Answers what `old` does not hold. Once the task is cancelled, samples under way are given up.
  ///
  /// - Parameters:
  ///   - old: samples that were answered before.
  ///   - write: takes each new sample; called by several at a time.
  /// - Returns: all samples, in the order of problems.
  /// - Throws: what ends the run, also `CancellationError`. What was written until then stays written.
  public func run(
    continuing old: [SampleRecord] = [],
    progress: @escaping @Sendable (Progress) -> Void = { _ in },
    write: @escaping @Sendable (SampleRecord) throws -> Void = { _ in }
  ) async throws -> [SampleRecord] {
    let wanted = keys
    let places = Dictionary(uniqueKeysWithValues: wanted.enumerated().map { ($1.key, $0) })
    let known = old.filter { places[$0.key] != nil }
    let answered = Set(known.map(\.key))
    let open = wanted.filter { !answered.contains($0.key) }
    let ledger = Ledger(known)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<min(parallel, open.count) {
        group.addTask {
          while let number = ledger.take(below: open.count) {
            try Task.checkCancellation()
            let record = try await sample(open[number].problem, open[number].key)
            try write(record)
            let (done, passed) = ledger.add(record)
            progress(Progress(done: done, total: wanted.count, passed: passed))
          }
        }
      }
      try await group.waitForAll()
    }
    return ledger.records.sorted { (places[$0.key] ?? 0) < (places[$1.key] ?? 0) }
  }

  /// All samples. A choice needs but one: nothing is drawn.
  private var keys: [(problem: EvaluationProblem, key: SampleRecord.Key)] {
    task.problems.flatMap { problem in
      let count = if case .choice = problem.check { 1 } else { sampling.n }
      return (0..<count).map { (problem, SampleRecord.Key(problem: problem.id, sample: $0)) }
    }
  }

  private func sample(_ problem: EvaluationProblem, _ key: SampleRecord.Key) async throws
    -> SampleRecord
  {
    let seed = seed(of: key)
    do {
      switch problem.check {
      case .answer(let grader):
        let answer = try await model.answer(problem.prompt, sampling, seed: seed)
        return SampleRecord(key, seed: seed, answer, await grader.grade(answer.completion))
      case .choice(let grader):
        let scores = try await model.scores(of: grader.choices, behind: problem.prompt)
        return SampleRecord(key, scores, grader.grade(scores))
      }
    } catch let error as UnanswerableSample {
      return SampleRecord(key, seed: seed, failed: error.reason)
    }
  }

  /// The seed of a sample depends on the run's seed, the problem's id and the sample's number only. JSON can carry it.
  private func seed(of key: SampleRecord.Key) -> UInt64 {
    var problem = TaskRandom(seed: sampling.seed, index: Checksum.of(Array(key.problem.utf8)))
    var sample = TaskRandom(seed: problem.next(), index: UInt64(key.sample))
    return sample.next() >> 1
  }
}

/// Who answers which sample, and what came of it.
private final class Ledger: Sendable {
  private let next = Atomic(0)
  private let kept: Mutex<(records: [SampleRecord], passed: Int)>

  init(_ known: [SampleRecord]) {
    kept = Mutex((known, known.count { $0.verdict.passed }))
  }

  var records: [SampleRecord] { kept.withLock { $0.records } }

  /// The number of a sample that nobody has taken.
  func take(below count: Int) -> Int? {
    let number = next.add(1, ordering: .relaxed).oldValue
    return number < count ? number : nil
  }

  func add(_ record: SampleRecord) -> (done: Int, passed: Int) {
    kept.withLock { kept in
      kept.records.append(record)
      if record.verdict.passed { kept.passed += 1 }
      return (kept.records.count, kept.passed)
    }
  }
}

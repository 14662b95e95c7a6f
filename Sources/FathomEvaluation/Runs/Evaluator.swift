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
    let asked = Set(wanted.map(\.key))
    let known = old.filter { asked.contains($0.key) }
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
    let places = Dictionary(uniqueKeysWithValues: task.problems.enumerated().map { ($1.id, $0) })
    func place(of record: SampleRecord) -> (Int, Int) {
      (places[record.key.problem] ?? 0, record.key.sample)
    }
    return ledger.records.sorted { place(of: $0) < place(of: $1) }
  }

  /// All samples, as they are asked: the first ones of as many problems as are under way at a time, then their second ones,
  /// and so on. Where the model keeps what it has read, only first samples read a prompt. A choice needs but one: nothing is drawn.
  private var keys: [(problem: EvaluationProblem, key: SampleRecord.Key)] {
    var keys: [(problem: EvaluationProblem, key: SampleRecord.Key)] = []
    for begin in stride(from: 0, to: task.problems.count, by: parallel) {
      let problems = task.problems[begin..<min(begin + parallel, task.problems.count)]
      for sample in 0..<sampling.n {
        for problem in problems {
          if sample > 0, case .choice = problem.check { continue }
          keys.append((problem, SampleRecord.Key(problem: problem.id, sample: sample)))
        }
      }
    }
    return keys
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

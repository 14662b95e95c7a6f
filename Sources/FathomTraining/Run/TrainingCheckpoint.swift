import FathomCheckpoints
import FathomCore
import FathomTensors
import Foundation

/// A run on disk: `step_N/` with the weights in the official layout, what the optimiser keeps and where the run is.
///
/// A checkpoint is written under a temporary name, synced and renamed, so that a folder named `step_N` is always whole.
package struct TrainingCheckpoint {
  /// The folder of the run.
  package let folder: String

  package init(folder: String) { self.folder = folder }

  package static func name(_ step: Int) -> String { "step_\(step)" }

  /// Steps that have a checkpoint, ascending.
  package func steps() -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { $0.hasPrefix("step_") ? Int($0.dropFirst(5)) : nil }.sorted()
  }

  /// How names begin that nothing but a save or a removal in progress has.
  private static let temporary = ".tmp-"

  /// Where an evaluation finds the weights; nothing for ever.
  package var folderForEvaluation: String { "\(folder)/\(Self.temporary)evaluated" }

  /// Removes what a run left behind that was killed while it saved. Nobody else may be saving to the folder.
  package func removeRemains() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.hasPrefix(Self.temporary) || name.hasSuffix(".tmp") {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  package func path(_ step: Int) -> String { "\(folder)/\(Self.name(step))" }

  /// Writes a checkpoint of the trainer's present step.
  ///
  /// - Parameters:
  ///   - files: small files beside the weights: name and content.
  ///   - more: writes what else belongs into the folder.
  package func save(
    _ trainer: Trainer, model: RunModel, files: [(name: String, content: [UInt8])],
    best: BestEvaluation = BestEvaluation(), more: (_ folder: String) throws -> Void = { _ in }
  ) throws {
    let manager = FileManager.default
    let temporary = "\(folder)/\(Self.temporary)\(Self.name(trainer.step))-\(getpid())"
    try? manager.removeItem(atPath: temporary)
    try manager.createDirectory(atPath: temporary, withIntermediateDirectories: true)
    let parameters = trainer.parameters
    try model.write(to: temporary, format: .f32)
    var kept: [SafetensorsWriter.Tensor] = [
      .init("first", [trainer.state.count], floats: trainer.state.first),
      .init("second", [trainer.state.count], floats: trainer.state.second),
    ]
    if let average = trainer.average {
      kept.append(.init("average", [parameters.valueCount], floats: average))
    }
    // Not `.safetensors`: the weights' folder holds one model.
    try SafetensorsWriter(path: "\(temporary)/optimizer.state").write(kept)
    for file in files { try AtomicFile.write(file.content, to: "\(temporary)/\(file.name)") }
    try more(temporary)
    try writeState(trainer, best: best, in: temporary)
    try Self.sync(temporary)
    let final = path(trainer.step)
    // The old one's name is away only for the blink between two renames.
    let old = manager.fileExists(atPath: final) ? try retire(trainer.step) : nil
    guard rename(temporary, final) == 0 else {
      throw InputError(
        final, expected: "a folder that can be renamed", found: String(cString: strerror(errno)))
    }
    try Self.sync(folder)
    if let old { try manager.removeItem(atPath: old) }
  }

  /// Writes down where a run is.
  ///
  /// - Parameter path: by default the checkpoint of the trainer's step, whose evaluation came after it was saved.
  package func writeState(_ trainer: Trainer, best: BestEvaluation, in path: String? = nil) throws {
    var state = JSONObject([
      "step": .integer(trainer.step), "cursor": .string(String(trainer.cursor)),
      "tokens": .integer(trainer.tokens),
    ])
    if let step = best.lastStep { state["evaluated_step"] = .integer(step) }
    if let step = best.step {
      state["best_step"] = .integer(step)
      state["best_loss"] = .double(best.loss)
      state["evaluations_since_best"] = .integer(best.evaluationsSince)
    }
    try AtomicFile.write(
      Array(JSON.object(state).text(.indented).utf8),
      to: "\(path ?? self.path(trainer.step))/state.json")
  }

  private static func sync(_ folder: String) throws {
    let descriptor = open(folder, O_RDONLY)
    guard descriptor >= 0 else {
      throw InputError(
        folder, expected: "a folder that can be opened", found: String(cString: strerror(errno)))
    }
    fsync(descriptor)
    close(descriptor)
  }

  /// Puts a trainer where the run was after step `step`.
  ///
  /// - Returns: the best evaluation until then.
  @discardableResult
  package func restore(_ trainer: Trainer, model: RunModel, step: Int) throws -> BestEvaluation {
    let path = path(step)
    let state = try Self.state(path)
    // Frozen matrices are the base model's; what is stored beside factors has them merged.
    try trainer.parameters.load(try Checkpoint.open(path)) {
      model.hasAdapters && $0.role != .balance
    }
    if model.hasAdapters { try model.loadAdapter(from: path) }
    let kept = try SafetensorsFile(path: "\(path)/optimizer.state")
    func take(_ name: String, _ count: Int, into target: UnsafeMutablePointer<Float>) throws {
      guard let tensor = kept.tensors.first(where: { $0.name == name }), tensor.dtype == .f32,
        tensor.shape == [count]
      else {
        throw InputError(
          "\(path)/optimizer.state, tensor \(name)", expected: "[\(count)] F32",
          found: kept.tensors.first { $0.name == name }?.summary ?? "none")
      }
      tensor.withBytes { bytes in
        UnsafeMutableRawPointer(target).copyMemory(
          from: bytes.baseAddress ?? UnsafeRawPointer(target), byteCount: count * 4)
      }
    }
    try take("first", trainer.state.count, into: trainer.state.first)
    try take("second", trainer.state.count, into: trainer.state.second)
    if let average = trainer.average {
      try take("average", trainer.parameters.valueCount, into: average)
    }
    trainer.step = state.step
    trainer.cursor = state.cursor
    trainer.tokens = state.tokens
    return state.best
  }

  private static func state(_ path: String) throws -> (
    step: Int, cursor: UInt64, tokens: Int, best: BestEvaluation
  ) {
    let file = "\(path)/state.json"
    guard let data = FileManager.default.contents(atPath: file) else {
      throw InputError(file, expected: "a file that can be read", found: "none")
    }
    let config = try data.withUnsafeBytes { try ConfigurationReader.parse($0, file: file) }
    guard let cursor = UInt64(try config.string("cursor")) else {
      throw config.error("cursor", expected: "a whole number")
    }
    var best = BestEvaluation()
    if config.fields["evaluated_step"] != nil {
      best.lastStep = try config.int("evaluated_step", in: 0...Int(Int32.max))
    }
    if config.fields["best_step"] != nil {
      best.step = try config.int("best_step", in: 0...Int(Int32.max))
      best.loss = try config.double("best_loss", in: -.infinity ... .infinity)
      best.evaluationsSince = try config.int("evaluations_since_best", in: 0...Int.max)
    }
    return (
      try config.int("step", in: 0...Int(Int32.max)), cursor,
      try config.int("tokens", in: 0...Int.max), best
    )
  }

  /// Removes old checkpoints: all but the last `count` and those named in `keeping`.
  package func prune(keepLast count: Int, keeping: Set<Int> = []) throws {
    for step in steps().dropLast(max(count, 1)) where !keeping.contains(step) {
      try FileManager.default.removeItem(atPath: try retire(step))
    }
  }

  /// Takes a checkpoint's name away, as a folder that is only half removed must not be taken for one.
  ///
  /// - Returns: the folder to remove.
  private func retire(_ step: Int) throws -> String {
    let doomed = "\(folder)/\(Self.temporary)removed-\(Self.name(step))-\(getpid())"
    try? FileManager.default.removeItem(atPath: doomed)
    guard rename(path(step), doomed) == 0 else {
      throw InputError(
        path(step), expected: "a folder that can be renamed",
        found: String(cString: strerror(errno)))
    }
    return doomed
  }
}

/// The lowest held-out loss of a run so far. It is saved with the run: early stopping and the checkpoint that stays must not depend
/// on whether the run was resumed.
package struct BestEvaluation: Equatable {
  /// `nil` before the first evaluation.
  package var step: Int?
  /// The latest evaluation.
  package var lastStep: Int?
  package var loss = Double.infinity
  package var evaluationsSince = 0

  package init() {}

  package mutating func note(_ loss: Double, step: Int) {
    lastStep = step
    if loss < self.loss {
      self.loss = loss
      self.step = step
      evaluationsSince = 0
    } else {
      evaluationsSince += 1
    }
  }
}

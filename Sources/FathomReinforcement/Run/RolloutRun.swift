/// A run whose model answers problems and learns from its answers.
public protocol RolloutRun {
  /// Steps done.
  var step: Int { get }
  /// The step that a resumed run goes on behind; nil for one that begins anew.
  var resumedStep: Int? { get }
  /// Runs to the end, or until someone stops it.
  func run() async throws -> RolloutRunOutcome
}

/// How such a run ended.
public enum RolloutRunOutcome: String, Sendable {
  case finished
  /// Everything is saved; the same command with `--resume` goes on.
  case interrupted
  /// The reward fell again and again, though the run went back and on more slowly.
  case collapsed
}

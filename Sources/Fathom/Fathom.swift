/// Fathom: run DeepSeek-architecture language models in your own program.
///
/// ```swift
/// import Fathom
///
/// let model = try LanguageModel(path: "DeepSeek-R1-Distill-Qwen-1.5B")
/// for try await event in model.respond(to: [.user("Why is the sky blue?")]) {
///   if case .content(let text) = event { print(text, terminator: "") }
/// }
/// ```
@_exported import FathomCheckpoints
@_exported import FathomConstraints
@_exported import FathomCore
@_exported import FathomEvaluation
@_exported import FathomInference
@_exported import FathomMapping
@_exported import FathomModels
@_exported import FathomReinforcement
@_exported import FathomTasks
@_exported import FathomTensors
@_exported import FathomText
@_exported import FathomTraining

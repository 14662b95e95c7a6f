/// What an inspection shows, in this order: `model`, `tokens`, `attention`… by layer, `routing`… by layer, `cache`, `lens`…
/// by layer, then for each token of the answer `step` and, where one was drafted for its place, `draft`; at the end `done`.
package enum InspectionFrame: Sendable {
  case model(ModelFrame)
  /// The prompt, as the model reads it.
  case tokens([Int32])
  case attention(AttentionFrame)
  case routing(RoutingFrame)
  case cache(CacheFrame)
  case lens(LensFrame)
  case step(StepFrame)
  case draft(DraftFrame)
  case done(DoneFrame)
}

/// What was inspected, in numbers.
package struct DoneFrame: Sendable, Equatable {
  package struct Drafts: Sendable, Equatable {
    package var made: Int
    package var accepted: Int
  }

  package var promptTokens: Int
  package var completionTokens: Int
  /// nil where the model has no MTP module.
  package var drafts: Drafts?
}

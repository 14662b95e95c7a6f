import FathomModels
import FathomTensors

/// Keeps what a prompt's forward pass shows, as long as the prompt's tokens run in steps of at most
/// `Inspection.attentionTokens`.
final class InspectionRecorder {
  /// Of the layers asked for, by layer.
  private(set) var attention: [AttentionFrame] = []
  /// By layer; dense layers have none.
  private(set) var routing: [RoutingFrame] = []
  /// The residual stream at the last token so far, the embedding first, `[layers + 1][hidden]`.
  private(set) var residuals: [[Float]]

  private let session: Session
  private let layers: Set<Int>
  /// What the layer at work chose to look at, and what its router made of the logits.
  private var selection: [[Int32]]?
  private var routerScores: [RouterScores] = []

  /// - Parameter layers: those whose attention is kept.
  init(_ session: Session, layers: Set<Int>) {
    self.session = session
    self.layers = layers
    residuals = Array(repeating: [], count: session.model.shape.numHiddenLayers + 1)
  }

  func observe(_ observation: Observation, _ rows: Rows) {
    switch observation {
    case .embedding: keep(rows, behind: -1)
    case .layer(let layer): keep(rows, behind: layer)
    case .indexerSelection(_, let rows): selection = rows
    case .queries(let layer):
      attend(rows, layer: layer)
      selection = nil
    case .routerLogits(let layer):
      guard let router = router(of: layer) else { return }
      routerScores = (0..<rows.count).map {
        router.scores(ofLogits: rows[$0], compute: session.compute)
      }
    case .routing(let layer, let experts): route(experts, weights: rows, layer: layer)
    case .attention, .feedForward, .finalNorm, .mtpInput, .mtpBlock: break
    }
  }

  private func keep(_ rows: Rows, behind layer: Int) {
    residuals[layer + 1] = Array(
      UnsafeBufferPointer(start: rows[rows.count - 1], count: rows.width))
  }

  /// The first step's tokens are those whose attention is shown.
  private func attend(_ queries: Rows, layer: Int) {
    guard session.tokens.isEmpty, layers.contains(layer) else { return }
    let step = Step(
      [Step.Sequence(tokens: [], cache: session.cache)], compute: session.compute.exact,
      workspace: session.workspace)
    let scores = session.model.network.decoder.layers[layer].attention.scores(
      of: queries, layer: layer, step: step)
    attention.append(AttentionFrame(layer: layer, scores: scores, rows: selection))
  }

  private func router(of layer: Int) -> Router? {
    (session.model.network.decoder.layers[layer].feedForward as? MixtureOfExperts)?.router
  }

  private func route(_ experts: [[Int]], weights: Rows, layer: Int) {
    let tokens = zip(experts, routerScores).enumerated().map { s, choice in
      RoutingFrame.Token(
        experts: choice.0,
        weights: Array(UnsafeBufferPointer(start: weights[s], count: weights.width)),
        by: choice.1)
    }
    if let place = routing.firstIndex(where: { $0.layer == layer }) {
      routing[place].tokens += tokens
    } else {
      routing.append(RoutingFrame(layer: layer, tokens: tokens))
    }
  }
}

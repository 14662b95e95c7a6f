import FathomModels
import FathomTensors

/// Drafts one token ahead with the model's MTP module.
///
/// The module needs, for a position, the main model's hidden state there and the token that follows. Hidden states
/// are noted as the main model produces them and run through the module when a draft is wanted. Drafts are only
/// guesses that the main model checks, so a position whose state is gone after going back is simply left out.
final class Drafter {
  private let mtp: MultiTokenPrediction
  private let cache: KVCache
  private let hiddenSize: Int
  /// Timeline positions of the pairs in the module's cache.
  private var pairs: [Int] = []
  /// The token that followed the last of them.
  private var lastFollowing: Int32 = -1
  private var lastGuess: Int32 = 0
  /// Hidden states of the positions `firstState ..< noted`; the last used one is kept for going back one token.
  private var states: [Float] = []
  private var firstState = 0
  private var noted = 0

  /// Most rows the module runs in one step.
  private static let chunk = 256

  init(_ mtp: MultiTokenPrediction, layout: CacheLayout, hiddenSize: Int) {
    self.mtp = mtp
    cache = KVCache(layout: layout)
    self.hiddenSize = hiddenSize
  }

  var cacheBytes: Int { cache.allocatedBytes }

  /// Sees the logits that a guess is made from, `[vocab]`.
  var onGuess: ((UnsafeBufferPointer<Float>) -> Void)?

  /// Whether hidden states are noted: off while nobody asks for drafts. Positions left out then are no loss.
  var isActive = true

  /// Notes the hidden states `[s, hidden]` of the tokens from timeline position `begin` on.
  func note(_ new: Rows, from begin: Int) {
    guard isActive else { return }
    if begin != noted {
      states = []
      firstState = begin
    }
    for s in 0..<new.count {
      states.append(contentsOf: UnsafeBufferPointer(start: new[s], count: hiddenSize))
    }
    noted = begin + new.count
  }

  /// Runs what was noted through the module when much has piled up, as in a long prompt.
  func catchUp(with session: Session) {
    guard noted == session.tokens.count, noted - firstState > Self.chunk else { return }
    advance(to: noted - 1, session: session) { session.tokens[$0 + 1] }
    lastFollowing = session.tokens[noted - 1]
    forgetStates(before: noted - 1)
  }

  /// The module's guess at the token behind `next`, which in turn follows the timeline of the session; nil where
  /// the last hidden state is not known.
  func draft(next: Int32, session: Session) -> Int32? {
    guard noted == session.tokens.count, noted > firstState else { return nil }
    func following(_ position: Int) -> Int32 {
      position + 1 < noted ? session.tokens[position + 1] : next
    }
    if let last = pairs.last, last >= firstState,
      last == noted - 1 || following(last) != lastFollowing
    {
      forgetPairs(from: last)
    }
    advance(to: noted, session: session, following: following)
    lastFollowing = next
    forgetStates(before: noted - 1)
    return lastGuess
  }

  /// Runs the noted positions below `end` that the module has not seen.
  private func advance(to end: Int, session: Session, following: (Int) -> Int32) {
    var position = max(firstState, (pairs.last ?? -1) + 1)
    while position < end {
      let range = position..<min(end, position + Self.chunk)
      run(range, tokens: range.map(following), session: session)
      position = range.upperBound
    }
  }

  /// Runs the pairs of some positions through the module; leaves its guess behind the last.
  private func run(_ range: Range<Int>, tokens: [Int32], session: Session) {
    let workspace = session.workspace
    workspace.scope {
      let hidden = workspace.take(range.count, width: hiddenSize)
      let begin = (range.lowerBound - firstState) * hiddenSize
      states.withUnsafeBufferPointer { states in
        let source = UnsafeBufferPointer(
          rebasing: states[begin..<begin + range.count * hiddenSize])
        if let source = source.baseAddress {
          hidden.pointer.update(from: source, count: range.count * hiddenSize)
        }
      }
      let step = Step(
        [Step.Sequence(tokens: tokens, cache: cache)], compute: session.compute,
        workspace: workspace, attention: session.options.attention)
      let output = workspace.take(range.count, width: hiddenSize)
      mtp.forward(
        step, hidden: hidden, decoder: session.model.network.decoder, into: output)
      pairs.append(contentsOf: range)
      let logits = workspace.take(1, width: mtp.head.rows)
      mtp.logits(output.rows(range.count - 1..<range.count), into: logits, step: step)
      let row = UnsafeBufferPointer(start: logits.pointer, count: logits.width)
      lastGuess = Sampler.argmax(row)
      onGuess?(row)
    }
  }

  private func forgetStates(before position: Int) {
    states.removeFirst((position - firstState) * hiddenSize)
    firstState = position
  }

  private func forgetPairs(from position: Int) {
    while let last = pairs.last, last >= position { pairs.removeLast() }
    cache.truncate(to: pairs.count)
  }

  /// Forgets the tokens from timeline position `count` on, and with them pairs that ended in one of them.
  func truncate(to count: Int) {
    // The pair of the last kept position is good if the same token follows again; `draft` looks.
    if pairs.last != count - 1 { forgetPairs(from: count - 1) }
    if count > firstState {
      states.removeLast((noted - min(noted, count)) * hiddenSize)
    } else {
      states = []
      firstState = count
    }
    noted = min(noted, count)
  }
}

import Fathom
import Foundation

/// Shows an answer as it comes.
///
/// On a terminal reasoning is dimmed, or folded to one line. Elsewhere it stands between `<think>` and `</think>`, or,
/// folded, is left out.
final class AnswerDisplay {
  private let isSilent: Bool
  private let foldsReasoning: Bool
  private var thoughts: (characters: Int, start: ContinuousClock.Instant)?
  private var endsInNewline = true
  private var hasStatus = false
  /// Arguments of a call are being shown; a line of their own ends with them.
  private var isInCall = false
  /// Nobody reads the output any more.
  private(set) var isClosed = false

  init(isSilent: Bool = false, foldsReasoning: Bool = false) {
    self.isSilent = isSilent
    self.foldsReasoning = foldsReasoning
  }

  /// Says that work has begun: reading a prompt can take a while.
  func begin() { status("reading the prompt…") }

  func progress(done: Int, total: Int) {
    guard done < total else { return }
    status("reading the prompt: \(done.grouped) of \(total.grouped) tokens")
  }

  func show(_ event: ResponseEvent) {
    guard !isSilent else { return }
    if case .reasoning(let text) = event { return showReasoning(text) }
    endReasoning()
    if case .toolArguments(_, let text) = event { return write(text) }
    if isInCall { write("\n") }
    isInCall = false
    switch event {
    case .reasoning, .toolArguments: break
    case .content(let text), .malformedToolCall(let text): write(text)
    case .toolCall(_, let name):
      if !endsInNewline { write("\n") }
      write("→ \(name)", .bold)
      write(" ")
      isInCall = true
    }
  }

  private func showReasoning(_ text: String) {
    let start = thoughts?.start ?? .now
    let characters = (thoughts?.characters ?? 0) + text.count
    if thoughts == nil, !foldsReasoning, !Terminal.isOutput { write("<think>\n") }
    thoughts = (characters, start)
    if foldsReasoning {
      status("thinking… \(characters.grouped) characters")
    } else {
      write(text, .dim)
    }
  }

  private func endReasoning() {
    guard let thoughts else { return }
    self.thoughts = nil
    if !foldsReasoning {
      write((endsInNewline ? "" : "\n") + (Terminal.isOutput ? "\n" : "</think>\n\n"))
    } else if Terminal.isOutput {
      let seconds = (ContinuousClock.now - thoughts.start).inSeconds
      write("Thought for \(seconds.rounded(places: 1)) s\n", .dim)
    }
  }

  private func status(_ text: String) {
    guard !isSilent else { return }
    Terminal.status(text)
    hasStatus = true
  }

  private func write(_ text: String, _ style: Terminal.Style = .plain) {
    guard !text.isEmpty, !isClosed else { return }
    clearStatus()
    do {
      try Terminal.write(text, style)
      endsInNewline = text.utf8.last == UInt8(ascii: "\n")
    } catch {
      isClosed = true
    }
  }

  private func clearStatus() {
    if hasStatus { Terminal.clearStatus() }
    hasStatus = false
  }

  /// Ends the answer with a line break.
  ///
  /// - Throws: `OutputClosed`
  func finish() throws {
    clearStatus()
    endReasoning()
    if !endsInNewline { write("\n") }
    if isClosed { throw OutputClosed() }
  }
}

extension GenerationStatistics {
  /// `12 + 40 tokens · prefill 210 tok/s · decode 38.2 tok/s · first token 0.08 s · cache 70.0 KiB`
  var summary: String {
    var parts = ["\(promptTokens.grouped) + \(completionTokens.grouped) tokens"]
    if cachedTokens > 0 { parts[0] += " (\(cachedTokens.grouped) cached)" }
    if let rate = prefillTokensPerSecond { parts.append("prefill \(rate.significant) tok/s") }
    if let rate = decodeTokensPerSecond { parts.append("decode \(rate.significant) tok/s") }
    if completionTokens > 0 {
      parts.append("first token \(timeToFirstTokenSeconds.significant) s")
    }
    parts.append("cache \(cacheBytes.asBytes)")
    if let acceptance, let tokensPerStep {
      parts.append(
        "drafts \((acceptance * 100).rounded(places: 0)) %, \(tokensPerStep.rounded(places: 2)) per step"
      )
    }
    return parts.joined(separator: " · ")
  }
}

import FathomCore
import FathomInference
import FathomModels
import FathomText
import NIOCore

/// Writes what an inspection shows as lines of JSON, one for each frame.
struct InspectionLines: Sendable {
  let modelName: String
  let tokenizer: Tokenizer

  init(_ service: Service) {
    modelName = service.options.modelName
    tokenizer = service.language.tokenizer
  }

  func line(_ frame: InspectionFrame) -> ByteBuffer {
    ByteBuffer(string: text(frame) + "\n")
  }

  /// What ends a stream that failed on the way.
  static func line(failure: any Error) -> ByteBuffer {
    let json = JSON.of(["kind": .string("error"), "message": .string(APIError(failure).message)])
    return ByteBuffer(string: json.text() + "\n")
  }

  private func text(_ frame: InspectionFrame) -> String {
    switch frame {
    case .model(let frame): model(frame).text()
    case .tokens(let tokens):
      JSON.of(["kind": .string("tokens"), "tokens": .array(tokens.map(spelled))]).text()
    case .attention(let frame): attention(frame)
    case .routing(let frame): routing(frame)
    case .cache(let frame): cache(frame).text()
    case .lens(let frame):
      JSON.of([
        "kind": .string("lens"), "layer": .integer(frame.layer), "top": top(frame.top),
      ]).text()
    case .step(let frame): step(frame).text()
    case .draft(let frame): draft(frame).text()
    case .done(let frame): done(frame).text()
    }
  }

  // MARK: Tokens

  /// Bytes that are no text by themselves are shown by U+FFFD.
  private func word(_ token: Int32) -> JSON {
    .string(String(decoding: tokenizer.bytes(of: token), as: UTF8.self))
  }

  private func spelled(_ token: Int32) -> JSON {
    .of([
      "id": .integer(Int(token)), "text": word(token),
      "bytes": .array(tokenizer.bytes(of: token).map { .integer(Int($0)) }),
      "special": .bool(tokenizer.isSpecial(token)),
    ])
  }

  private func candidate(_ candidate: TokenProbability) -> JSON {
    .of([
      "id": .integer(Int(candidate.token)), "text": word(candidate.token),
      "probability": .double(candidate.probability),
    ])
  }

  private func top(_ candidates: [TokenProbability]) -> JSON { .array(candidates.map(candidate)) }

  // MARK: Frames

  private func model(_ frame: ModelFrame) -> JSON {
    .of([
      "kind": .string("model"), "id": .string(modelName),
      "layers": .integer(frame.shape.numHiddenLayers),
      "heads": .integer(frame.shape.numAttentionHeads),
      "hidden": .integer(frame.shape.hiddenSize), "vocabulary": .integer(frame.shape.vocabSize),
      "latent": frame.latent.map {
        .of([
          "rank": .integer($0.rank), "rotary": .integer($0.rotary), "nope": .integer($0.nope),
          "value": .integer($0.value),
        ])
      } ?? .null,
      "experts": frame.experts.map {
        .of([
          "count": .integer($0.count), "chosen": .integer($0.chosen),
          "shared": .integer($0.shared), "groups": .integer($0.groups),
          "groups_kept": .integer($0.groupsKept),
          "scoring": .string($0.scoring == .sigmoid ? "sigmoid" : "softmax"),
        ])
      } ?? .null,
      "first_mixture_layer": frame.firstMixtureLayer.map { .integer($0) } ?? .null,
      "drafts": .bool(frame.drafts),
    ])
  }

  private func cache(_ frame: CacheFrame) -> JSON {
    .of([
      "kind": .string("cache"), "tokens": .integer(frame.tokens), "bytes": .integer(frame.bytes),
      "bytes_per_token": .integer(frame.bytesPerToken),
      "plain_bytes": .integer(frame.plainBytes),
      "plain_bytes_per_token": .integer(frame.plainBytesPerToken),
      "type": .string(frame.type.rawValue),
    ])
  }

  private func step(_ frame: StepFrame) -> JSON {
    .of([
      "kind": .string("step"), "index": .integer(frame.index),
      "stages": .array(
        frame.stages.map {
          .of([
            "name": .string($0.name.rawValue), "kept": .integer($0.kept), "top": top($0.top),
          ])
        }),
      "chosen": .of([
        "id": .integer(Int(frame.chosen.token)), "text": word(frame.chosen.token),
        "probability": .double(frame.chosen.probability),
        "log_probability": .double(frame.chosen.logprob),
      ]),
    ])
  }

  private func draft(_ frame: DraftFrame) -> JSON {
    .of([
      "kind": .string("draft"), "index": .integer(frame.index),
      "drafted": candidate(frame.drafted), "accepted": .bool(frame.isAccepted),
      "instead": frame.isAccepted
        ? .null : .of(["id": .integer(Int(frame.picked)), "text": word(frame.picked)]),
    ])
  }

  private func done(_ frame: DoneFrame) -> JSON {
    .of([
      "kind": .string("done"),
      "usage": .of([
        "prompt_tokens": .integer(frame.promptTokens),
        "completion_tokens": .integer(frame.completionTokens),
      ]),
      "drafts": frame.drafts.map {
        .of(["made": .integer($0.made), "accepted": .integer($0.accepted)])
      } ?? .null,
    ])
  }
}

// Frames of many numbers, written without a tree of them.
extension InspectionLines {
  private func attention(_ frame: AttentionFrame) -> String {
    let scores = frame.scores
    var text = "{\"kind\":\"attention\",\"layer\":\(frame.layer),\"heads\":\(scores.heads)"
    func add(_ name: String, _ values: [Float]?) {
      text += ",\"\(name)\":"
      guard let values else {
        text += "null"
        return
      }
      text += "["
      let square = AttentionScores.triangle(scores.tokens)
      for head in 0..<scores.heads {
        text += head == 0 ? "[" : ",["
        for s in 0..<scores.tokens {
          if s > 0 { text += "," }
          let begin = head * square + AttentionScores.triangle(s)
          Self.write(values[begin...begin + s], to: &text)
        }
        text += "]"
      }
      text += "]"
    }
    add("probabilities", frame.probabilities)
    add("latent", scores.rotary == nil ? nil : scores.content)
    add("rotary", scores.rotary)
    if scores.rotary == nil { add("scores", scores.content) }
    return text + "}"
  }

  private func routing(_ frame: RoutingFrame) -> String {
    var text = "{\"kind\":\"routing\",\"layer\":\(frame.layer),\"tokens\":["
    for (index, token) in frame.tokens.enumerated() {
      if index > 0 { text += "," }
      text += "{\"experts\":\(Self.list(token.experts)),\"weights\":"
      Self.write(token.weights[...], to: &text)
      text += ",\"groups\":\(token.by.groups.map(Self.list) ?? "null"),\"scores\":"
      Self.write(token.by.scores[...], to: &text)
      text += ",\"biased\":"
      Self.write(token.by.biased[...], to: &text)
      text += "}"
    }
    return text + "]}"
  }

  private static func list(_ values: [Int]) -> String {
    "[" + values.map { "\($0)" }.joined(separator: ",") + "]"
  }

  /// Each value in the fewest digits that stand for it alone.
  private static func write(_ values: ArraySlice<Float>, to text: inout String) {
    text += "["
    for index in values.indices {
      if index > values.startIndex { text += "," }
      text += values[index].isFinite ? "\(values[index])" : "null"
    }
    text += "]"
  }
}

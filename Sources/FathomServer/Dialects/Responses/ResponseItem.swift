import FathomCore

/// One item of a response's output, and the events that tell it.
struct ResponseItem {
  /// The name of an event and what it says, without its number.
  typealias Event = (type: String, members: JSON)

  let index: Int
  /// Whether reasoning is told as a summary.
  let summarizes: Bool
  private(set) var part: AnswerPart
  private let id: String
  private let callID = Service.id("call_")

  init(_ part: AnswerPart, index: Int, summarizes: Bool) {
    self.part = part
    self.index = index
    self.summarizes = summarizes
    id =
      switch part.kind {
      case .reasoning: Service.id("rs_")
      case .content: Service.id("msg_")
      case .call: Service.id("fc_")
      }
  }

  mutating func add(_ text: String) { part.text += text }

  // MARK: Whole

  func json(_ status: String, isEmpty: Bool = false) -> JSON {
    let content = JSON.array(isEmpty ? [] : [contentPart(part.text)])
    let members: JSON =
      switch part.kind {
      case .reasoning:
        summarizes
          ? .of(["type": .string("reasoning"), "summary": content])
          : .of(["type": .string("reasoning"), "summary": .array([]), "content": content])
      case .content:
        .of(["type": .string("message"), "role": .string("assistant"), "content": content])
      case .call(let name):
        .of([
          "type": .string("function_call"), "call_id": .string(callID), "name": .string(name),
          "arguments": .string(isEmpty ? "" : part.text),
        ])
      }
    return JSON.of(["id": .string(id)]).merged(members).merged(.of(["status": .string(status)]))
  }

  private func contentPart(_ text: String) -> JSON {
    switch part.kind {
    case .reasoning:
      .of([
        "type": .string(summarizes ? "summary_text" : "reasoning_text"), "text": .string(text),
      ])
    default:
      .of([
        "type": .string("output_text"), "text": .string(text), "annotations": .array([]),
        "logprobs": .array([]),
      ])
    }
  }

  // MARK: Events

  func begin() -> [Event] {
    let added = about("response.output_item.added", ["item": json("in_progress", isEmpty: true)])
    guard !part.isCall else { return [added] }
    return [added, inside(partEvent("added"), ["part": contentPart("")])]
  }

  func delta(_ text: String) -> Event {
    var more = ["delta": JSON.string(text)]
    if part.kind == .content { more["logprobs"] = .array([]) }
    return inside("\(textEvent).delta", more)
  }

  func end(_ status: String) -> [Event] {
    let done = about("response.output_item.done", ["item": json(status)])
    if case .call(let name) = part.kind {
      let arguments = ["arguments": JSON.string(part.text), "name": .string(name)]
      return [inside("\(textEvent).done", arguments), done]
    }
    var whole = ["text": JSON.string(part.text)]
    if part.kind == .content { whole["logprobs"] = .array([]) }
    return [
      inside("\(textEvent).done", whole),
      inside(partEvent("done"), ["part": contentPart(part.text)]), done,
    ]
  }

  private var textEvent: String {
    switch part.kind {
    case .reasoning: summarizes ? "response.reasoning_summary_text" : "response.reasoning_text"
    case .content: "response.output_text"
    case .call: "response.function_call_arguments"
    }
  }

  private func partEvent(_ what: String) -> String {
    part.kind == .reasoning && summarizes
      ? "response.reasoning_summary_part.\(what)" : "response.content_part.\(what)"
  }

  private func about(_ type: String, _ members: [String: JSON]) -> Event {
    var object = JSONObject(["output_index": .integer(index)])
    for (key, value) in members.sorted(by: { $0.key < $1.key }) { object[key] = value }
    return (type, .object(object))
  }

  private func inside(_ type: String, _ members: [String: JSON]) -> Event {
    var members = members
    members["item_id"] = .string(id)
    if !part.isCall {
      let isSummary = part.kind == .reasoning && summarizes
      members[isSummary ? "summary_index" : "content_index"] = .integer(0)
    }
    return about(type, members)
  }
}

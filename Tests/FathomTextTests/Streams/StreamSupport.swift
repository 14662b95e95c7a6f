import FathomText

/// All events of a stream given in pieces, neighbours of one kind joined.
func events(
  _ chunks: [String], reasoning: ReasoningStart, toolCalls: ToolCallSyntax
) -> [ResponseEvent] {
  var parser = ResponseParser(reasoning: reasoning, toolCalls: toolCalls)
  var all: [ResponseEvent] = []
  for chunk in chunks { all += parser.feed(chunk) }
  all += parser.finish()
  return joined(all)
}

func joined(_ events: [ResponseEvent]) -> [ResponseEvent] {
  var all: [ResponseEvent] = []
  for event in events {
    switch (all.last, event) {
    case (.reasoning(let a), .reasoning(let b)): all[all.count - 1] = .reasoning(a + b)
    case (.content(let a), .content(let b)): all[all.count - 1] = .content(a + b)
    case (.toolArguments(let index, let a), .toolArguments(let same, let b)) where index == same:
      all[all.count - 1] = .toolArguments(index: index, text: a + b)
    default: all.append(event)
    }
  }
  return all
}

extension String {
  /// One piece for each scalar: finer than characters, as decoded tokens are.
  var scalars: [String] { unicodeScalars.map { String($0) } }

  func split(atScalar place: Int) -> [String] {
    [String(unicodeScalars.prefix(place)), String(unicodeScalars.dropFirst(place))]
  }
}

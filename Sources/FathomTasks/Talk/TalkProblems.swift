/// Small talk: greetings, what the model is and can do, and what it has to decline.
public struct TalkProblems: TaskFamily {
  public let name = "talk"
  private let typos: Double

  /// At level 0 messages are spelt well, at level 1 every fourth has a typing error.
  public init(level: Double = 1) { typos = Double(Level(level).scaled(0...25)) / 100 }

  public func problem(_ random: inout TaskRandom) -> Problem {
    let topic = random.pick(TalkTopic.all)
    let values = [
      "skills": TalkTopic.skills, "s": random.pick(Vocabulary.people).name,
      "end": random.pick(["", ".", "!", "", "!!", " :)"]), "end?": random.pick(["?", "", "??"]),
      "today": random.pick(["", "", " today", " now"]), "you": random.pick(["", " you"]),
      "me": random.pick(["", " me"]),
      "city": random.pick([
        "Paris", "Rome", "Oslo", "London", "Berlin", "Lima", "Tokyo", "Cairo", "my town",
      ]),
      "thing": random.pick([
        "the sea", "a cat", "spring", "a dog", "love", "the moon", "a tree", "winter", "my home",
      ]),
    ]
    let message = Template(random.pick(topic.messages)).filled(values, &random).capitalizedFirst
    let answer = Template(random.pick(topic.answers)).filled(values, &random)
    let keys = topic.keys
    return Problem(
      family: name, prompt: typed(message, &random), reasoning: topic.thought, answer: answer,
      accepts: { Self.accepts($0, keys: keys) })
  }

  /// As people type: without capitals, loudly, without the mark at the end, with letters swapped or lost.
  private func typed(_ message: String, _ random: inout TaskRandom) -> String {
    var bytes = Array(message.utf8)
    if random.chance(typos) { Self.mistype(&bytes, &random) }
    if let last = bytes.last, last == UInt8(ascii: "?"), random.chance(0.25) { bytes.removeLast() }
    let text = String(decoding: bytes, as: UTF8.self)
    return random.chance(0.35) ? text.lowercased() : random.chance(0.05) ? text.uppercased() : text
  }

  /// One error within a word of at least four letters, its first letter kept.
  private static func mistype(_ bytes: inout [UInt8], _ random: inout TaskRandom) {
    func isLetter(_ index: Int) -> Bool {
      bytes.indices.contains(index) && (0x61...0x7A).contains(bytes[index] | 0x20)
    }
    let places = bytes.indices.filter { index in (index - 1...index + 2).allSatisfy(isLetter) }
    guard !places.isEmpty else { return }
    let place = random.pick(places)
    switch random.pick([0, 1, 2]) {
    case 0: bytes.swapAt(place, place + 1)
    case 1: bytes.remove(at: place)
    default: bytes.insert(bytes[place], at: place)
    }
  }

  /// Whether a text has one phrase of each group; case and spaces count for nothing.
  static func accepts(_ answer: String, keys: [[String]]) -> Bool {
    guard answer.utf8.count <= 320 else { return false }
    let text = answer.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return keys.allSatisfy { group in group.contains { Self.isPhrase($0, of: text) } }
  }

  /// Whether a phrase stands in a text with no letter right before it.
  private static func isPhrase(_ phrase: String, of text: String) -> Bool {
    let (phrase, text) = (Array(phrase.utf8), Array(text.utf8))
    guard !phrase.isEmpty, text.count >= phrase.count else { return false }
    return (0...(text.count - phrase.count)).contains { start in
      text[start..<(start + phrase.count)].elementsEqual(phrase)
        && (start == 0 || !(0x61...0x7A).contains(text[start - 1]))
    }
  }
}

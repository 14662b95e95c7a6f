import Testing

@testable import FathomTasks

@Suite struct TalkProblemsTests {
  @Test func `every topic accepts its own answers, and no answer of another`() {
    var random = TaskRandom(seed: 1, index: 1)
    let values = ["skills": TalkTopic.skills]
    for topic in TalkTopic.all {
      for other in TalkTopic.all {
        for answer in other.answers {
          let text = Template(answer).filled(values, &random)
          let accepted = TalkProblems.accepts(text, keys: topic.keys)
          #expect(
            accepted == (topic.name == other.name), "\(topic.name) and \(other.name): \(text)")
        }
      }
    }
  }

  @Test func `everything that it can be asked to decline is declined`() {
    let names = TalkTopic.declined.map(\.name)
    for name in ["news", "weather", "poems", "code", "medical advice", "translations"] {
      #expect(names.contains(name))
    }
    for topic in TalkTopic.declined {
      #expect(topic.answers.allSatisfy { $0.contains("can't") })
      #expect(!TalkProblems.accepts("Sure, here it is: " + TalkTopic.skills, keys: topic.keys))
    }
  }

  @Test func `it says what it is`() {
    let identity = TalkTopic.all.first { $0.name == "identity" }!
    for answer in identity.answers {
      for word in ["Fathom", "small", "DeepSeek", "generates itself"] {
        #expect(answer.contains(word))
      }
    }
  }

  @Test func `messages come in many spellings`() {
    let family = TalkProblems()
    let messages = (0..<5000).map { family.problem(seed: 9, index: UInt64($0)).prompt }
    #expect(
      messages.contains { $0 == $0.lowercased() }
        && messages.contains { $0.count > 8 && $0 == $0.uppercased() })
    let tidy = TalkProblems(level: 0)
    let clean = Set((0..<5000).map { tidy.problem(seed: 9, index: UInt64($0)).prompt.lowercased() })
    print(
      "talk: \(clean.count) messages without typing errors in 5000 draws, \(Set(messages).count) with them"
    )
    #expect(clean.count > 500)
    #expect(messages.contains { !clean.contains($0.lowercased()) })
  }

  @Test func `a long text is no answer`() {
    let keys = TalkTopic.all[0].keys
    #expect(
      !TalkProblems.accepts(
        String(repeating: "hello fathom word problems ", count: 1000), keys: keys))
    #expect(TalkProblems.accepts("  HELLO!  I am Fathom.\nword   problems", keys: keys))
  }
}

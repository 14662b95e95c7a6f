import FathomCore
import FathomMapping
import Testing

@Suite struct MappingCompletionTests {
  private func examples(_ texts: (String, String)...) throws -> [MappingExample] {
    try texts.map { MappingExample(input: try JSON.parse($0), output: try JSON.parse($1)) }
  }

  @Test func `open constants and tables come from the examples`() throws {
    let program = try MappingProgram(parsing: "o1 = const ; o2 = f1 enum ; o3 = f2 first enum")
    let shown = try examples(
      (#"{"f1":"x","f2":"M-1"}"#, #"{"o1":"kg","o2":"ex","o3":"male"}"#),
      (#"{"f1":"y","f2":"F-2"}"#, #"{"o1":"kg","o2":"why","o3":"female"}"#))
    #expect(program.isOpen)
    #expect(throws: InputError.self) { try program.completed(by: shown) }
    let completed = try program.completed(by: shown, tables: .shown)
    #expect(
      completed.line
        == "o1 = const kg ; o2 = f1 enum {x: ex, y: why} ; "
        + "o3 = f2 first enum {M: male, F: female, O: other, U: unknown}")
    #expect(completed.reproduces(shown) && !completed.isOpen)
  }

  /// A model that writes enum for everything would pass the examples it was shown, whatever they are.
  @Test func `a table that no code proves by coming twice isn't taken`() throws {
    let program = try MappingProgram(parsing: "o = f enum")
    let pairs = try examples(
      (#"{"f":"x"}"#, #"{"o":"ex"}"#), (#"{"f":"y"}"#, #"{"o":"why"}"#),
      (#"{"f":"x"}"#, #"{"o":"ex"}"#))
    #expect(throws: InputError.self) { try program.completed(by: Array(pairs.prefix(2))) }
    #expect(try program.completed(by: pairs).line == "o = f enum {x: ex, y: why}")
    #expect(throws: InputError.self) { try program.completed(by: [pairs[0], pairs[2]]) }
  }

  @Test func `each branch of a conditional takes from the examples it holds for`() throws {
    let program = try MappingProgram(parsing: "o = const if f is 1 else const")
    let shown = try examples(
      (#"{"f":1}"#, #"{"o":"one"}"#), (#"{"f":2}"#, #"{"o":"more"}"#),
      (#"{"f":3}"#, #"{"o":"more"}"#))
    #expect(try program.completed(by: shown).line == "o = const one if f is 1 else const more")
  }

  @Test(arguments: ["o = const", "o = f enum", "o = f const cat", "o = missing enum"])
  func `examples that contradict each other are an error`(text: String) throws {
    let program = try MappingProgram(parsing: text)
    let shown = try examples((#"{"f":"x"}"#, #"{"o":"a"}"#), (#"{"f":"x"}"#, #"{"o":"b"}"#))
    #expect { try program.completed(by: shown) } throws: { $0 is InputError }
    #expect(throws: InputError.self) { try program.completed(by: []) }
  }
}

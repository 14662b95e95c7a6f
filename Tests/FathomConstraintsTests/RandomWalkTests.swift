import FathomCore
import Foundation
import Testing

@testable import FathomConstraints

@Suite struct RandomWalkTests {
  static let schemas = [
    // What pydantic says of a model with a nested one, an optional, an enum and a map.
    #"""
    {"$defs":{"Kind":{"enum":["small","large \"x\"","größer"],"title":"Kind","type":"string"},
      "Part":{"properties":{"name":{"title":"Name","type":"string"},
        "weight":{"exclusiveMinimum":0,"maximum":2.5,"title":"Weight","type":"number"}},
        "required":["name","weight"],"title":"Part","type":"object"}},
     "properties":{"id":{"title":"Id","type":"integer","minimum":1,"maximum":4096},
      "kind":{"$ref":"#/$defs/Kind","default":"small"},
      "note":{"anyOf":[{"type":"string","maxLength":20},{"type":"null"}],"default":null},
      "parts":{"items":{"$ref":"#/$defs/Part"},"title":"Parts","type":"array","maxItems":3},
      "labels":{"additionalProperties":{"type":"boolean"},"type":"object"}},
     "required":["id","parts"],"title":"Thing","type":"object"}
    """#,
    // What OpenAI's strict mode asks for.
    #"""
    {"type":"object","properties":{"city":{"type":"string"},"unit":{"type":["string","null"],
      "enum":["C","F",null]}},"required":["city","unit"],"additionalProperties":false}
    """#,
    // A tree.
    #"""
    {"$ref":"#/$defs/Node","$defs":{"Node":{"type":"object","properties":{
      "value":{"type":"integer"},"children":{"type":"array","items":{"$ref":"#/$defs/Node"}}},
      "required":["value"],"additionalProperties":false}}}
    """#,
    #"{"type":"array","prefixItems":[{"type":"string","minLength":2,"maxLength":4},{"const":7}],"items":{"type":"number","minimum":-1.5,"exclusiveMaximum":0.25},"minItems":2,"maxItems":5}"#,
    #"{"type":"object","properties":{"a":{"type":"string","pattern":"^[A-Z]{2,3}\\d+$"},"ab":{"type":"boolean"}},"additionalProperties":{"type":"integer","exclusiveMinimum":-12,"exclusiveMaximum":103}}"#,
    #"{"oneOf":[{"type":"object","properties":{"t":{"const":"x"},"v":{"type":"null"}},"required":["t","v"]},{"type":"object","properties":{"t":{"const":"y"}},"required":["t"]}],"discriminator":{"propertyName":"t"}}"#,
    #"{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"string"},"a":{"minimum":3}},"required":["b"]}]}"#,
    #"{"type":"object","properties":{"d":{"type":"string","format":"date"},"t":{"type":"string","format":"date-time"},"u":{"type":"string","format":"uuid"},"m":{"type":"string","format":"email"},"i":{"type":"string","format":"ipv4"}},"required":["d","t","u","m","i"]}"#,
    #"{"type":["integer","array","boolean"],"items":{"type":"string"},"minItems":1}"#,
    #"{"type":"string","minLength":3,"maxLength":40}"#,
    #"{}"#,
  ]

  @Test func `two hundred random answers through masks obey their schemas`() throws {
    var samples: [String] = []
    for seed in 0..<200 as Range<UInt64> {
      let caches = Vocabularies.all
      let text = Self.schemas[Int(seed) % Self.schemas.count]
      let cache = caches[Int(seed / 11) % caches.count]
      let document = try JSON.parse(text)
      let grammar = try Grammar.jsonSchema(document, strict: true)
      let bytes = try randomText(grammar, cache, seed: seed)
      let answer = String(decoding: bytes, as: UTF8.self)
      #expect(String(validating: bytes, as: UTF8.self) != nil, "seed \(seed)")
      samples.append(
        JSON.object(JSONObject(["schema": document, "answer": .string(answer)])).text())
      do {
        let value = try JSON.parse(answer)
        #expect(
          SchemaValidator(root: document).accepts(value), "seed \(seed): \(answer) against \(text)")
      } catch let error as InputError where error.expectation == "each key once" {
        // Free keys may come twice.
      }
    }
    if let path = ProcessInfo.processInfo.environment["FATHOM_CONSTRAINT_SAMPLES"] {
      try samples.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }
  }

  @Test(arguments: [true, false])
  func `random answers in JSON mode are JSON`(_ objectOnly: Bool) throws {
    for seed in 0..<40 as Range<UInt64> {
      let cache = Vocabularies.all[Int(seed) % Vocabularies.all.count]
      let bytes = try randomText(.json(objectOnly: objectOnly), cache, seed: seed, free: 60)
      do {
        let value = try JSON.parse(String(decoding: bytes, as: UTF8.self))
        #expect(!objectOnly || value.objectValue != nil, "seed \(seed)")
      } catch let error as InputError where error.expectation == "each key once" {}
    }
  }

  @Test func `random texts of patterns match them`() throws {
    let patterns = [
      "[a-f]+(-[0-9]{2,3})?", "(a|bc)*d", "\\w+@\\w+\\.(com|org)", "(?:\\d{1,3}\\.){3}\\d{1,3}",
      "[^a-z]{3}", ".{0,5}é+", "(a+)+b", "x{0,3}y{2}|z", "\\S\\s\\D",
    ]
    for seed in 0..<60 as Range<UInt64> {
      let pattern = patterns[Int(seed) % patterns.count]
      let cache = Vocabularies.all[Int(seed) % Vocabularies.all.count]
      let text = String(
        decoding: try randomText(.regex(pattern), cache, seed: seed, free: 8), as: UTF8.self)
      let expression = try NSRegularExpression(pattern: "\\A(?:\(pattern))\\z")
      let range = NSRange(text.startIndex..., in: text)
      #expect(
        expression.firstMatch(in: text, range: range) != nil, "seed \(seed): \(pattern), \(text)")
    }
  }

  @Test func `a vocabulary without all bytes writes what it can and never gets stuck`() throws {
    let cache = Vocabularies.poor
    for seed in 0..<30 as Range<UInt64> {
      let grammar = try schema(
        #"{"type":"object","properties":{"a":{"enum":["UPPER","low","Ü"]},"b":{"type":"string"}},"required":["a","b"]}"#
      )
      let text = String(decoding: try randomText(grammar, cache, seed: seed), as: UTF8.self)
      #expect(try JSON.parse(text)["a"] == .string("low"), "seed \(seed)")
    }
    #expect(throws: InputError.self) { try Constraint(.literal("ABC"), cache: cache) }
  }
}

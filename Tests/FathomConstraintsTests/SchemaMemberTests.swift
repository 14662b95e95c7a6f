import FathomCore
import Testing

@testable import FathomConstraints

@Suite struct SchemaMemberTests {
  private func members(_ text: String, strict: Bool = false) throws -> [SchemaMember]? {
    try SchemaMember.all(ofSchema: JSON.parse(text), strict: strict)
  }

  @Test func `members come in their order with what they accept`() throws {
    let members = try #require(
      try members(
        #"""
        {"$ref": "#/$defs/Root", "$defs": {"Kind": {"enum": ["a", "b"]}, "Root": {"type": "object",
          "properties": {"text": {"type": "string"}, "kind": {"$ref": "#/$defs/Kind"},
            "short": {"type": "string", "maxLength": 2}, "count": {"type": "integer"}, "any": {},
            "either": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "tree": {"$ref": "#/$defs/Root"},
            "mixed": {"enum": ["a", 1]}},
          "required": ["text", "count", "other"]}}}
        """#))
    #expect(
      members.map(\.name) == [
        "text", "kind", "short", "count", "any", "either", "tree", "mixed", "other",
      ])
    #expect(members.filter(\.isRequired).map(\.name) == ["text", "count", "other"])
    #expect(
      members.map(\.text) == [.any, .oneOf(["a", "b"]), nil, nil, nil, nil, nil, nil, nil])
    let values = [
      #""x""#, #""b""#, #""xy""#, "-7", "[{}]", "null", #"{"text":"a","count":1,"other":2}"#,
    ]
    for (member, value) in zip(members, values) { #expect(member.value.allows(value)) }
    for (member, value) in zip(members, ["1", #""c""#, #""xyz""#, "1.5", "x", "1", "{}"]) {
      #expect(!member.value.allows(value), "\(member.name)")
    }
  }

  @Test func `where none is named any may come`() throws {
    #expect(try members("{}") == nil)
    #expect(try members(#"{"type": "object"}"#) == nil)
    #expect(try members(#"{"type": "object", "additionalProperties": false}"#)?.isEmpty == true)
  }

  @Test(arguments: [
    #"{"type": "string"}"#, #"{"anyOf": [{"type": "object"}]}"#, #"{"const": {}}"#,
    #"{"type": "object", "properties": {"a": {"multipleOf": 2}}}"#, "1",
  ])
  func `what is no plain object is refused`(text: String) {
    #expect(throws: InputError.self) { try members(text) }
  }

  @Test func `a format that is not enforced is refused if strict`() throws {
    let text = #"{"type": "object", "properties": {"a": {"type": "string", "format": "uri"}}}"#
    #expect(try members(text)?.count == 1)
    #expect(throws: InputError.self) { try members(text, strict: true) }
  }
}

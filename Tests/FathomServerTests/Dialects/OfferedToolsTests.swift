import FathomCore
import FathomText
import Testing

@testable import FathomServer

@Suite struct OfferedToolsTests {
  private static func tools(_ functions: String...) throws -> [ToolDefinition] {
    try functions.map {
      try ToolDefinition(JSON.parse(#"{"type": "function", "function": \#($0)}"#))
    }
  }

  @Test(arguments: [
    #"{"name": "f"}"#, #"{"name": "f", "parameters": null}"#, #"{"name": "f", "parameters": {}}"#,
    #"{"name": "f", "parameters": {"type": "object"}}"#,
  ])
  func `tools with an object's schema or none are offered`(function: String) throws {
    let tools = try Self.tools(function)
    #expect(try ToolChoice.auto.offered(tools) == tools)
    #expect(try ToolChoice.none.offered(tools).isEmpty)
  }

  @Test(arguments: [
    #""object""#, "[]", "true", "7", #"{"type": "string"}"#, #"{"type": ["object", "null"]}"#,
  ])
  func `arguments that are no object are refused by place`(schema: String) throws {
    let tools = try Self.tools(#"{"name": "f"}"#, #"{"name": "g", "parameters": \#(schema)}"#)
    let error = #expect(throws: APIError.self) { try ToolChoice.auto.offered(tools) }
    #expect(error?.status == .badRequest && error?.param == "tools[1]")
  }

  @Test func `names are told apart and not too long`() throws {
    for names in [
      ["f", "g", "f"], ["f", "g", String(repeating: "a", count: 129)], ["f", "g", ""],
    ] {
      let tools = try names.flatMap { try Self.tools(#"{"name": "\#($0)"}"#) }
      let error = #expect(throws: APIError.self) { try ToolChoice.none.offered(tools) }
      #expect(error?.status == .unprocessableContent && error?.param == "tools[2]")
    }
  }
}

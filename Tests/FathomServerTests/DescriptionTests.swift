import FathomCore
import Testing

@testable import FathomServer

@Suite struct DescriptionTests {
  private static func description() throws -> JSON {
    try BodyReader.json(try TestService.get().page.description)
  }

  @Test func `every route is described, and nothing else`() throws {
    let paths = try #require(try Self.description()["paths"]?.objectValue)
    let described = paths.members.flatMap { path, operations in
      // A component that can be anything has a name in a description.
      let path = path.contains("{") ? path.prefix { $0 != "{" } + "*" : path
      return (operations.objectValue?.members ?? []).map(\.key).filter { $0 != "parameters" }
        .map { "\($0.uppercased()) \(path)" }
    }
    let known = Routes.all.map { "\($0.method.rawValue) \($0.path)" }
    #expect(Set(described) == Set(known))
    #expect(described.count == known.count)
  }

  @Test func `every reference leads somewhere, and every part is used`() throws {
    let description = try Self.description()
    var named: Set<String> = []
    var pending = [description]
    while let value = pending.popLast() {
      if let reference = value["$ref"]?.stringValue { named.insert(reference) }
      pending += value.arrayValue ?? value.objectValue?.members.map(\.value) ?? []
    }
    let kinds = try #require(description["components"]?.objectValue).members
    let parts = kinds.filter { $0.key != "securitySchemes" }.flatMap { kind, parts in
      (parts.objectValue?.members ?? []).map { "#/components/\(kind)/\($0.key)" }
    }
    #expect(Set(parts) == named)
  }
}

import FathomInference
import Testing

@Suite struct BlockKeyTests {
  private let root = BlockKey.root(identity: [1, 2, 3], tenant: "a")

  @Test func `a key depends on model, tenant and every token before it`() {
    let keys: [BlockKey] = [
      root, .root(identity: [1, 2, 4], tenant: "a"), .root(identity: [1, 2, 3], tenant: "b"),
      // Where identity ends and tenant begins.
      .root(identity: [1, 2, 3, 97], tenant: ""), .root(identity: [], tenant: "\u{1}\u{2}\u{3}a"),
      root.appending([]), root.appending([0]), root.appending([0, 0]), root.appending([1, 0]),
      root.appending([256]), root.appending([-1]), root.appending([0]).appending([0]),
      root.appending([0, 0]).appending([0]), root.appending([0]).appending([0, 0]),
    ]
    #expect(Set(keys).count == keys.count)
    #expect(Set(keys.map(\.description)).count == keys.count)
    #expect(root.appending([7, 8]) == root.appending([7, 8][...]))
  }

  @Test func `tenants that look alike are two`() {
    let composed = BlockKey.root(identity: [], tenant: "\u{e9}")
    #expect(composed != .root(identity: [], tenant: "e\u{301}"))
  }

  @Test func `keys stay what they are from version to version`() {
    let key = root.appending(Array(0..<64))
    #expect("\(root)" == "8f1622f2b4c5fed1cc2732802f485598d79eaadbf3103ff4c3f8f0275578aa03")
    #expect("\(key)" == "d526677a0107fe5f9425619ad93aab568dc870807e1d04e84a2c7b12e5f143a0")
  }

  @Test func `a key's digits lead back to it and nothing else does`() {
    let digits = Array("\(root)".utf8)
    #expect(BlockKey(digits: digits) == root)
    #expect(root.bytes.count == 32)
    #expect(BlockKey(digits: digits.dropLast()) == nil)
    #expect(BlockKey(digits: digits + [48]) == nil)
    #expect(BlockKey(digits: Array("\(root)".uppercased().utf8)) == nil)
    for stranger in Array("/:`g \u{0}é".utf8) {
      #expect(BlockKey(digits: [stranger] + digits.dropFirst()) == nil)
    }
  }
}

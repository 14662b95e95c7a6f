/// Tokens by their bytes: a tree whose nodes stand in one list, each before its children.
///
/// A walk that loses interest in a node skips to `end`. Siblings ascend by byte.
struct ByteTrie: Sendable {
  /// The byte that leads to each node. The root is not a node.
  private(set) var byte: [UInt8] = []
  /// How many bytes lead to each node, from 1.
  private(set) var depth: [UInt16] = []
  /// The node after everything below each node.
  private(set) var end: [Int32] = []
  /// Where each node's tokens start in `tokens`; one more element than nodes.
  private(set) var firstToken: [Int32] = []
  private(set) var tokens: [Int32] = []
  private(set) var longest = 0

  var count: Int { byte.count }

  /// - Parameter entries: tokens with their bytes, none of them empty; longer ones than 65,535
  ///   bytes are left out.
  init(_ entries: [(bytes: [UInt8], token: Int32)]) {
    var path: [(byte: UInt8, node: Int)] = []
    let usable = entries.filter { !$0.bytes.isEmpty && $0.bytes.count <= Int(UInt16.max) }
    for (bytes, token) in usable.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
      let shared = zip(path, bytes).prefix { $0.byte == $1 }.count
      while path.count > shared {
        if let (_, node) = path.popLast() { end[node] = Int32(byte.count) }
      }
      for next in bytes.dropFirst(shared) {
        path.append((next, byte.count))
        byte.append(next)
        depth.append(UInt16(path.count))
        end.append(0)
        firstToken.append(Int32(tokens.count))
      }
      tokens.append(token)
      longest = max(longest, bytes.count)
    }
    for (_, node) in path { end[node] = Int32(byte.count) }
    firstToken.append(Int32(tokens.count))
  }
}

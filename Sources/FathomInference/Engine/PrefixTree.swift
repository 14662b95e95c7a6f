/// Which blocks of cached rows hold which beginnings of text: a radix tree whose edges are blocks of 64 tokens.
///
/// Every tenant has a tree of their own, so nobody can learn from timing what others asked. Blocks that running requests
/// read are pinned, and with them all blocks before them; the others wait in the order of their last use, and leaves are given
/// up first.
package struct PrefixTree {
  package typealias Block = Int
  package typealias NodeID = Int

  private struct Node {
    var block: Block
    var parent: NodeID
    var tokens: [Int32]
    var tenant: String
    var children: [[Int32]: NodeID] = [:]
    var pins = 0
    /// Neighbours in the list of leaves that nobody pins; `none` at its ends, and outside it.
    var older = none
    var younger = none
    var waits = false
  }

  package static let none: NodeID = -1

  private var nodes: [Node] = []
  private var unused: [NodeID] = []
  private var roots: [String: [[Int32]: NodeID]] = [:]
  private var oldest = none
  private var youngest = none
  /// Blocks in the tree that somebody pins.
  package private(set) var pinnedCount = 0
  /// Blocks in the tree that nobody pins.
  package private(set) var cachedCount = 0

  package init() {}

  package func block(of node: NodeID) -> Block { nodes[node].block }

  /// The node behind `parent` (`none`: the tenant's root) for a block of tokens.
  package func child(of parent: NodeID, tenant: String, tokens: ArraySlice<Int32>) -> NodeID? {
    let key = Array(tokens)
    return parent == Self.none ? roots[tenant]?[key] : nodes[parent].children[key]
  }

  /// The longest path of at most `limit` whole blocks that a text begins with.
  package func match(_ tokens: [Int32], tenant: String, limit: Int) -> [NodeID] {
    var path: [NodeID] = []
    while path.count < limit {
      let begin = path.count * Scheduler.blockTokens
      guard begin + Scheduler.blockTokens <= tokens.count,
        let next = child(
          of: path.last ?? Self.none, tenant: tenant,
          tokens: tokens[begin..<begin + Scheduler.blockTokens])
      else { break }
      path.append(next)
    }
    return path
  }

  /// Adds a block behind `parent`; there must be none for these tokens yet. It is not pinned.
  package mutating func insert(
    _ block: Block, tokens: ArraySlice<Int32>, behind parent: NodeID, tenant: String
  ) -> NodeID {
    precondition(tokens.count == Scheduler.blockTokens, "a block of \(tokens.count) tokens")
    let key = Array(tokens)
    let node = Node(block: block, parent: parent, tokens: key, tenant: tenant)
    let id: NodeID
    if let free = unused.popLast() {
      id = free
      nodes[id] = node
    } else {
      id = nodes.count
      nodes.append(node)
    }
    if parent == Self.none {
      roots[tenant, default: [:]][key] = id
    } else {
      nodes[parent].children[key] = id
      stopWaiting(parent)
    }
    cachedCount += 1
    startWaiting(id, asYoungest: true)
    return id
  }

  package mutating func pin(_ id: NodeID) {
    nodes[id].pins += 1
    guard nodes[id].pins == 1 else { return }
    pinnedCount += 1
    cachedCount -= 1
    stopWaiting(id)
  }

  package mutating func unpin(_ id: NodeID) {
    precondition(nodes[id].pins > 0, "block \(nodes[id].block) is not pinned")
    nodes[id].pins -= 1
    guard nodes[id].pins == 0 else { return }
    pinnedCount -= 1
    cachedCount += 1
    if nodes[id].children.isEmpty { startWaiting(id, asYoungest: true) }
  }

  /// Gives up the leaf that was used longest ago and that nobody pins.
  package mutating func evict() -> Block? {
    guard oldest != Self.none else { return nil }
    let id = oldest
    stopWaiting(id)
    cachedCount -= 1
    let node = nodes[id]
    if node.parent == Self.none {
      roots[node.tenant]?[node.tokens] = nil
      if roots[node.tenant]?.isEmpty == true { roots[node.tenant] = nil }
    } else {
      nodes[node.parent].children[node.tokens] = nil
      // It was used no later than its child.
      if nodes[node.parent].children.isEmpty, nodes[node.parent].pins == 0 {
        startWaiting(node.parent, asYoungest: false)
      }
    }
    nodes[id].tokens = []
    nodes[id].children = [:]
    unused.append(id)
    return node.block
  }

  private mutating func startWaiting(_ id: NodeID, asYoungest: Bool) {
    guard !nodes[id].waits else { return }
    nodes[id].waits = true
    if asYoungest {
      nodes[id].older = youngest
      nodes[id].younger = Self.none
      if youngest == Self.none { oldest = id } else { nodes[youngest].younger = id }
      youngest = id
    } else {
      nodes[id].older = Self.none
      nodes[id].younger = oldest
      if oldest == Self.none { youngest = id } else { nodes[oldest].older = id }
      oldest = id
    }
  }

  private mutating func stopWaiting(_ id: NodeID) {
    guard nodes[id].waits else { return }
    nodes[id].waits = false
    let (older, younger) = (nodes[id].older, nodes[id].younger)
    if older == Self.none { oldest = younger } else { nodes[older].younger = younger }
    if younger == Self.none { youngest = older } else { nodes[younger].older = older }
  }

  /// Counts everything anew, for tests: pinned and cached blocks, and whether a pinned block has unpinned ones before it.
  package func check() -> Bool {
    var counts = (pinned: 0, cached: 0, waiting: 0)
    let gone = Set(unused)
    for id in nodes.indices where !gone.contains(id) {
      let node = nodes[id]
      if node.pins > 0 { counts.pinned += 1 } else { counts.cached += 1 }
      if node.pins > 0, node.parent != Self.none, nodes[node.parent].pins == 0 { return false }
      guard node.waits == (node.pins == 0 && node.children.isEmpty) else { return false }
      if node.waits { counts.waiting += 1 }
    }
    var (id, listed) = (oldest, 0)
    while id != Self.none, listed <= nodes.count { (id, listed) = (nodes[id].younger, listed + 1) }
    return counts.pinned == pinnedCount && counts.cached == cachedCount && counts.waiting == listed
  }
}

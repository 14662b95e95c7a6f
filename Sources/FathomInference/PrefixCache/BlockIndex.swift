/// Which blocks are on disk, in the order of their last use.
///
/// About 150 bytes for each block. The order survives a restart in the times of the files: `stamp` is the time of the last
/// use in microseconds, or one more than the latest stamp where a clock went back. So stamps only ever grow, and a
/// wrong clock makes dates wrong but not the order.
package struct BlockIndex: Sendable {
  private struct Node {
    var key: BlockKey
    var bytes: Int
    var stamp: Int64
    var older: Int32
    var newer: Int32
    var isUsable: Bool
  }

  private var nodes: [Node] = []
  private var unused: [Int32] = []
  private var places: [BlockKey: Int32] = [:]
  private var oldest: Int32 = -1
  private var newest: Int32 = -1
  private var latestStamp: Int64 = 0
  package private(set) var bytes = 0

  /// The year 2200: a file from later says nothing about when it was used.
  private static let stampLimit: Int64 = 7_258_118_400_000_000

  /// Blocks as a scan found them, in any order.
  package init(_ found: [(key: BlockKey, bytes: Int, stamp: Int64)] = []) {
    nodes.reserveCapacity(found.count)
    places.reserveCapacity(found.count)
    let dated = found.map {
      (key: $0.key, bytes: $0.bytes, stamp: (0..<Self.stampLimit).contains($0.stamp) ? $0.stamp : 0)
    }
    for block in dated.sorted(by: { $0.stamp < $1.stamp }) where places[block.key] == nil {
      latestStamp = block.stamp
      add(block.key, bytes: block.bytes, stamp: block.stamp)
    }
  }

  package var count: Int { places.count }
  package var oldestKey: BlockKey? { oldest < 0 ? nil : nodes[Int(oldest)].key }

  /// Whether there is a block that can be a hit.
  package func contains(_ key: BlockKey) -> Bool {
    places[key].map { nodes[Int($0)].isUsable } ?? false
  }

  /// When it was last used, as its file should say.
  package func stamp(of key: BlockKey) -> Int64? { places[key].map { nodes[Int($0)].stamp } }

  /// The stamp for something used now.
  package mutating func nextStamp(_ wallMicroseconds: Int64) -> Int64 {
    let now = (0..<Self.stampLimit).contains(wallMicroseconds) ? wallMicroseconds : 0
    latestStamp = max(now, latestStamp + 1)
    return latestStamp
  }

  /// Adds a block as the one used last.
  package mutating func insert(_ key: BlockKey, bytes: Int, stamp: Int64) {
    remove(key)
    latestStamp = max(latestStamp, stamp)
    add(key, bytes: bytes, stamp: stamp)
  }

  /// Makes it the one used last.
  package mutating func use(_ key: BlockKey, wallMicroseconds: Int64) {
    guard let place = places[key] else { return }
    unlink(place)
    nodes[Int(place)].stamp = nextStamp(wallMicroseconds)
    link(place)
  }

  /// Keeps its bytes in the account, but it is no hit any more and can be saved anew.
  package mutating func disown(_ key: BlockKey) {
    if let place = places[key] { nodes[Int(place)].isUsable = false }
  }

  @discardableResult
  package mutating func remove(_ key: BlockKey) -> Bool {
    guard let place = places.removeValue(forKey: key) else { return false }
    unlink(place)
    bytes -= nodes[Int(place)].bytes
    unused.append(place)
    return true
  }

  private mutating func add(_ key: BlockKey, bytes: Int, stamp: Int64) {
    let node = Node(key: key, bytes: bytes, stamp: stamp, older: -1, newer: -1, isUsable: true)
    let place = unused.popLast() ?? Int32(nodes.count)
    if Int(place) == nodes.count { nodes.append(node) } else { nodes[Int(place)] = node }
    places[key] = place
    self.bytes += bytes
    link(place)
  }

  private mutating func link(_ place: Int32) {
    nodes[Int(place)].older = newest
    nodes[Int(place)].newer = -1
    if newest >= 0 { nodes[Int(newest)].newer = place } else { oldest = place }
    newest = place
  }

  private mutating func unlink(_ place: Int32) {
    let (older, newer) = (nodes[Int(place)].older, nodes[Int(place)].newer)
    if older >= 0 { nodes[Int(older)].newer = newer } else { oldest = newer }
    if newer >= 0 { nodes[Int(newer)].older = older } else { newest = older }
  }
}

/// Sets of stacks, each set stored once.
///
/// A stack says which rules wait for the current one to end. A set of stacks is a tree of its tops:
/// for each node that some stack returns to, the set of what lies below. Equal sets have equal
/// numbers, so states of the automaton can be compared, and two ways to the same place become one
/// however many stacks they come with.
struct StackTable {
  /// The set that holds just the stack with nothing on it.
  static let bottom: Int32 = 0

  struct Link: Hashable, Sendable {
    /// Where the waiting rule goes on.
    var node: Int32
    /// The stacks below it.
    var below: Int32
  }

  private struct Entry {
    var links: [Link]
    var hasBottom: Bool
    /// The height of the tallest stack.
    var height: Int32
  }

  private struct Key: Hashable {
    var links: [Link]
    var hasBottom: Bool
  }

  private var entries = [Entry(links: [], hasBottom: true, height: 0)]
  private var numbers: [Key: Int32] = [:]
  private var singles: [Link: Int32] = [:]
  private var unions: [Link: Int32] = [:]

  var count: Int { entries.count + unions.count }

  func links(of set: Int32) -> [Link] { entries[Int(set)].links }
  func hasBottom(_ set: Int32) -> Bool { entries[Int(set)].hasBottom }
  func height(of set: Int32) -> Int { Int(entries[Int(set)].height) }

  /// Each stack of `below` with `node` on top.
  mutating func pushing(_ node: Int32, on below: Int32) -> Int32 {
    let link = Link(node: node, below: below)
    if let known = singles[link] { return known }
    let set = number(links: [link], hasBottom: false)
    singles[link] = set
    return set
  }

  /// The set with these links, which ascend by node, each node once.
  mutating func number(links: [Link], hasBottom: Bool) -> Int32 {
    if links.isEmpty && hasBottom { return Self.bottom }
    let key = Key(links: links, hasBottom: hasBottom)
    if let known = numbers[key] { return known }
    let height = links.map { entries[Int($0.below)].height + 1 }.max() ?? 0
    let set = Int32(entries.count)
    entries.append(Entry(links: links, hasBottom: hasBottom, height: height))
    numbers[key] = set
    return set
  }

  /// All stacks of both sets. Without fuel it answers `a`, which allows less and stays sound.
  ///
  /// The recursion is as deep as the stacks are tall: `GrammarLimits.stack` at most.
  mutating func union(_ a: Int32, _ b: Int32, fuel: inout Int) -> Int32 {
    if a == b { return a }
    let pair = Link(node: min(a, b), below: max(a, b))
    if let known = unions[pair] { return known }
    guard fuel > 0 else { return a }
    let (left, right) = (entries[Int(a)], entries[Int(b)])
    fuel -= left.links.count + right.links.count + 1
    var links: [Link] = []
    var (i, j) = (0, 0)
    while i < left.links.count || j < right.links.count {
      if j == right.links.count
        || i < left.links.count && left.links[i].node < right.links[j].node
      {
        links.append(left.links[i])
        i += 1
      } else if i == left.links.count || right.links[j].node < left.links[i].node {
        links.append(right.links[j])
        j += 1
      } else {
        let below = union(left.links[i].below, right.links[j].below, fuel: &fuel)
        links.append(Link(node: left.links[i].node, below: below))
        i += 1
        j += 1
      }
    }
    let set = number(links: links, hasBottom: left.hasBottom || right.hasBottom)
    if fuel > 0 { unions[pair] = set }
    return set
  }
}

/// Requests that wait, in a line for each tenant. Whoever has been served the least is next.
///
/// Service is counted in tokens, prompt and answer alike. A tenant who comes back after a pause starts from the least served of
/// those who wait, so nobody saves up for a burst and nobody waits behind another's whole line.
///
/// Source: virtual token counter, Sheng et al., "Fairness in Serving Large Language Models" (arXiv 2401.00588).
package struct FairQueue {
  package typealias ID = UInt64

  private struct Line {
    /// Preempted requests stand before new ones.
    var ids: [ID] = []
    var served = 0
  }

  private var lines: [String: Line] = [:]
  /// What tenants without a line had been served when it ended, as far as others are behind that.
  private var past: [String: Int] = [:]
  package private(set) var count = 0

  /// Tenants whose service is remembered while they have no line.
  private static let remembered = 4096

  package init() {}

  package var isEmpty: Bool { count == 0 }

  private var leastServed: Int? { lines.values.map(\.served).min() }

  package mutating func append(_ id: ID, tenant: String) { add(id, tenant, first: false) }

  /// Puts back what had to give way.
  package mutating func putBack(_ id: ID, tenant: String) { add(id, tenant, first: true) }

  private mutating func add(_ id: ID, _ tenant: String, first: Bool) {
    var line: Line
    if let known = lines[tenant] {
      line = known
    } else {
      let floor = leastServed ?? 0
      line = Line(served: max(floor, past.removeValue(forKey: tenant) ?? floor))
      past = past.count > Self.remembered ? [:] : past.filter { $0.value > floor }
    }
    line.ids.insert(id, at: first ? 0 : line.ids.count)
    lines[tenant] = line
    count += 1
  }

  /// Counts tokens that a tenant was served.
  package mutating func charge(_ tokens: Int, tenant: String) {
    if lines[tenant] != nil {
      lines[tenant]?.served += tokens
    } else {
      past[tenant] = max(past[tenant] ?? 0, leastServed ?? 0) + tokens
    }
  }

  /// The first of every line, the least served tenant's first; equals by name.
  package var candidates: [(id: ID, tenant: String)] {
    lines.sorted { ($0.value.served, $0.key) < ($1.value.served, $1.key) }
      .compactMap { tenant, line in line.ids.first.map { ($0, tenant) } }
  }

  @discardableResult
  package mutating func remove(_ id: ID, tenant: String) -> Bool {
    guard let index = lines[tenant]?.ids.firstIndex(of: id) else { return false }
    lines[tenant]?.ids.remove(at: index)
    count -= 1
    if lines[tenant]?.ids.isEmpty == true {
      past[tenant] = lines.removeValue(forKey: tenant)?.served
    }
    return true
  }
}

import CFathomKernels
import FathomTensors

/// Attention of query heads over the cached rows of one layer, for caches whose values are exact in bfloat16.
///
/// Up to 16 query heads that read the same keys fill the lanes of a register; where a token has fewer, tokens that follow
/// each other share one. The cached rows of a sequence are taken in spans (`fk_span_begin`), counted from its beginning, and
/// the mixes of all spans are joined at the end: the order of all sums depends on the token's position alone, and spans can be
/// worked on side by side.
///
/// `queries [s, heads, k], cache [t, k], [t, c] → out [s, heads, c]`
///
/// Source: FlashAttention-2 (arXiv 2307.08691) for weights relative to a running maximum.
package struct CachedAttention {
  /// Rows of floats for each token and head.
  package struct HeadRows: BitwiseCopyable {
    package let pointer: UnsafeMutablePointer<Float>
    package let tokenStride: Int
    package let headStride: Int

    package subscript(token: Int, head: Int) -> UnsafeMutablePointer<Float> {
      pointer + token * tokenStride + head * headStride
    }
  }

  /// Which parts of a cached row the heads of one group read.
  package struct Parts: BitwiseCopyable {
    package let keyA: fk_part
    package let keyB: fk_part
    package let value: fk_part
  }

  package let step: Step
  package let layer: Int
  package let softmaxScale: Float
  /// Query heads that read the same keys.
  package let groupHeads: Int
  /// Groups of them.
  package let groups: Int
  package let parts: (_ group: Int) -> Parts
  /// Rows that each token may look at, where a layer chooses them.
  package let chosen: [[Int32]]?

  /// Some tokens and some heads that fill the lanes of one register.
  private struct Unit: BitwiseCopyable {
    var firstToken = 0
    var tokens = 0
    var firstHead = 0
    var heads = 0
    var group = 0
    /// The sequence of the tokens.
    var owner = 0
    /// Cached rows that the last of the tokens looks at.
    var rows = 0
    var spans: Int { fk_span_count(rows) }
  }

  /// What all threads read, without references that they would count by turns.
  private struct Plan: BitwiseCopyable {
    let units: UnsafeMutablePointer<Unit>
    let count: Int
    /// Of each sequence that tokens belong to, by its number in the step.
    let views: UnsafeMutablePointer<fk_cache>
    /// Of each group.
    let parts: UnsafeMutablePointer<Parts>
    let queries: HeadRows
    let out: HeadRows
    let firstToken: Int
  }

  private static let lanes = FK_LANES

  package init(
    step: Step, layer: Int, softmaxScale: Float, groupHeads: Int, groups: Int,
    chosen: [[Int32]]? = nil, parts: @escaping (_ group: Int) -> Parts
  ) {
    self.step = step
    self.layer = layer
    self.softmaxScale = softmaxScale
    self.groupHeads = groupHeads
    self.groups = groups
    self.chosen = chosen
    self.parts = parts
  }

  /// Runs tokens `tokens` of the step; row 0 of `queries` and `out` belongs to the first of them.
  ///
  /// - Parameter whenDone: called for each token, counted from the first, and head by the thread that completed its row.
  package func run(
    _ queries: HeadRows, into out: HeadRows, tokens: Range<Int>,
    whenDone: (_ token: Int, _ head: Int) -> Void
  ) {
    let workspace = step.workspace
    workspace.scope {
      let (units, count) = makeUnits(tokens)
      let plan = Plan(
        units: units, count: count,
        views: workspace.take(fk_cache.self, step.sequences.count),
        parts: workspace.take(Parts.self, groups), queries: queries, out: out,
        firstToken: tokens.lowerBound)
      for owner in step.owners[tokens.lowerBound]...step.owners[tokens.upperBound - 1] {
        (plan.views + owner).initialize(to: step.sequences[owner].cache.view(layer: layer))
      }
      for group in 0..<groups { (plan.parts + group).initialize(to: parts(group)) }
      var spans = 0
      for unit in 0..<count { spans += units[unit].spans }
      let threads = step.compute.pool.threads
      if count >= 4 * threads || spans <= count {
        runWhole(plan, whenDone)
      } else {
        runSpans(plan, spans, whenDone)
      }
    }
  }

  private func makeUnits(_ tokens: Range<Int>) -> (UnsafeMutablePointer<Unit>, Int) {
    let headsEach = min(groupHeads, Self.lanes)
    let headUnits = (groupHeads + Self.lanes - 1) / Self.lanes
    let tokensEach = chosen == nil ? max(1, Self.lanes / groupHeads) : 1
    let units = step.workspace.take(Unit.self, tokens.count * groups * headUnits)
    var count = 0
    var first = tokens.lowerBound
    while first < tokens.upperBound {
      var end = first + 1
      while end < tokens.upperBound, end - first < tokensEach,
        step.owners[end] == step.owners[first]
      {
        end += 1
      }
      for group in 0..<groups {
        for head in stride(from: 0, to: groupHeads, by: headsEach) {
          (units + count).initialize(
            to: Unit(
              firstToken: first, tokens: end - first, firstHead: group * groupHeads + head,
              heads: min(headsEach, groupHeads - head), group: group, owner: step.owners[first],
              rows: chosen?[first].count ?? step.positions[end - 1] + 1))
          count += 1
        }
      }
      first = end
    }
    return (units, count)
  }

  /// Memory that one span needs beside its mix.
  private struct Scratch: BitwiseCopyable {
    let query: UnsafeMutablePointer<UInt32>
    let block: UnsafeMutablePointer<UInt8>
  }

  private func scratch(for parts: Parts) -> Scratch {
    let width = parts.keyA.width + parts.keyB.width
    return Scratch(
      query: step.workspace.take(UInt32.self, (width + 1) / 2 * Self.lanes),
      block: step.workspace.take(UInt8.self, fk_attend_scratch(width, parts.value.width)))
  }

  private func mixes(_ count: Int, valueWidth: Int) -> UnsafeMutablePointer<fk_mix> {
    let mixes = step.workspace.take(fk_mix.self, count)
    let floats = Self.lanes * fk_mixed_stride(valueWidth)
    let memory = step.workspace.take(count * floats)
    for index in 0..<count {
      (mixes + index).initialize(to: fk_mix())
      mixes[index].mixed = memory + index * floats
    }
    return mixes
  }

  /// Many units: each runs all its spans on one thread.
  private func runWhole(_ plan: Plan, _ whenDone: (_ token: Int, _ head: Int) -> Void) {
    let workspace = step.workspace
    let threads = step.compute.pool.threads
    let scratches = workspace.take(Scratch.self, threads)
    var longest = 0
    for unit in 0..<plan.count { longest = max(longest, plan.units[unit].spans) }
    let width = plan.parts[0].value.width
    let all = mixes(longest * threads, valueWidth: width)
    for thread in 0..<threads { (scratches + thread).initialize(to: scratch(for: plan.parts[0])) }
    step.compute.pool.run(units: plan.count) { index, worker in
      let unit = plan.units[index]
      pack(unit, plan, into: scratches[worker].query)
      let mixes = all + worker * longest
      for span in 0..<unit.spans {
        attend(unit, plan, span: span, scratches[worker], into: mixes + span)
      }
      join(unit, plan, mixes, lanes: 0..<Self.lanes, whenDone)
    }
  }

  /// Few units with long caches: all spans side by side, then their mixes are joined.
  private func runSpans(
    _ plan: Plan, _ spans: Int, _ whenDone: (_ token: Int, _ head: Int) -> Void
  ) {
    let workspace = step.workspace
    let (units, count) = (plan.units, plan.count)
    let threads = step.compute.pool.threads
    let scratches = workspace.take(Scratch.self, count)
    let blocks = workspace.take(Scratch.self, threads)
    let firstSpans = workspace.take(Int.self, count + 1)
    let all = mixes(spans, valueWidth: plan.parts[0].value.width)
    for thread in 0..<threads { (blocks + thread).initialize(to: scratch(for: plan.parts[0])) }
    firstSpans[0] = 0
    for unit in 0..<count {
      (scratches + unit).initialize(to: scratch(for: plan.parts[0]))
      firstSpans[unit + 1] = firstSpans[unit] + units[unit].spans
    }
    step.compute.pool.run(units: count) { index, _ in
      pack(units[index], plan, into: scratches[index].query)
    }
    step.compute.pool.run(units: spans) { index, worker in
      var unit = 0
      while firstSpans[unit + 1] <= index { unit += 1 }
      attend(
        units[unit], plan, span: index - firstSpans[unit],
        Scratch(query: scratches[unit].query, block: blocks[worker].block), into: all + index)
    }
    let parts = 4
    let lanesEach = Self.lanes / parts
    step.compute.pool.run(units: count * parts) { index, _ in
      let begin = index % parts * lanesEach
      join(
        units[index / parts], plan, all + firstSpans[index / parts],
        lanes: begin..<begin + lanesEach, whenDone)
    }
  }

  private func pack(_ unit: Unit, _ plan: Plan, into packed: UnsafeMutablePointer<UInt32>) {
    let parts = plan.parts[unit.group]
    let width = parts.keyA.width + parts.keyB.width
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: Self.lanes) { rows in
      for lane in 0..<Self.lanes {
        let token = lane / unit.heads
        rows[lane] =
          token < unit.tokens
          ? UnsafePointer(
            plan.queries[
              unit.firstToken + token - plan.firstToken, unit.firstHead + lane % unit.heads]) : nil
      }
      step.compute.kernels.pointee.pack_queries(packed, rows.baseAddress, width)
    }
  }

  private func attend(
    _ unit: Unit, _ plan: Plan, span: Int, _ scratch: Scratch,
    into mix: UnsafeMutablePointer<fk_mix>
  ) {
    let parts = plan.parts[unit.group]
    var lanes = fk_lanes()
    lanes.key_a = parts.keyA
    lanes.key_b = parts.keyB
    lanes.value = parts.value
    lanes.query = UnsafePointer(scratch.query)
    lanes.begin = fk_span_begin(span)
    lanes.end = min(unit.rows, fk_span_begin(span + 1))
    lanes.scale = softmaxScale
    withUnsafeMutableBytes(of: &lanes.limits) { bytes in
      let limits = bytes.bindMemory(to: Int32.self)
      for lane in 0..<Self.lanes {
        // The tokens of a unit follow each other.
        let behind = unit.tokens - 1 - min(lane / unit.heads, unit.tokens - 1)
        limits[lane] = Int32(clamping: unit.rows - behind)
      }
    }
    guard let rows = chosen?[unit.firstToken] else {
      step.compute.kernels.pointee.attend_lanes(&lanes, plan.views + unit.owner, mix, scratch.block)
      return
    }
    rows.withUnsafeBufferPointer {
      lanes.rows = $0.baseAddress
      step.compute.kernels.pointee.attend_lanes(&lanes, plan.views + unit.owner, mix, scratch.block)
    }
  }

  private func join(
    _ unit: Unit, _ plan: Plan, _ mixes: UnsafePointer<fk_mix>, lanes: Range<Int>,
    _ whenDone: (_ token: Int, _ head: Int) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>?.self, capacity: Self.lanes) {
      for lane in 0..<Self.lanes {
        let token = lane / unit.heads
        $0[lane] =
          token < unit.tokens
          ? plan.out[
            unit.firstToken + token - plan.firstToken, unit.firstHead + lane % unit.heads] : nil
      }
      step.compute.kernels.pointee.join_mixes(
        $0.baseAddress, mixes, unit.spans, plan.parts[unit.group].value.width, lanes.lowerBound,
        lanes.upperBound)
    }
    for lane in lanes where lane / unit.heads < unit.tokens {
      whenDone(
        unit.firstToken + lane / unit.heads - plan.firstToken, unit.firstHead + lane % unit.heads)
    }
  }
}

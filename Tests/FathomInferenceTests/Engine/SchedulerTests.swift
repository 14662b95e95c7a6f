import FathomTensors
import Testing

@testable import FathomInference

@Suite struct SchedulerTests {
  private static func scheduler(
    blocks: Int = 32, running: Int = 4, contextLimit: Int = 1024
  ) -> Scheduler {
    Scheduler(
      Scheduler.Configuration(blocks: blocks, running: running, contextLimit: contextLimit))
  }

  private static func text(_ count: Int, seed: Int32 = 0) -> [Int32] {
    (0..<count).map { Int32($0) &* 7 &+ seed &* 1000 }
  }

  /// Runs one step and appends `token` to every request that wants one.
  private static func step(_ scheduler: inout Scheduler, token: Int32 = 1) -> [Scheduler.Work] {
    let work = scheduler.next()
    for item in work {
      _ = scheduler.finish(item)
      if item.isLast { scheduler.append(token, to: item.id) }
    }
    return work
  }

  @Test func `a prompt runs in pieces on the grid and then token by token`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(1, tokens: Self.text(600))
    #expect(Self.step(&scheduler).map(\.positions) == [0..<512])
    #expect(Self.step(&scheduler).map(\.positions) == [512..<600])
    #expect(Self.step(&scheduler).map(\.positions) == [600..<601])
    #expect(scheduler.check())
  }

  @Test func `answers run before prompts and leave them the rest of the step`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(1, tokens: Self.text(3))
    _ = Self.step(&scheduler)
    try scheduler.submit(2, tokens: Self.text(900, seed: 2))
    let work = Self.step(&scheduler)
    #expect(work.map(\.id) == [1, 2])
    #expect(work.map(\.positions) == [3..<4, 0..<448])
  }

  @Test func `a second request finds the whole blocks of the first`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(1, tokens: Self.text(200))
    _ = Self.step(&scheduler)
    scheduler.remove(1)
    #expect(scheduler.cachedBlocks == 3)
    try scheduler.submit(2, tokens: Self.text(200))
    let work = Self.step(&scheduler)
    #expect(work[0].positions == 192..<200)
    #expect(work[0].shared?.count == 3)
    // The last token always runs, also where all its blocks are cached.
    scheduler.remove(2)
    try scheduler.submit(3, tokens: Self.text(192))
    #expect(Self.step(&scheduler)[0].positions == 128..<192)
  }

  @Test func `tenants do not share blocks`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(1, tokens: Self.text(200), tenant: "a")
    _ = Self.step(&scheduler)
    try scheduler.submit(2, tokens: Self.text(200), tenant: "b")
    #expect(Self.step(&scheduler).last?.positions == 0..<200)
  }

  @Test func `what is being computed is not computed twice`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(1, tokens: Self.text(200))
    try scheduler.submit(2, tokens: Self.text(200))
    #expect(Self.step(&scheduler).map(\.positions) == [0..<200])
    #expect(Self.step(&scheduler).map(\.positions) == [200..<201, 192..<200])
    #expect(scheduler.check())
  }

  @Test func `the youngest gives way and comes back with what it wrote`() throws {
    var scheduler = Self.scheduler(blocks: 4, contextLimit: 256)
    try scheduler.submit(1, tokens: Self.text(100))
    try scheduler.submit(2, tokens: Self.text(100, seed: 2))
    var steps = 0
    while scheduler.preemptions == 0, steps < 100 {
      _ = Self.step(&scheduler)
      #expect(scheduler.check())
      steps += 1
    }
    #expect(scheduler.preemptions == 1)
    #expect(scheduler.runningIDs == [1])
    #expect(scheduler.waitingCount == 1)
    scheduler.remove(1)
    let work = Self.step(&scheduler)
    // Its first block may have been given up; it goes on behind whatever is left, with the tokens it had written.
    #expect(work.map(\.id) == [2])
    #expect(work[0].positions.upperBound > 100)
  }

  @Test func `less served tenants come first`() throws {
    var scheduler = Self.scheduler(blocks: 1000, running: 1, contextLimit: 4096)
    for id in 1...10 {
      try scheduler.submit(UInt64(id), tokens: Self.text(300, seed: Int32(id)), tenant: "busy")
    }
    try scheduler.submit(11, tokens: Self.text(10, seed: 11), tenant: "quiet")
    var order: [UInt64] = []
    for _ in 0..<3 {
      _ = Self.step(&scheduler)
      order += scheduler.runningIDs
      for id in scheduler.runningIDs { scheduler.remove(id) }
    }
    #expect(order.prefix(2).contains(11))
  }

  @Test func `what cannot be served is refused`() throws {
    var scheduler = Self.scheduler(blocks: 4, contextLimit: 1_000_000)
    #expect(throws: Scheduler.Refusal.tooLong(tokens: 256, limit: 256)) {
      try scheduler.submit(1, tokens: Self.text(256))
    }
    for id in 0..<68 { try scheduler.submit(UInt64(id), tokens: [1]) }
    #expect(throws: Scheduler.Refusal.queueFull(waiting: 68)) {
      try scheduler.submit(100, tokens: [1])
    }
  }

  /// A server with `--queue 0` refused every request, as each stood in line before its first step.
  @Test func `a line of length 0 lets in what is answered at once`() throws {
    var configuration = Scheduler.Configuration(blocks: 4, running: 1, contextLimit: 256)
    configuration.waiting = 0
    var scheduler = Scheduler(configuration)
    try scheduler.submit(1, tokens: [1])
    #expect(throws: Scheduler.Refusal.queueFull(waiting: 1)) {
      try scheduler.submit(2, tokens: [1])
    }
    _ = Self.step(&scheduler)
    #expect(throws: Scheduler.Refusal.queueFull(waiting: 0)) {
      try scheduler.submit(3, tokens: [1])
    }
    scheduler.remove(1)
    try scheduler.submit(4, tokens: [1])
  }

  /// 10,000 requests in all, of several tenants over too few blocks, with cancels and pauses, and others that are refused: the books are
  /// right after every step, every request that was taken is answered or cancelled, and none waits for ever.
  @Test(arguments: [1, 2, 3]) func `simulation`(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    var scheduler = Self.scheduler(blocks: 40, running: 6, contextLimit: 640)
    var wanted: [UInt64: Int] = [:]
    var submittedAt: [UInt64: Int] = [:]
    var paused: Set<UInt64> = []
    var (submitted, ended, refused, longest, step) = (0, 0, 0, 0, 0)
    let total = 10_000 / 3 + 1
    while ended < total {
      step += 1
      while submitted < total + refused, Int.random(in: 0..<5, using: &random) == 0 {
        submitted += 1
        let id = UInt64(submitted)
        let shared = Self.text(Int.random(in: 0...5, using: &random) * 64)
        let own = Self.text(Int.random(in: 1...200, using: &random), seed: Int32(submitted))
        do {
          try scheduler.submit(
            id, tokens: shared + own, tenant: "t\(Int.random(in: 0..<4, using: &random))")
          wanted[id] = Int.random(in: 1...100, using: &random)
          submittedAt[id] = step
        } catch {
          refused += 1
        }
      }
      for item in scheduler.next() {
        #expect(!paused.contains(item.id), "seed \(seed): a paused request ran")
        for done in scheduler.finish(item) { #expect(done.id == item.id) }
        guard item.isLast else { continue }
        scheduler.append(Int32.random(in: 0..<9, using: &random), to: item.id)
        wanted[item.id, default: 0] -= 1
        if wanted[item.id] == 0 || item.positions.upperBound + 1 >= 640 {
          scheduler.remove(item.id)
          paused.remove(item.id)
          longest = max(longest, step - (submittedAt[item.id] ?? 0))
          wanted[item.id] = nil
          ended += 1
        }
      }
      if Int.random(in: 0..<20, using: &random) == 0, let id = wanted.keys.min() {
        scheduler.remove(id)
        paused.remove(id)
        wanted[id] = nil
        ended += 1
      }
      for id in scheduler.runningIDs where Int.random(in: 0..<50, using: &random) == 0 {
        let pauses = paused.insert(id).inserted
        if !pauses { paused.remove(id) }
        scheduler.setPaused(pauses, id)
      }
      if step % 16 == 0 {
        for id in paused { scheduler.setPaused(false, id) }
        paused = []
      }
      paused.formIntersection(scheduler.runningIDs)
      try #require(scheduler.check(), "seed \(seed), step \(step)")
      try #require(step < 400_000, "seed \(seed): no progress")
    }
    #expect(scheduler.pinnedBlocks == 0)
    #expect(longest < 20_000, "seed \(seed): a request took \(longest) steps")
  }
}

/// A small generator whose numbers are the same everywhere.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

import FathomInference
import Testing

@Suite struct BlockIndexTests {
  private func key(_ number: Int) -> BlockKey { Block.key(number) }

  @Test(arguments: 1...20) func `the index agrees with a plain list`(seed: UInt64) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    func random(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % count
    }
    let keys = (0..<12).map(key)
    var index = BlockIndex()
    var list: [(key: BlockKey, bytes: Int, isUsable: Bool)] = []
    for step in 0..<2000 {
      let chosen = keys[random(keys.count)]
      let place = list.firstIndex { $0.key == chosen }
      switch random(5) {
      case 0, 1:
        if let place { list.remove(at: place) }
        list.append((chosen, step, true))
        index.insert(chosen, bytes: step, stamp: index.nextStamp(Int64(random(1000))))
      case 2:
        if let place { list.append(list.remove(at: place)) }
        index.use(chosen, wallMicroseconds: Int64(random(1000)))
      case 3:
        if let place { list.remove(at: place) }
        let wasThere = index.remove(chosen)
        #expect(wasThere == (place != nil))
      default:
        if let place { list[place].isUsable = false }
        index.disown(chosen)
      }
      #expect(index.count == list.count)
      #expect(index.bytes == list.reduce(0) { $0 + $1.bytes })
      #expect(index.oldestKey == list.first?.key)
      for key in keys {
        #expect(index.contains(key) == list.contains { $0.key == key && $0.isUsable })
      }
      let stamps = list.compactMap { index.stamp(of: $0.key) }
      #expect(stamps == stamps.sorted() && Set(stamps).count == list.count, "seed \(seed)")
    }
    while let oldest = index.oldestKey {
      #expect(oldest == list.removeFirst().key)
      index.remove(oldest)
    }
    #expect(list.isEmpty && index.bytes == 0)
  }

  @Test func `no clock upsets the order`() {
    var index = BlockIndex([(key(0), 1, 500), (key(1), 1, .max), (key(2), 1, .min)])
    #expect(index.stamp(of: key(1)) == 0)
    let clocks: [Int64] = [1000, 5_000_000, 20, .min, .max, -1, 0, 6_000_000]
    let stamps = clocks.map { index.nextStamp($0) }
    #expect(
      stamps == [1000, 5_000_000, 5_000_001, 5_000_002, 5_000_003, 5_000_004, 5_000_005, 6_000_000])
  }

  @Test func `waiting doubles up to 16 minutes and an outage is news once`() {
    var pause = WritePause()
    var now = 1e6
    var isNews = pause.end()
    #expect(!isNews)
    var delays: [Double] = []
    for attempt in 0..<7 {
      isNews = pause.begin(now)
      #expect(isNews == (attempt == 0))
      var delay = 0.0
      while !pause.isOver(now + delay) { delay += 1 }
      delays.append(delay)
      now += delay
    }
    #expect(delays == [60, 120, 240, 480, 960, 960, 960])
    let news = [pause.end(), pause.end(), pause.begin(now)]
    #expect(news == [true, false, true])
    #expect(!pause.isOver(now + 59) && pause.isOver(now + 60))
  }
}

import FathomTensors

/// Draws for one problem, one after the other, from the counters of its address.
public struct TaskRandom: RandomNumberGenerator, Sendable {
  private let random: CounterRandom
  private var counter: UInt64 = 0

  public init(seed: UInt64, index: UInt64) {
    random = CounterRandom(seed: CounterRandom(seed: seed).bits(at: index))
  }

  public mutating func next() -> UInt64 {
    counter += 1
    return random.bits(at: counter)
  }

  /// True with this probability.
  public mutating func chance(_ probability: Double) -> Bool {
    Double(next() >> 11) * 0x1p-53 < probability
  }

  /// One of some elements; there is at least one.
  public mutating func pick<Elements: RandomAccessCollection>(_ elements: Elements)
    -> Elements.Element
  {
    precondition(!elements.isEmpty, "nothing to pick from")
    let offset = Int.random(in: 0..<elements.count, using: &self)
    return elements[elements.index(elements.startIndex, offsetBy: offset)]
  }
}

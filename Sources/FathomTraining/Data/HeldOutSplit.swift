/// Which rows are kept from training, decided by what they say: equal rows go together, and adding rows moves none.
public struct HeldOutSplit: Sendable, Equatable {
  /// How many of all rows, from 0 to 1.
  public let share: Double

  public init(share: Double) {
    precondition((0...1).contains(share), "a share of \(share)")
    self.share = share
  }

  public func holdsOut(_ row: some Sequence<UInt8>) -> Bool {
    Double(Self.hash(of: row) >> 11) * 0x1p-53 < share
  }

  /// FNV-1a, finished by shifts and multiplications: the same on every machine.
  private static func hash(of row: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in row { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    return hash ^ (hash >> 31)
  }
}

import FathomCore
import Foundation
import GoldenSupport
import Testing

@testable import FathomTraining

/// Records were made by TensorBoard 2.21's own `RecordWriter` and `event_pb2`; its reader has read files of this
/// writer, see `Tests/Golden/scripts/check_events.py`.
@Suite struct TensorBoardTests {
  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  @Test func `the checksum is Castagnoli's`() {
    #expect(CRC32C.of(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.of([]) == 0)
  }

  @Test func `records are those that TensorBoard's own writer makes`() {
    #expect(
      hex(TensorBoardEvent(wallTime: 1.5, step: 0, content: .version).record)
        == "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c")
    #expect(
      hex(TensorBoardEvent(wallTime: 2.25, step: 301, content: .start).record)
        == "100000000000000095fbfe1809000000000000024010ad023a020801518d2ae0")
    #expect(
      hex(
        TensorBoardEvent(
          wallTime: 1_764_190_000.125, step: 300,
          content: .scalars([("loss", 1.25), ("eval/words", 0.1)])
        ).record)
        == "2e00000000000000c5cb57fa09000008ccd949da4110ac022a200a0b0a046c6f7373150000a03f0a110a0a"
        + "6576616c2f776f72647315cdcccc3d56daad8e")
  }

  @Test func `each start has a file of its own, in order of time`() throws {
    try TemporaryFolder.with { folder in
      let first = try TensorBoardLog(folder: "\(folder)/tensorboard", now: { 1000 })
      try first.write(step: 1, [("loss", 2)])
      let second = try TensorBoardLog(
        folder: "\(folder)/tensorboard", startingAfter: 1, now: { 1000 })
      #expect(first.path != second.path)
      #expect(first.path.contains("/events.out.tfevents.0000001000."))
      let expected: [TensorBoardEvent] = [
        TensorBoardEvent(wallTime: 1000, step: 0, content: .version),
        TensorBoardEvent(wallTime: 1000, step: 1, content: .start),
        TensorBoardEvent(wallTime: 1000, step: 1, content: .scalars([("loss", 2)])),
      ]
      #expect(try TemporaryFolder.read(first.path) == expected.flatMap(\.record))
    }
  }

  @Test func `a folder that can't be written is an error`() {
    #expect(throws: InputError.self) { try TensorBoardLog(folder: "/proc/nowhere") }
  }
}

import FathomInference
import FathomModels
import Foundation
import Testing

/// Prints what things cost; `docs/prefix-cache.md` has the numbers of an optimised build.
@Suite(.serialized) struct BlockPaceTests {
  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start) / .seconds(1)
  }

  @Test func `opening a folder of 10,000 blocks`() throws {
    try StoreFolder.with { folder in
      let store = try folder.store()
      store.save(block: 0)
      store.close()
      let blocks = 10_000
      for number in 0..<blocks {
        let path = folder.path(number)
        mkdir(String(path.dropLast(71)), 0o700)
        let file = open(path, O_WRONLY | O_CREAT, 0o600)
        #expect(file >= 0 && ftruncate(file, off_t(Block.fileBytes)) == 0)
        close(file)
      }
      var found: BlockStore?
      let elapsed = try seconds { found = try folder.store() }
      print("scan of \(blocks) blocks: \((elapsed * 1e4).rounded() / 10) ms")
      #expect(found?.statistics.files == blocks)
      #expect(elapsed < 10)
    }
  }

  @Test(arguments: [CacheBytes.v2Lite, .v3])
  func `saving and loading blocks of real models`(model: CacheBytes) throws {
    try StoreFolder.with { folder in
      let (blocks, bytes) = (24, model.bytes)
      let store = try folder.store(
        queueBytes: 1 << 30, blockBytes: bytes, system: BlockSystem())
      let page = Block.page(1, bytes: bytes)
      let keys = (0..<blocks).map { Block.key($0) }
      let saving = seconds {
        for number in 0..<blocks {
          store.save(keys[number], tokens: Block.tokens(number), page: page)
        }
        store.flush()
      }
      func load() -> Double {
        seconds {
          for number in 0..<blocks {
            let loaded = store.load(keys[number], tokens: Block.tokens(number))
            #expect(loaded?.bytes.count == bytes)
          }
        }
      }
      let loading = load()
      #if os(Linux)
        for key in keys {
          let file = open(Block.path(key, in: folder.path), O_RDONLY)
          posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
          close(file)
        }
      #endif
      let loadingFromDisk = load()
      func rate(_ seconds: Double) -> String {
        let perBlock = seconds / Double(blocks)
        return "\(Int(Double(bytes) / perBlock / 1e6)) MB/s, \(Int(perBlock * 1e6)) us a block"
      }
      print(
        "\(model.rawValue) (\(bytes) bytes a block): saves \(rate(saving)); loads \(rate(loading)), "
          + "not in memory any more: \(rate(loadingFromDisk))")
    }
  }

  /// bf16 rows of 64 tokens.
  enum CacheBytes: String, CaseIterable {
    case v2Lite = "V2-Lite"
    case v3 = "V3"
    var bytes: Int { 64 * 2 * 576 * (self == .v3 ? 61 : 27) }
  }
}

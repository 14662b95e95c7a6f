import FathomInference
import FathomModels
import Foundation
import Synchronization

/// Small blocks with contents that say which one they are.
enum Block {
  static let bytes = 4096
  static let identity = Array("a model".utf8)
  /// The size of one file.
  static let fileBytes = 120 + 4 * 64 + bytes

  static func tokens(_ number: Int) -> [Int32] { (0..<64).map { Int32(number * 64 + $0) } }

  static func key(_ number: Int, tenant: String = "", identity: [UInt8] = identity) -> BlockKey {
    .root(identity: identity, tenant: tenant).appending(tokens(number))
  }

  static func page(_ number: Int, bytes: Int = bytes) -> CachePage {
    let page = CachePage(byteCount: bytes)
    for place in page.bytes.indices {
      page.bytes[place] = UInt8(truncatingIfNeeded: place &* 31 &+ place / 256 &+ number &* 7)
    }
    return page
  }

  static func path(_ key: BlockKey, in folder: String) -> String {
    "\(folder)/\("\(key)".prefix(2))/\(key).block"
  }
}

extension CachePage {
  func holdsSame(as other: CachePage) -> Bool { bytes.elementsEqual(other.bytes) }
}

extension BlockStore {
  func save(block number: Int, key: BlockKey? = nil) {
    save(key ?? Block.key(number), tokens: Block.tokens(number), page: Block.page(number))
  }

  /// Whether it is a hit; a hit with other bytes than were saved is the end.
  func hits(block number: Int) -> Bool {
    guard let page = load(Block.key(number), tokens: Block.tokens(number)) else { return false }
    precondition(page.holdsSame(as: Block.page(number)), "block \(number) has other contents")
    return true
  }
}

/// What stores reported.
final class Reports: Sendable {
  private let state = Mutex<[String]>([])
  var lines: [String] { state.withLock { $0 } }
  @Sendable func add(_ line: String) { state.withLock { $0.append(line) } }
}

/// A system whose calls fail when they are told to, and whose clocks stand still until moved.
final class Faults: Sendable {
  enum Call: String { case look, open, read, write, sync, rename }

  private struct State {
    var codes: [Call: Int32] = [:]
    var monotonic = 0.0
    var wall: Int64 = 1_800_000_000_000_000
  }
  private let state = Mutex(State())

  /// nil mends it.
  func fail(_ call: Call, with code: Int32?) { state.withLock { $0.codes[call] = code } }
  func passSeconds(_ seconds: Double) { state.withLock { $0.monotonic += seconds } }
  func setClock(microseconds: Int64) { state.withLock { $0.wall = microseconds } }

  private func code(_ call: Call) -> Int32? { state.withLock { $0.codes[call] } }

  var system: BlockSystem {
    var system = BlockSystem()
    let real = system
    system.open = { folder, name, flags in
      let call = flags & O_ACCMODE == O_RDONLY ? Call.look : .open
      if let code = self.code(call) { return -code }
      return real.open(folder, name, flags)
    }
    system.read = { self.code(.read).map { -Int($0) } ?? real.read($0, $1, $2) }
    system.write = { file, bytes in
      guard let code = self.code(.write) else { return real.write(file, bytes) }
      // As a disk that fills up: some of it still fits.
      if bytes.count > 1000 {
        return real.write(file, UnsafeRawBufferPointer(rebasing: bytes.prefix(1000)))
      }
      return -Int(code)
    }
    // What is synced for real is tested where processes are killed; here it would only take time.
    system.sync = { _ in self.code(.sync).map { -$0 } ?? 0 }
    system.rename = { self.code(.rename).map { -$0 } ?? real.rename($0, $1, $2) }
    system.monotonicSeconds = { self.state.withLock { $0.monotonic } }
    system.wallMicroseconds = { self.state.withLock { $0.wall } }
    return system
  }
}

/// A folder for a store, and what opens stores there.
struct StoreFolder {
  let path: String
  let faults = Faults()
  let reports = Reports()

  static func with(_ body: (StoreFolder) throws -> Void) throws {
    let folder = try make()
    defer { folder.remove() }
    try body(folder)
  }

  /// The same for tests that wait.
  static func withWaiting(_ body: (StoreFolder) async throws -> Void) async throws {
    let folder = try make()
    defer { folder.remove() }
    try await body(folder)
  }

  private static func make() throws -> StoreFolder {
    let outer = FileManager.default.temporaryDirectory.appending(path: "fathom-\(UUID())").path
    try FileManager.default.createDirectory(atPath: outer, withIntermediateDirectories: true)
    return StoreFolder(path: outer + "/blocks")
  }

  private func remove() { try? FileManager.default.removeItem(atPath: outer) }

  var outer: String { String(path.dropLast("/blocks".count)) }

  func store(
    identity: [UInt8] = Block.identity, budget: Int = 1 << 30, queueBytes: Int = 64 << 20,
    blockBytes: Int = Block.bytes, system: BlockSystem? = nil
  ) throws -> BlockStore {
    try BlockStore(
      directory: path, identity: identity, blockBytes: blockBytes, byteBudget: budget,
      queueBytes: queueBytes, system: system ?? faults.system, report: reports.add)
  }

  func path(_ number: Int) -> String { Block.path(Block.key(number), in: path) }

  /// Paths of everything in it, of files only.
  var files: [String] {
    let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return all.filter { $0.contains(".block") || $0.contains(".tmp") }.sorted()
  }
}

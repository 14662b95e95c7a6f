import FathomCore
import Foundation
import GoldenSupport
import Testing

@Suite struct AtomicFileTests {
  private func mode(_ path: String) throws -> Int {
    let value = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
    return try #require(value as? NSNumber).intValue
  }

  @Test func `a file replaces the one before and leaves nothing else behind`() throws {
    try TemporaryFolder.with { folder in
      let path = "\(folder)/a"
      try AtomicFile.write([1, 2, 3], to: path)
      try AtomicFile.write([4], to: path)
      #expect(try FileBytes.read(path) == [4])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
      #expect(throws: InputError.self) { try AtomicFile.write([1], to: "\(folder)/b/c") }
    }
  }

  @Test func `a file is as readable as a file made by hand, a private one by nobody else`() throws {
    try TemporaryFolder.with { folder in
      let (path, byHand) = ("\(folder)/a", "\(folder)/b")
      close(open(byHand, O_WRONLY | O_CREAT, 0o666))
      try AtomicFile.write([1], to: path)
      #expect(try mode(path) == mode(byHand))
      try AtomicFile.write([1], to: path, isPrivate: true)
      #expect(try mode(path) == 0o600)
    }
  }
}

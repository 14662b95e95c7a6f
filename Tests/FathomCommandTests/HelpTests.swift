import Foundation
import Testing

/// What people read first. `FATHOM_UPDATE_SNAPSHOTS=1 swift test --filter HelpTests` rewrites the snapshots.
@Suite struct HelpTests {
  static let commands = [
    "", "chat", "run", "inspect", "tokenize", "render", "logits", "map", "convert",
    "bench", "eval", "serve", "train", "train watch", "train report",
  ]

  @Test(arguments: commands)
  func `help is what was agreed on, examples included`(command: String) throws {
    let result = try fathom(command.split(separator: " ").map(String.init) + ["--help"])
    #expect(result.status == 0 && result.error.isEmpty, "\(result)")
    #expect(result.text.contains("Examples:\n  "))
    #expect(result.text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    let name = "Fixtures/help/\(command.isEmpty ? "fathom" : command.replacing(" ", with: "-")).txt"
    if ProcessInfo.processInfo.environment["FATHOM_UPDATE_SNAPSHOTS"] != nil {
      let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: name)
      try result.text.write(to: source, atomically: true, encoding: .utf8)
      return
    }
    let snapshot = try String(
      contentsOf: Bundle.module.bundleURL.appending(path: name), encoding: .utf8)
    #expect(result.text == snapshot)
  }

  @Test func `help shows the commands`() throws {
    let (result, help) = (try fathom(["help"]), try fathom(["--help"]))
    #expect(result.status == 0 && result.text == help.text, "\(result)")
    #expect(try fathom(["help", "run"]).text.contains("fathom run"))
    #expect(try fathom(["--version"]).status == 0)
  }
}

import FathomCore
import GoldenSupport
import Testing

@testable import FathomTraining

@Suite struct MetricsLogTests {
  @Test func `a step is a line, its values in order`() throws {
    try TemporaryFolder.with { folder in
      let path = "\(folder)/metrics.jsonl"
      let log = try MetricsLog(path: path)
      try log.append(step: 1, [("loss", .double(1.5)), ("tokens", .integer(2048))])
      try log.append(step: 2, [("loss", .double(.nan))])
      #expect(
        try String(decoding: TemporaryFolder.read(path), as: UTF8.self)
          == "{\"step\":1,\"loss\":1.5,\"tokens\":2048}\n{\"step\":2,\"loss\":null}\n")
    }
  }

  @Test func `resuming cuts off what is behind the step, and a torn line`() throws {
    try TemporaryFolder.with { folder in
      let path = "\(folder)/metrics.jsonl"
      let rows = (1...5).map { "{\"step\":\($0),\"loss\":\(6 - $0)}\n" }
      try TemporaryFolder.write(Array((rows.joined() + "{\"step\":6,\"lo").utf8), to: path)
      do {
        let log = try MetricsLog(path: path, resumingAfter: 3, curves: ["loss"])
        try log.append(step: 4, [("loss", .integer(9))])
        #expect(log.curve("loss").points.map(\.y) == [5, 4, 3, 9])
      }
      #expect(
        try String(decoding: TemporaryFolder.read(path), as: UTF8.self)
          == rows[..<3].joined() + "{\"step\":4,\"loss\":9}\n")
      _ = try MetricsLog(path: path)
      #expect(try TemporaryFolder.read(path).isEmpty)
    }
  }

  @Test func `resuming without a file begins one`() throws {
    try TemporaryFolder.with { folder in
      let log = try MetricsLog(path: "\(folder)/metrics.jsonl", resumingAfter: 3)
      try log.append(step: 4, [])
      #expect(try TemporaryFolder.read(log.path) == Array("{\"step\":4}\n".utf8))
    }
  }

  @Test func `a curve has the rows that know its value`() throws {
    try TemporaryFolder.with { folder in
      let log = try MetricsLog(
        path: "\(folder)/metrics.jsonl", curves: ["loss", "eval/loss"])
      try log.append(step: 1, [("loss", .integer(3))])
      try log.append(step: 2, [("loss", .double(2.5)), ("eval/loss", .integer(4))])
      let loss = log.curve("loss")
      #expect(loss.points.map(\.x) == [1, 2] && loss.points.map(\.y) == [3, 2.5])
      let held = log.curve("eval/loss", named: "held out")
      #expect(held.name == "held out" && held.points.map(\.x) == [2])
    }
  }
}

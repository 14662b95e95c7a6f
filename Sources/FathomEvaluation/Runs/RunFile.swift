import FathomCore
import Foundation
import Synchronization

/// What a run is: model, task, sampling. Only a run with the same header can be continued.
public struct RunHeader: Sendable, Equatable {
  public let json: JSON

  public init(
    version: String, model: any EvaluatedModel, task: EvaluationTask, sampling: EvaluationSampling
  ) {
    json = .object(
      JSONObject([
        "fathom_eval": .integer(1), "version": .string(version), "model": model.identity,
        "task": .object(
          JSONObject([
            "name": .string(task.name), "hash": .string(task.hash),
            "problems": .integer(task.problems.count),
          ])), "sampling": sampling.json,
      ]))
  }

  /// - Throws: `InputError` for a line that is no header of this version.
  init(_ json: JSON) throws {
    guard json["fathom_eval"] == .integer(1), json["task"]?["hash"]?.stringValue != nil,
      json["task"]?["problems"]?.intValue != nil, json["sampling"]?["n"]?.intValue != nil
    else {
      throw InputError(
        "header", expected: "the first line of an evaluation's run", found: json.kind)
    }
    self.json = json
  }

  public var taskName: String { json["task"]?["name"]?.stringValue ?? "" }
  public var taskHash: String { json["task"]?["hash"]?.stringValue ?? "" }
  public var problems: Int { json["task"]?["problems"]?.intValue ?? 0 }
  public var samples: Int { json["sampling"]?["n"]?.intValue ?? 1 }
  /// What reports call the model.
  public var modelName: String { json["model"]?["name"]?.stringValue ?? "" }

  /// - Throws: `InputError` that names the first member that differs.
  func check(equals other: RunHeader) throws {
    if let difference = Self.difference(json, other.json, at: "header") { throw difference }
  }

  /// A first line that is not complete has to be this header's beginning: what else could be lost is not ours.
  func check(continues torn: [UInt8]) throws {
    guard json.text().utf8.starts(with: torn) else {
      throw InputError(
        "", expected: "an evaluation's run, or no file", found: "a file of another kind")
    }
  }

  private static func difference(_ wanted: JSON, _ found: JSON, at place: String) -> InputError? {
    guard wanted != found else { return nil }
    if let a = wanted.objectValue, let b = found.objectValue {
      for key in a.members.map(\.key) + b.members.map(\.key) {
        let inner = difference(a[key] ?? .null, b[key] ?? .null, at: "\(place).\(key)")
        if let inner { return inner }
      }
    }
    return InputError(
      place, expected: "\(InputError.excerpt(wanted.text())) as this run has it",
      found: InputError.excerpt(found.text()))
  }
}

/// A run's file: a header line, then a line for each sample in the order they came, each on disk before the next is begun.
public final class RunFile: Sendable {
  public let path: String
  /// What the file held when it was opened.
  public let records: [SampleRecord]
  private let file: Mutex<FileHandle>

  /// Makes the file, or goes on with it. A last line that was only half written is dropped.
  ///
  /// - Throws: `InputError` for another run's header, damage in the middle, and for a file that somebody else is writing.
  public init(path: String, header: RunHeader) throws {
    self.path = path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw InputError(
        path, expected: "a file that can be written", found: String(cString: strerror(errno)))
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw InputError(path, expected: "a run that nobody else continues", found: "another process")
    }
    let (old, end) = try Self.read(path)
    do {
      if let old {
        try header.check(equals: old.header)
      } else {
        try header.check(continues: try FileBytes.read(path))
      }
    } catch let error as InputError {
      throw error.inside(path)
    }
    records = old?.records ?? []
    file = Mutex(handle)
    try write { handle in
      try handle.truncate(atOffset: UInt64(end))
      try handle.seekToEnd()
    }
    if old == nil { try append(line: header.json) }
  }

  /// Adds a sample. It is on disk when this returns.
  public func append(_ record: SampleRecord) throws { try append(line: record.json) }

  private func append(line: JSON) throws {
    try write { handle in
      try handle.write(contentsOf: Data((line.text() + "\n").utf8))
      try handle.synchronize()
    }
  }

  private func write(_ body: (FileHandle) throws -> Void) throws {
    do {
      try file.withLock { try body($0) }
    } catch {
      throw InputError(
        path, expected: "a file that can be written", found: error.localizedDescription)
    }
  }

  /// Reads a run for reports.
  public static func run(_ path: String) throws -> EvaluationRun {
    guard let run = try read(path).run else {
      throw InputError(path, expected: "an evaluation's run", found: "no complete line")
    }
    return run
  }

  /// What the complete lines of a file say, and where they end; `nil` for a file without any.
  private static func read(_ path: String) throws -> (run: EvaluationRun?, end: Int) {
    let bytes = try FileBytes.read(path, limit: .max)
    var header: RunHeader?
    var records: [SampleRecord] = []
    var seen: Set<SampleRecord.Key> = []
    var (start, number) = (0, 0)
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      number += 1
      do {
        let json = try JSON.parse(bytes[start..<end])
        if number == 1 {
          header = try RunHeader(json)
        } else {
          let record = try SampleRecord(json)
          guard seen.insert(record.key).inserted else {
            throw InputError(
              "sample \(record.key.sample) of \(InputError.excerpt(record.key.problem))",
              expected: "each sample once", found: "a second one")
          }
          records.append(record)
        }
      } catch let error as InputError {
        throw error.inside("\(path), line \(number)")
      }
      start = end + 1
    }
    return (header.map { EvaluationRun(header: $0, records: records) }, start)
  }
}

/// A run as far as it has come.
public struct EvaluationRun: Sendable {
  public let header: RunHeader
  public let records: [SampleRecord]

  public init(header: RunHeader, records: [SampleRecord]) {
    self.header = header
    self.records = records
  }
}

import FathomCore
import FathomTensors

/// A GGUF model: one file, or all parts of one that was split.
public struct GGUFFile: Sendable {
  public let metadata: GGUFMetadata
  package let parts: [(header: GGUFHeader, file: MappedFile)]
  public let path: String

  /// Whether the path is that of a GGUF file, by its name or its first bytes.
  public static func isGGUF(_ path: String) -> Bool {
    if path.lowercased().hasSuffix(".gguf") { return true }
    guard ModelFolder.kind(of: path, followingLinks: true) == .other,
      let file = try? MappedFile(path: path)
    else { return false }
    return file.withBytes { $0.count >= 4 && $0.prefix(4).elementsEqual("GGUF".utf8) }
  }

  /// Maps the file and, if it is one part of several, the others beside it.
  ///
  /// - Throws: `InputError`.
  public init(path: String) throws {
    self.path = path
    let first = try Self.part(path)
    var parts = [first]
    let metadata = GGUFMetadata(values: first.header.metadata, file: first.file.name)
    if let count = try metadata.optionalInt("split.count", in: 0...10_000), count > 1 {
      parts = try Self.partPaths(path, count: count).map { try Self.part($0) }
      self.metadata = GGUFMetadata(values: parts[0].header.metadata, file: first.file.name)
    } else {
      self.metadata = metadata
    }
    self.parts = parts
  }

  /// What `config.json` would say.
  public func configuration() throws -> ConfigurationReader {
    try metadata.isPacked
      ? metadata.packedConfiguration()
      : ConfigurationReader(file: metadata.file, fields: try GGUFConfiguration(self).fields())
  }

  private static func part(_ path: String) throws -> (header: GGUFHeader, file: MappedFile) {
    let file = try MappedFile(path: path)
    do {
      let header = try file.withBytes { try GGUFHeader($0) }
      try file.checkIntact()
      return (header, file)
    } catch let error as InputError {
      try file.checkIntact()
      throw error.inside(file.name)
    }
  }

  /// `name-00002-of-00005.gguf` → the paths of all five.
  private static func partPaths(_ path: String, count: Int) throws -> [String] {
    func padded(_ number: Int) -> String {
      String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
    }
    let ending = "-of-\(padded(count)).gguf"
    let stem = path.dropLast(ending.count)
    guard path.hasSuffix(ending), stem.count > 6, stem.suffix(5).allSatisfy(\.isNumber) else {
      throw InputError(
        path, expected: "a name that ends in -00001\(ending), as one of \(count) parts has",
        found: "another name")
    }
    return (1...count).map { "\(stem.dropLast(5))\(padded($0))\(ending)" }
  }
}

/// Typed access to the metadata of a GGUF file.
public struct GGUFMetadata: Sendable {
  public let values: [String: GGUFValue]
  let file: String

  /// The file's name, for messages.
  package var origin: String { file }

  private func error(_ key: String, _ expectation: String) -> InputError {
    let finding: String =
      switch values[key] {
      case nil: "nothing"
      case .integer(let x): "\(x)"
      case .number(let x): "\(x)"
      case .bool(let x): "\(x)"
      case .string(let x): InputError.excerpt(x)
      case .strings(let x): "\(x.count) texts"
      case .integers(let x): "\(x.count) numbers"
      case .numbers(let x): "\(x.count) numbers"
      case .bools(let x): "\(x.count) flags"
      }
    return InputError("\(file), metadata \(key)", expected: expectation, found: finding)
  }

  public func optionalString(_ key: String) throws -> String? {
    guard let value = values[key] else { return nil }
    guard case .string(let text) = value else { throw error(key, "a text") }
    return text
  }

  public func string(_ key: String) throws -> String {
    guard let text = try optionalString(key) else { throw error(key, "a text") }
    return text
  }

  public func optionalInt(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = values[key] else { return nil }
    guard case .integer(let number) = value, range.contains(number) else {
      throw error(key, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  public func int(_ key: String, in range: ClosedRange<Int>) throws -> Int {
    guard let number = try optionalInt(key, in: range) else {
      throw error(key, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  public func optionalDouble(_ key: String) throws -> Double? {
    switch values[key] {
    case nil: return nil
    case .number(let number) where number.isFinite: return number
    case .integer(let number): return Double(number)
    default: throw error(key, "a number")
    }
  }

  public func optionalBool(_ key: String) throws -> Bool? {
    guard let value = values[key] else { return nil }
    guard case .bool(let flag) = value else { throw error(key, "true or false") }
    return flag
  }

  public func strings(_ key: String) throws -> [String] {
    guard case .strings(let texts)? = values[key] else { throw error(key, "an array of texts") }
    return texts
  }

  public func optionalIntegers(_ key: String) throws -> [Int]? {
    guard let value = values[key] else { return nil }
    guard case .integers(let numbers) = value else { throw error(key, "an array of numbers") }
    return numbers
  }
}

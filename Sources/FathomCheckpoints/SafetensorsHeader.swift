import FathomCore
import FathomTensors

/// What a `.safetensors` file says about itself: where each tensor is, and notes.
///
/// The layout: eight bytes of little-endian header length, a JSON object, then the data. The data
/// must be covered exactly once, without holes, overlaps or a tail, so that one file has one
/// meaning.
///
/// Source: the safetensors format description (README of the safetensors project).
package struct SafetensorsHeader: Sendable {
  package struct Entry: Sendable, Equatable {
    package let name: String
    package let dtype: DType
    package let shape: [Int]
    /// Where the bytes are, counted from the start of the file.
    package let byteRange: Range<Int>
  }

  /// The entries in the order of their data.
  package let entries: [Entry]
  /// Free text stored beside the tensors, such as `format: pt`.
  package let metadata: [String: String]
  /// Where the data begin in the file. Not always a multiple of eight.
  package let dataStart: Int

  /// The longest header the format allows.
  package static let maximumHeaderBytes = 100_000_000
  package static let maximumDimensions = 8
  /// Room for about 250,000 tensors, twice what the largest published model has in all its files.
  private static let limits = JSONLimits(bytes: maximumHeaderBytes, depth: 3, values: 2_000_000)

  /// Reads the header at the start of `bytes`, of which a file of `fileSize` bytes is said to
  /// begin.
  ///
  /// - Throws: `InputError` whose place is a byte or a tensor.
  package static func parse(_ bytes: UnsafeRawBufferPointer, fileSize: Int) throws
    -> SafetensorsHeader
  {
    guard fileSize >= 8, bytes.count >= 8 else {
      throw InputError(
        "byte 0", expected: "eight bytes of header length",
        found: "a file of \(min(fileSize, bytes.count)) bytes")
    }
    guard !bytes.starts(with: "version https://git-lfs".utf8) else {
      throw InputError(
        "byte 0", expected: "the tensors themselves",
        found: "a Git LFS pointer: the file was not downloaded")
    }
    let claimed = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard claimed <= UInt64(maximumHeaderBytes) else {
      throw InputError(
        "byte 0", expected: "a header of at most \(maximumHeaderBytes) bytes",
        found: "a header length of \(claimed)")
    }
    let dataStart = 8 + Int(claimed)
    guard dataStart <= fileSize, dataStart <= bytes.count else {
      throw InputError(
        "byte 0", expected: "a header that fits in the file's \(fileSize) bytes",
        found: "a header length of \(claimed)")
    }
    let text = bytes[8..<dataStart]
    guard text.first == UInt8(ascii: "{") else {
      throw InputError(
        "byte 8", expected: "\"{\" at the start of the header",
        found: text.first.map { "byte 0x\(String($0, radix: 16))" } ?? "an empty header")
    }
    let document: JSON
    do {
      document = try JSON.parse(text, limits: limits)
    } catch let error as InputError {
      throw error.inside("header")
    }
    return try SafetensorsHeader(
      members: document.objectValue?.members ?? [], dataStart: dataStart, fileSize: fileSize)
  }

  private init(members: [(key: String, value: JSON)], dataStart: Int, fileSize: Int) throws {
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    let dataSize = fileSize - dataStart
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = try Self.metadata(value)
      } else {
        entries.append(try Self.entry(name, value, dataStart: dataStart, dataSize: dataSize))
      }
    }
    entries.sort {
      ($0.byteRange.lowerBound, $0.byteRange.upperBound)
        < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
    }
    try Self.checkCoverage(entries, dataStart: dataStart, fileSize: fileSize)
    self.entries = entries
    self.metadata = metadata
    self.dataStart = dataStart
  }

  private static func metadata(_ value: JSON) throws -> [String: String] {
    guard let object = value.objectValue else {
      throw InputError(
        "\"__metadata__\"", expected: "an object of strings", found: value.kind)
    }
    var metadata: [String: String] = [:]
    for (key, value) in object.members {
      guard let text = value.stringValue else {
        throw InputError(
          "\"__metadata__\", \(InputError.excerpt(key))", expected: "a string", found: value.kind)
      }
      metadata[key] = text
    }
    return metadata
  }

  private static func entry(_ name: String, _ value: JSON, dataStart: Int, dataSize: Int) throws
    -> Entry
  {
    guard let object = value.objectValue else {
      throw InputError(
        place(name), expected: "an object with dtype, shape and data_offsets", found: value.kind)
    }
    guard let dtypeName = object["dtype"]?.stringValue, let dtype = DType(rawValue: dtypeName),
      dtype.blockElements == 1
    else {
      throw InputError(
        place(name, "dtype"),
        expected:
          "one of \(DType.allCases.filter { $0.blockElements == 1 }.map(\.rawValue).joined(separator: ", "))",
        found: object["dtype"]?.kind ?? "none")
    }
    let shape = try shape(object["shape"], of: name)
    let offsets = try offsets(object["data_offsets"], of: name, dataSize: dataSize)
    guard let byteCount = byteCount(shape, dtype) else {
      throw InputError(
        place(name, "shape"), expected: "a shape whose bytes can be counted", found: "\(shape)")
    }
    guard byteCount == offsets.count else {
      throw InputError(
        place(name), expected: "\(byteCount) bytes for \(shape) \(dtype.rawValue)",
        found: "data_offsets of \(offsets.count) bytes")
    }
    return Entry(
      name: name, dtype: dtype, shape: shape,
      byteRange: dataStart + offsets.lowerBound..<dataStart + offsets.upperBound)
  }

  private static func shape(_ value: JSON?, of name: String) throws -> [Int] {
    guard let values = value?.arrayValue else {
      throw InputError(
        place(name, "shape"), expected: "an array of sizes", found: value?.kind ?? "none")
    }
    guard values.count <= maximumDimensions else {
      throw InputError(
        place(name, "shape"), expected: "at most \(maximumDimensions) dimensions",
        found: "\(values.count)")
    }
    return try values.map { size in
      guard let size = size.intValue, size >= 0 else {
        throw InputError(place(name, "shape"), expected: "sizes of 0 or more", found: size.kind)
      }
      return size
    }
  }

  private static func offsets(_ value: JSON?, of name: String, dataSize: Int) throws -> Range<Int> {
    func error(expected expectation: String, found finding: String) -> InputError {
      InputError(place(name, "data_offsets"), expected: expectation, found: finding)
    }
    guard let values = value?.arrayValue, values.count == 2 else {
      throw error(expected: "two offsets", found: value?.kind ?? "none")
    }
    guard let begin = values[0].intValue, let end = values[1].intValue, begin >= 0 else {
      throw error(
        expected: "two whole numbers of 0 or more",
        found: "\(values[0].kind) and \(values[1].kind)")
    }
    guard begin <= end else {
      throw error(expected: "begin before end", found: "\(begin) and \(end)")
    }
    guard end <= dataSize else {
      throw error(expected: "an end within the \(dataSize) bytes of data", found: "\(end)")
    }
    return begin..<end
  }

  private static func place(_ tensor: String, _ field: String? = nil) -> String {
    let place = "tensor \(InputError.excerpt(tensor, limit: 200))"
    return field.map { "\(place), \($0)" } ?? place
  }

  /// The bytes of a tensor, or nil if no `Int` holds the number.
  private static func byteCount(_ shape: [Int], _ dtype: DType) -> Int? {
    // A zero anywhere makes the product zero, however large the other sizes are.
    if shape.contains(0) { return 0 }
    var count = dtype.blockBytes
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      count = product
    }
    return count
  }

  /// `entries` are sorted by their place in the data.
  private static func checkCoverage(_ entries: [Entry], dataStart: Int, fileSize: Int) throws {
    var covered = dataStart
    for (index, entry) in entries.enumerated() {
      let begin = entry.byteRange.lowerBound
      guard begin == covered else {
        throw InputError(
          place(entry.name),
          expected: "data from byte \(covered), after \(predecessor(of: index, in: entries))",
          found: begin < covered
            ? "data from byte \(begin): the two overlap"
            : "data from byte \(begin): a hole of \(begin - covered) bytes")
      }
      covered = entry.byteRange.upperBound
    }
    guard covered == fileSize else {
      throw InputError(
        "byte \(covered)",
        expected: "the end of the file, after \(predecessor(of: entries.count, in: entries))",
        found: "\(fileSize - covered) bytes that belong to no tensor")
    }
  }

  private static func predecessor(of index: Int, in entries: [Entry]) -> String {
    index == 0 ? "the header" : place(entries[index - 1].name)
  }
}

import FathomCore

/// A metadata value of a GGUF file.
public enum GGUFValue: Sendable, Equatable {
  case integer(Int)
  case number(Double)
  case bool(Bool)
  case string(String)
  case strings([String])
  case integers([Int])
  case numbers([Double])
  case bools([Bool])
}

/// What stands before the tensor data of a GGUF file: metadata, and where each tensor is.
///
/// Nothing in it is believed: counts are checked against the bytes that are there before anything is allocated, and every
/// tensor lies inside the file, apart from the others.
///
/// Source: the GGUF specification, versions 2 and 3, little-endian.
package struct GGUFHeader: Sendable {
  package struct Tensor: Sendable {
    package let name: String
    /// As GGUF counts dimensions: neighbouring values first.
    package let dimensions: [Int]
    package let type: UInt32
    /// Bytes in the file.
    package let byteRange: Range<Int>
  }

  package let metadata: [String: GGUFValue]
  package let tensors: [Tensor]

  private static let mostTensors = 1 << 20
  private static let mostKeys = 1 << 16

  package init(_ bytes: UnsafeRawBufferPointer) throws {
    var reader = GGUFBytes(bytes)
    guard bytes.count >= 24, bytes.prefix(4).elementsEqual("GGUF".utf8) else {
      throw InputError(
        "byte 0", expected: "\"GGUF\" and a header", found: "\(min(bytes.count, 4)) other bytes")
    }
    reader.offset = 4
    let version = try reader.u32("version")
    guard version == 2 || version == 3 else {
      throw InputError("version", expected: "2 or 3", found: "\(version)")
    }
    let tensorCount = try reader.count("number of tensors", limit: Self.mostTensors, bytesEach: 24)
    let keyCount = try reader.count("number of metadata keys", limit: Self.mostKeys, bytesEach: 13)
    var metadata: [String: GGUFValue] = [:]
    for index in 0..<keyCount {
      let key = try reader.string("metadata key \(index)", limit: 1 << 16)
      let place = "metadata \(InputError.excerpt(key))"
      let value = try reader.value(place)
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw InputError(place, expected: "each key once", found: "it again")
      }
    }
    var alignment = 32
    if let value = metadata["general.alignment"] {
      guard case .integer(let number) = value, (1...65536).contains(number),
        number & (number - 1) == 0
      else {
        throw InputError(
          "metadata general.alignment", expected: "a power of two up to 65536", found: "\(value)")
      }
      alignment = number
    }
    let infos = try (0..<tensorCount).map { try Self.info($0, &reader) }
    let dataStart = (reader.offset + alignment - 1) & ~(alignment - 1)
    tensors = try Self.placed(infos, from: dataStart, alignment: alignment, fileSize: bytes.count)
    self.metadata = metadata
  }

  private struct Info {
    var name: String
    var dimensions: [Int]
    var type: UInt32
    var offset: Int
    var byteCount: Int
  }

  private static func info(_ index: Int, _ reader: inout GGUFBytes) throws -> Info {
    let name = try reader.string("name of tensor \(index)", limit: 1 << 12)
    let place = "tensor \(InputError.excerpt(name, limit: 200))"
    let rank = try reader.u32(place)
    guard (1...4).contains(rank) else {
      throw InputError(place, expected: "1 to 4 dimensions", found: "\(rank)")
    }
    var values = 1
    let dimensions = try (0..<rank).map { _ in
      let size = try reader.u64(place)
      guard size >= 1, size < 1 << 48 else {
        throw InputError(place, expected: "dimensions from 1 to 2^48", found: "\(size)")
      }
      let (product, overflow) = values.multipliedReportingOverflow(by: Int(size))
      guard !overflow, product < 1 << 52 else {
        throw InputError(place, expected: "values that can be counted", found: "too many")
      }
      values = product
      return Int(size)
    }
    let type = try reader.u32(place)
    guard let format = GGUFTensorType(type) else {
      throw InputError(
        place, expected: "one of \(GGUFTensorType.names)",
        found: GGUFTensorType.name(ofUnknown: type))
    }
    guard dimensions[0] % format.dtype.blockElements == 0 else {
      throw InputError(
        place, expected: "rows of whole blocks of \(format.dtype.blockElements)",
        found: "rows of \(dimensions[0])")
    }
    let offset = try reader.u64(place)
    guard offset < 1 << 52 else {
      throw InputError(place, expected: "an offset inside the file", found: "\(offset)")
    }
    let rows = values / dimensions[0]
    return Info(
      name: name, dimensions: dimensions, type: type, offset: Int(offset),
      byteCount: format.dtype.bytes(rows: rows, columns: dimensions[0]))
  }

  private static func placed(
    _ infos: [Info], from dataStart: Int, alignment: Int, fileSize: Int
  ) throws -> [Tensor] {
    var names: Set<String> = []
    var end = 0
    for info in infos.sorted(by: { $0.offset < $1.offset }) {
      let place = "tensor \(InputError.excerpt(info.name, limit: 200))"
      guard names.insert(info.name).inserted else {
        throw InputError(place, expected: "each tensor once", found: "it again")
      }
      guard info.offset % alignment == 0 else {
        throw InputError(
          place, expected: "an offset that is a multiple of \(alignment)", found: "\(info.offset)")
      }
      guard info.offset >= end else {
        throw InputError(
          place, expected: "bytes of its own, from \(end)", found: "offset \(info.offset)")
      }
      end = info.offset + info.byteCount
      guard dataStart + end <= fileSize else {
        throw InputError(
          place, expected: "\(info.byteCount) bytes at offset \(info.offset)",
          found: "a file of \(fileSize) bytes")
      }
    }
    return infos.map {
      let begin = dataStart + $0.offset
      return Tensor(
        name: $0.name, dimensions: $0.dimensions, type: $0.type,
        byteRange: begin..<begin + $0.byteCount)
    }
  }
}

/// Reads the fields of a GGUF header one after the other, none beyond the end.
struct GGUFBytes {
  private let bytes: UnsafeRawBufferPointer
  var offset = 0

  // A packed model holds its tokenizer.json in one text.
  private static let longestText = 1 << 26
  private static let longestArray = 1 << 24

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private var left: Int { bytes.count - offset }

  private mutating func take<Value: BitwiseCopyable>(_ type: Value.Type, _ place: String) throws
    -> Value
  {
    let size = MemoryLayout<Value>.size
    guard left >= size else {
      throw InputError(place, expected: "\(size) more bytes", found: "\(left) before the end")
    }
    defer { offset += size }
    return bytes.loadUnaligned(fromByteOffset: offset, as: type)
  }

  mutating func u32(_ place: String) throws -> UInt32 {
    UInt32(littleEndian: try take(UInt32.self, place))
  }

  mutating func u64(_ place: String) throws -> UInt64 {
    UInt64(littleEndian: try take(UInt64.self, place))
  }

  /// A count of things that take at least `bytesEach` bytes each.
  mutating func count(_ place: String, limit: Int, bytesEach: Int) throws -> Int {
    let count = try u64(place)
    guard count <= UInt64(min(limit, left / bytesEach)) else {
      throw InputError(
        place, expected: "at most \(min(limit, left / bytesEach)), for which there are bytes",
        found: "\(count)")
    }
    return Int(count)
  }

  mutating func string(_ place: String, limit: Int = longestText) throws -> String {
    let count = try count("\(place), its length", limit: limit, bytesEach: 1)
    let text = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    offset += count
    guard let string = String(validating: text, as: UTF8.self) else {
      throw InputError(place, expected: "UTF-8", found: "invalid UTF-8")
    }
    return string
  }

  mutating func value(_ place: String) throws -> GGUFValue {
    let type = try u32(place)
    guard type == 9 else { return try scalar(type, place) }
    let element = try u32(place)
    switch element {
    case 8:
      let count = try count(place, limit: Self.longestArray, bytesEach: 8)
      var strings: [String] = []
      strings.reserveCapacity(count)
      for _ in 0..<count { strings.append(try string(place)) }
      return .strings(strings)
    case 7:
      return .bools(
        try array(element, place, bytesEach: 1) { if case .bool(let x) = $0 { x } else { nil } })
    case 6, 12:
      return .numbers(
        try array(element, place, bytesEach: 4) { if case .number(let x) = $0 { x } else { nil } })
    case 0...5, 10, 11:
      return .integers(
        try array(element, place, bytesEach: 1) { if case .integer(let x) = $0 { x } else { nil } })
    default:
      throw InputError(
        place, expected: "an array of numbers, flags or texts", found: "type \(element)")
    }
  }

  private mutating func array<Element>(
    _ type: UInt32, _ place: String, bytesEach: Int, _ unwrap: (GGUFValue) -> Element?
  ) throws -> [Element] {
    let count = try count(place, limit: Self.longestArray, bytesEach: bytesEach)
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count {
      if let element = unwrap(try scalar(type, place)) { elements.append(element) }
    }
    return elements
  }

  private mutating func scalar(_ type: UInt32, _ place: String) throws -> GGUFValue {
    switch type {
    case 0: return .integer(Int(try take(UInt8.self, place)))
    case 1: return .integer(Int(try take(Int8.self, place)))
    case 2: return .integer(Int(UInt16(littleEndian: try take(UInt16.self, place))))
    case 3: return .integer(Int(Int16(littleEndian: try take(Int16.self, place))))
    case 4: return .integer(Int(try u32(place)))
    case 5: return .integer(Int(Int32(littleEndian: try take(Int32.self, place))))
    case 6: return .number(Double(Float(bitPattern: try u32(place))))
    case 7: return .bool(try take(UInt8.self, place) != 0)
    case 8: return .string(try string(place))
    case 10:
      let value = try u64(place)
      guard let number = Int(exactly: value) else {
        throw InputError(place, expected: "a number below 2^63", found: "\(value)")
      }
      return .integer(number)
    case 11: return .integer(Int(Int64(littleEndian: try take(Int64.self, place))))
    case 12: return .number(Double(bitPattern: try u64(place)))
    default: throw InputError(place, expected: "a value of types 0 to 12", found: "type \(type)")
    }
  }
}

import CFathomKernels
import FathomTensors
import Foundation
import GoldenSupport

func exponential(_ x: Double) -> Double { exp(x) }

/// Repeatable test data.
struct SeededNumbers: RandomNumberGenerator {
  private var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func next() -> UInt64 { generator.next() }

  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in Float.random(in: -scale...scale, using: &self) }
  }

  /// The same 1024 numbers every time.
  var fixed: [Float] {
    var numbers = SeededNumbers(seed: 99)
    return numbers.floats(1024)
  }

  /// Random weights; E4M3 ones with tiles of 32 × 48 so that edges are ragged.
  mutating func matrix(rows: Int, columns: Int, dtype: DType) -> Matrix {
    let count = rows * columns
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: count * 4 + 1, alignment: 16)
    // Off by one byte: files promise no alignment.
    let data = bytes + 1
    for index in 0..<count {
      switch dtype {
      case .f32:
        data.storeBytes(
          of: Float.random(in: -1...1, using: &self), toByteOffset: index * 4, as: Float.self)
      case .f8e4m3:
        var code = UInt8.random(in: 0...255, using: &self)
        if code & 0x7F == 0x7F { code = 0 }
        data.storeBytes(of: code, toByteOffset: index, as: UInt8.self)
      case .f16:
        let bits =
          UInt16.random(in: 0..<0x4400, using: &self) | (Bool.random(using: &self) ? 0x8000 : 0)
        data.storeBytes(of: bits, toByteOffset: index * 2, as: UInt16.self)
      default:
        let bits = fk_encode_bf16(Float.random(in: -1...1, using: &self))
        data.storeBytes(of: bits, toByteOffset: index * 2, as: UInt16.self)
      }
    }
    var scales: Matrix.BlockScales?
    if dtype == .f8e4m3 {
      let tiles = ((rows + 31) / 32) * ((columns + 47) / 48)
      scales = Matrix.BlockScales(
        floats(tiles, scale: 0.01), blockRows: 32, blockColumns: 48)
    }
    return Matrix(
      data, rows: rows, columns: columns, dtype: dtype, scales: scales, owner: Memory(bytes))
  }
}

extension SeededNumbers {
  /// Random blocks or panels with plausible scales.
  mutating func quantized(rows: Int, columns: Int, dtype: DType) -> Matrix {
    let count = dtype.bytes(rows: rows, columns: columns)
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
    for index in 0..<count {
      bytes.storeBytes(
        of: UInt8.random(in: 0...255, using: &self), toByteOffset: index, as: UInt8.self)
    }
    // Where each format keeps f16 numbers; random bits there would be infinite or no number.
    let halves: [Int] =
      switch dtype {
      case .q4_1, .q5_1, .q4K, .q5K: [0, 2]
      case .q2K: [80, 82]
      case .q3K: [108]
      case .q6K: [208]
      default: [0]
      }
    for block in 0..<count / dtype.blockBytes {
      for offset in halves {
        let half =
          UInt16.random(in: 0x1800..<0x2C00, using: &self)
          | (Bool.random(using: &self) ? 0x8000 : 0)
        bytes.storeBytes(of: half, toByteOffset: block * dtype.blockBytes + offset, as: UInt16.self)
      }
    }
    return Matrix(bytes, rows: rows, columns: columns, dtype: dtype, owner: Memory(bytes))
  }
}

extension Matrix {
  /// Q4_0 or Q8_0 blocks in panels.
  func packed(streams: Int) -> Matrix {
    let type: DType = dtype == .q4_0 ? .q4Panel : .q8Panel
    let count = type.bytes(rows: rows, columns: columns)
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
    fk_pack_panels(bytes, type.kernelType, storage.pointee.data, rows, columns)
    return Matrix(
      bytes, rows: rows, columns: columns, dtype: type, streams: streams, owner: Memory(bytes))
  }
}

final class Memory {
  let pointer: UnsafeMutableRawPointer
  init(_ pointer: UnsafeMutableRawPointer) { self.pointer = pointer }
  deinit { pointer.deallocate() }
}

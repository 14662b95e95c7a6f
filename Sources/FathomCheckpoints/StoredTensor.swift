import FathomTensors

/// One tensor where it lies in a mapped file.
///
/// A value of this type keeps its file mapped. The bytes may start at any address: safetensors does
/// not promise alignment, so readers load elements unaligned.
public struct StoredTensor: Sendable {
  public let name: String
  public let dtype: DType
  public let shape: [Int]
  public let file: MappedFile
  /// Where the bytes are in the file.
  public let byteRange: Range<Int>

  package init(
    name: String, dtype: DType, shape: [Int], file: MappedFile, byteRange: Range<Int>
  ) {
    precondition(
      byteRange.lowerBound >= 0 && byteRange.upperBound <= file.byteCount,
      "tensor bytes \(byteRange) outside a file of \(file.byteCount)")
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.file = file
    self.byteRange = byteRange
  }

  public var byteCount: Int { byteRange.count }

  /// How many elements it has; 1 for a scalar, which has no dimensions.
  public var elementCount: Int { shape.reduce(1, *) }

  /// Calls `body` with the stored bytes, which must not be used after it returns.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(file) {} }
    return try body(UnsafeRawBufferPointer(rebasing: file.bytes[byteRange]))
  }

  /// The first byte. Valid as long as something holds on to `file`.
  package var pointer: UnsafeRawPointer {
    // A mapping always has an address; `file.bytes` is optional only in its type.
    guard let start = file.bytes.baseAddress else {
      preconditionFailure("\(file.path) is mapped without an address")
    }
    return start + byteRange.lowerBound
  }

  /// `[256, 7168] BF16`, as error messages show it.
  package var summary: String { "\(shape) \(dtype.rawValue)" }
}

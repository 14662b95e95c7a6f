import CFathomKernels
import FathomCore
import FathomTensors

/// Writes a converted model: tensor after tensor, in pieces, so that memory holds a few megabytes of each at a time.
package struct Converter {
  /// How far matrices rounded to one type are from what they were.
  package struct Rounding: Sendable {
    package let dtype: DType
    package var tensors = 0
    package var squaredError = 0.0
    package var squaredSize = 0.0

    /// Root of the squared error over that of the values.
    package var relativeError: Double {
      squaredSize > 0 ? (squaredError / squaredSize).squareRoot() : 0
    }
  }

  package struct Report: Sendable {
    package var bytes = 0
    package var tensors = 0
    /// Tensors that an earlier run had written.
    package var resumedTensors = 0
    /// Of the tensors that this run wrote.
    package var roundings: [Rounding] = []
  }

  /// Stopped before the end; what was written is kept for the next run.
  package struct Stopped: Error {}

  private let plan: ConversionPlan
  private let compute: Compute
  private let isCancelled: () -> Bool

  private static let pieceBytes = 8 << 20

  package init(_ plan: ConversionPlan, _ compute: Compute, isCancelled: @escaping () -> Bool) {
    self.plan = plan
    self.compute = compute
    self.isCancelled = isCancelled
  }

  /// - Parameter progress: called with the bytes written so far, and all of them.
  /// - Throws: `InputError` if the source is torn or the file can't be written; `Stopped`. What was written is then kept
  ///   under `path.partial`, and the same conversion takes it up again.
  package func write(to path: String, progress: (Int, Int) -> Void) throws -> Report {
    let writer = try GGUFWriter(
      path: path, metadata: try metadata(), tensors: tensors, isResumable: true)
    var report = Report(resumedTensors: writer.tensor)
    var first = 0
    for item in plan.items {
      let count = item.scaleShape == nil ? 1 : 2
      defer { first += count }
      // Scales come about with their codes: where only those are on disk, the tensor is decoded once more.
      guard writer.tensor < first + count else { continue }
      try write(item, isResumed: writer.tensor > first, into: writer, &report) {
        progress(writer.writtenBytes, writer.tensorBytes)
      }
      try plan.checkpoint.checkIntact()
    }
    report.bytes = writer.tensorBytes
    report.tensors = tensors.count
    try writer.finish()
    return report
  }

  private func write(
    _ item: ConversionPlan.Item, isResumed: Bool, into writer: GGUFWriter, _ report: inout Report,
    progress: () -> Void
  ) throws {
    guard let source = item.source else {
      try item.method == .copy
        ? copy(item, into: writer, progress) : pack(item, into: writer, progress)
      ConversionSource.release(item.tensor)
      return
    }
    var rounding = Rounding(dtype: item.dtype, tensors: 1)
    let scales = try encode(
      item, source, isWritten: isResumed, into: writer, &rounding, progress)
    if item.scaleShape != nil { try scales.withUnsafeBytes { try writer.write($0) } }
    source.release()
    report.add(rounding)
  }

  private func copy(
    _ item: ConversionPlan.Item, into writer: GGUFWriter, _ progress: () -> Void
  ) throws {
    try item.tensor.withBytes { bytes in
      for begin in stride(from: 0, to: bytes.count, by: Self.pieceBytes) {
        if isCancelled() { throw Stopped() }
        let end = min(bytes.count, begin + Self.pieceBytes)
        try writer.write(UnsafeRawBufferPointer(rebasing: bytes[begin..<end]))
        progress()
      }
    }
  }

  private func pack(
    _ item: ConversionPlan.Item, into writer: GGUFWriter, _ progress: () -> Void
  ) throws {
    let panel = item.dtype.bytes(rows: 16, columns: item.columns)
    let rowBytes = item.tensor.dtype.bytes(rows: 1, columns: item.columns)
    let rowsEach = max(1, Self.pieceBytes / panel) * 16
    try withBuffer(bytes: rowsEach / 16 * panel) { buffer in
      for begin in stride(from: 0, to: item.rows, by: rowsEach) {
        if isCancelled() { throw Stopped() }
        let rows = begin..<min(item.rows, begin + rowsEach)
        let units = (rows.count + 15) / 16
        compute.pool.run(units: units) { unit, _ in
          let row = rows.lowerBound + unit * 16
          fk_pack_panels(
            buffer + unit * panel, item.dtype.kernelType,
            item.tensor.pointer + row * rowBytes, min(16, rows.upperBound - row), item.columns)
        }
        try writer.write(UnsafeRawBufferPointer(start: buffer, count: units * panel))
        progress()
      }
    }
  }

  /// Decodes, rounds and writes; returns the scales of FP8 blocks.
  ///
  /// - Parameter isWritten: whether the file has the codes already, so that only scales are wanted.
  private func encode(
    _ item: ConversionPlan.Item, _ source: ConversionSource, isWritten: Bool,
    into writer: GGUFWriter, _ rounding: inout Rounding, _ progress: () -> Void
  ) throws -> [Float] {
    let encoder = RowEncoder(item.dtype, columns: item.columns, compute: compute)
    let unitRows = source.unitRows(for: item.dtype)
    let unitBytes = item.dtype.bytes(rows: unitRows, columns: item.columns)
    let unitsEach = max(compute.pool.threads, Self.pieceBytes / unitBytes)
    let scaleColumns = item.scaleShape?[1] ?? 0
    var scales = [Float](repeating: 0, count: item.scaleShape?.reduce(1, *) ?? 0)
    try withBuffer(bytes: unitsEach * unitBytes) { buffer in
      for begin in stride(from: 0, to: item.rows, by: unitsEach * unitRows) {
        if isCancelled() { throw Stopped() }
        let rows = begin..<min(item.rows, begin + unitsEach * unitRows)
        let units = (rows.count + unitRows - 1) / unitRows
        var errors = [RowEncoder.Error](repeating: RowEncoder.Error(), count: units)
        errors.withUnsafeMutableBufferPointer { errors in
          scales.withUnsafeMutableBufferPointer { scales in
            // Each unit writes places of its own.
            nonisolated(unsafe) let (errors, scales) = (errors, scales)
            compute.pool.run(units: units) { unit, _ in
              let first = rows.lowerBound + unit * unitRows
              let range = first..<min(rows.upperBound, first + unitRows)
              errors[unit] = encoder.encode(
                range, of: source, into: buffer + unit * unitBytes,
                scales: scales.baseAddress.map {
                  $0 + first / PackedModel.scaleBlock * scaleColumns
                }
              )
            }
          }
        }
        for error in errors {
          rounding.squaredError += error.squaredError
          rounding.squaredSize += error.squaredSize
          guard error.isFinite else {
            throw InputError(
              "tensor \(InputError.excerpt(item.tensor.name, limit: 200))",
              expected: "finite weights", found: "infinity or NaN")
          }
        }
        guard !isWritten else { continue }
        let bytes = item.dtype.bytes(rows: rows.count, columns: item.columns)
        try writer.write(UnsafeRawBufferPointer(start: buffer, count: bytes))
        progress()
      }
    }
    return scales
  }

  private func withBuffer(bytes: Int, _ body: (UnsafeMutableRawPointer) throws -> Void) rethrows {
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: 64)
    defer { buffer.deallocate() }
    try body(buffer)
  }
}

extension Converter.Report {
  fileprivate mutating func add(_ rounding: Converter.Rounding) {
    guard let index = roundings.firstIndex(where: { $0.dtype == rounding.dtype }) else {
      roundings.append(rounding)
      return
    }
    roundings[index].tensors += 1
    roundings[index].squaredError += rounding.squaredError
    roundings[index].squaredSize += rounding.squaredSize
  }
}

// What stands before the tensors.
extension Converter {
  private var tensors: [GGUFWriter.Tensor] {
    plan.items.flatMap { item in
      // A type without a number would have been refused by the plan.
      let codes = entry(item.name, item.shape, item.dtype, item.byteCount)
      guard let shape = item.scaleShape else { return [codes] }
      return [codes, entry(item.name + "_scale_inv", shape, .f32, shape.reduce(4, *))]
    }
  }

  private func entry(_ name: String, _ shape: [Int], _ dtype: DType, _ bytes: Int)
    -> GGUFWriter.Tensor
  {
    GGUFWriter.Tensor(
      name: name, dimensions: shape.isEmpty ? [1] : shape.reversed(),
      type: GGUFTensorType(dtype)?.number ?? 0, byteCount: bytes)
  }

  private func metadata() throws -> [(key: String, value: GGUFWriter.Value)] {
    let checkpoint = plan.checkpoint
    var metadata: [(key: String, value: GGUFWriter.Value)] = [
      ("general.architecture", .string(PackedModel.architecture)),
      ("general.name", .string(checkpoint.name)),
      (PackedModel.layoutKey, .u32(UInt32(PackedModel.layout))),
      (PackedModel.sourceKey, .string(checkpoint.fingerprint)),
      (PackedModel.configKey, .string(JSON.object(plan.config).text())),
    ]
    if GGUFFile.isGGUF(checkpoint.folder) {
      let source = try GGUFFile(path: checkpoint.folder).metadata
      for (key, value) in source.values.sorted(by: { $0.key < $1.key })
      where key.hasPrefix("tokenizer.") || key.hasPrefix(PackedModel.fileKey("")) {
        if let value = GGUFWriter.Value(value) { metadata.append((key, value)) }
      }
      return metadata
    }
    for name in PackedModel.fileNames {
      let path = checkpoint.path(of: name)
      guard FileBytes.exists(path) else { continue }
      guard let text = String(validating: try FileBytes.read(path), as: UTF8.self) else {
        throw InputError(path, expected: "UTF-8", found: "invalid UTF-8")
      }
      metadata.append((PackedModel.fileKey(name), .string(text)))
    }
    return metadata
  }
}

extension GGUFWriter.Value {
  /// nil for flags in arrays, which no tokenizer has.
  init?(_ value: GGUFValue) {
    switch value {
    case .integer(let x): self = UInt32(exactly: x).map { .u32($0) } ?? .u64(UInt64(max(0, x)))
    case .number(let x): self = .f32(Float(x))
    case .bool(let x): self = .bool(x)
    case .string(let x): self = .string(x)
    case .strings(let x): self = .strings(x)
    case .integers(let x): self = .i32s(x.map { Int32(clamping: $0) })
    case .numbers(let x): self = .f32s(x.map { Float($0) })
    case .bools: return nil
    }
  }
}

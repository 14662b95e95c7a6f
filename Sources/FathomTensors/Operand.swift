import CFathomKernels

/// The forms in which activations enter products with weights.
package struct Encoding: OptionSet, Sendable, BitwiseCopyable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// f32, or rounded and kept as f32.
  package static let floats = Encoding(rawValue: 1)
  /// bfloat16.
  package static let pairs = Encoding(rawValue: 2)
  /// 8 bits with a scale for each 32 columns.
  package static let codes = Encoding(rawValue: 4)

  package func union(_ other: Encoding) -> Encoding {
    Encoding(rawValue: rawValue | other.rawValue)
  }
}

/// Activations in the forms that the weights which read them ask for; made once, shared by all of these weights.
package struct Operand: BitwiseCopyable {
  package var rows: Rows
  /// bfloat16.
  package var pairs: UnsafeMutablePointer<UInt16>?
  package var codes: fk_codes

  package var count: Int { rows.count }
  package var width: Int { rows.width }

  package func rows(_ range: Range<Int>) -> Operand {
    taking(from: range.lowerBound, count: range.count, step: 1)
  }

  /// Rows `first`, `first + step`, …
  package func every(_ step: Int, from first: Int) -> Operand {
    taking(from: first, count: (count - first + step - 1) / step, step: step)
  }

  private func taking(from first: Int, count: Int, step: Int) -> Operand {
    var operand = self
    operand.rows = Rows(
      rows[first], count: count, width: rows.width, stride: rows.stride * step)
    operand.pairs = pairs.map { $0 + first * pairRowStride }
    operand.pairRowStride = pairRowStride * step
    operand.codes.rows = codes.rows.map { $0 + first * codes.stride }
    operand.codes.stride = codes.stride * step
    return operand
  }

  package private(set) var pairRowStride: Int

  package init(_ rows: Rows) {
    self.rows = rows
    codes = fk_codes(rows: nil, stride: 0, columns: rows.width)
    pairRowStride = (rows.width + 1) & ~1
  }
}

extension Compute {
  /// The form in which activations meet weights of this type.
  ///
  /// `auto` follows the weights: small integers meet 8 bits, bfloat16 and FP8 meet bfloat16, wider floats meet f32.
  package func encoding(for dtype: DType) -> Encoding {
    switch activations {
    case .f32: .floats
    case .auto where dtype.isQuantizedInteger, .int8 where dtype.isQuantizedInteger: .codes
    case .auto where dtype == .bf16 || dtype == .f8e4m3,
      .bf16 where dtype == .bf16 || dtype == .f8e4m3:
      .pairs
    default: .floats
    }
  }

  package func encoding(for w: MatrixView) -> Encoding { encoding(for: w.dtype) }

  /// `x` in the forms asked for.
  package func operand(_ x: Rows, _ encodings: Encoding, workspace: Workspace) -> Operand {
    let operand = room(for: x, encodings, workspace: workspace)
    each(x.count, cost: x.width) { row in
      encode(x, row: row, encodings, into: operand)
    }
    return operand
  }

  /// Room for rows in the forms asked for, to be filled by `encode`.
  package func room(for x: Rows, _ encodings: Encoding, workspace: Workspace) -> Operand {
    var operand = Operand(x)
    if encodings.contains(.floats), activations == .bf16 || activations == .int8 {
      operand.rows = workspace.take(x.count, width: x.width)
    }
    if encodings.contains(.pairs) {
      operand.pairs = workspace.take(UInt16.self, x.count * operand.pairRowStride)
    }
    if encodings.contains(.codes) {
      precondition(x.width % FK_CODE_GROUP == 0, "codes of rows of \(x.width)")
      operand.codes.stride = fk_codes_stride(x.width)
      operand.codes.rows = UnsafePointer(
        workspace.take(UInt8.self, x.count * operand.codes.stride))
    }
    return operand
  }

  /// Room for rows of an operand, one behind the other, in the forms asked for.
  package func room(forRowsOf x: Operand, count: Int, _ encodings: Encoding, workspace: Workspace)
    -> Operand
  {
    let floats = encodings.contains(.floats) ? workspace.take(count, width: x.width) : x.rows
    var operand = Operand(
      Rows(floats.pointer, count: count, width: x.width, stride: floats.stride))
    operand.codes.stride = x.codes.stride
    if x.pairs != nil {
      operand.pairs = workspace.take(UInt16.self, count * x.pairRowStride)
    }
    operand.codes.rows = x.codes.rows.map { _ in
      UnsafePointer(workspace.take(UInt8.self, count * x.codes.stride))
    }
    return operand
  }

  /// Copies one row of an operand in all forms asked for.
  package func copy(
    _ x: Operand, row from: Int, _ encodings: Encoding, to target: Operand, row: Int
  ) {
    if encodings.contains(.floats) {
      target.rows[row].update(from: x.rows[from], count: x.width)
    }
    if let to = target.pairs, let source = x.pairs {
      (to + row * x.pairRowStride).update(
        from: source + from * x.pairRowStride, count: x.width)
    }
    if let to = target.codes.rows, let source = x.codes.rows {
      (UnsafeMutablePointer(mutating: to) + row * x.codes.stride).update(
        from: source + from * x.codes.stride, count: x.codes.stride)
    }
  }

  /// Writes columns of one row of `x` in all forms that `operand` has room for.
  ///
  /// - Parameter columns: all of them, or such that a group of 128 lies on one side of each end.
  package func encode(
    _ x: Rows, row: Int, columns: Range<Int>? = nil, _ encodings: Encoding, into operand: Operand
  ) {
    let (begin, end) = (columns?.lowerBound ?? 0, columns?.upperBound ?? x.width)
    if encodings.contains(.floats), operand.rows.pointer != x.pointer {
      if activations == .bf16 {
        fk_round_bf16(operand.rows[row] + begin, x[row] + begin, end - begin)
      } else {
        fk_round_int8(operand.rows[row] + begin, x[row] + begin, end - begin)
      }
    }
    if let pairs = operand.pairs {
      kernels.pointee.encode_bf16(
        pairs + row * operand.pairRowStride + begin, x[row] + begin, end - begin)
    }
    if let codes = operand.codes.rows {
      kernels.pointee.encode_codes(
        UnsafeMutablePointer(mutating: codes) + row * operand.codes.stride, x[row], x.width, begin,
        end)
    }
  }
}

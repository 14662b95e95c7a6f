import FathomTensors

/// Names one parameter of a network in training.
package struct ParameterID: Hashable, Sendable {
  package let index: Int
}

/// A tensor that training knows: what the checkpoint calls it, its shape and how it is treated.
package struct Parameter: Sendable {
  /// What it is, which decides how it is initialised, rounded and optimised.
  package enum Role: String, Sendable {
    case embedding, head, norm, matrix, router, bias
    /// `e_score_correction_bias`: moved by the balance of loads, never by a gradient.
    case balance
    /// Low-rank factors beside a frozen matrix: `lora_A`, `lora_B`.
    case adapterDown, adapterUp
  }

  /// The official name, as in the checkpoint.
  package let name: String
  package let shape: [Int]
  package let role: Role
  package var isTrainable: Bool

  package var count: Int { shape.reduce(1, *) }
  package var rows: Int { shape.count > 1 ? shape[0] : 1 }
  package var columns: Int { shape.last ?? 1 }
}

/// The parameters of a network before they have memory.
package struct ParameterTable: Sendable {
  package private(set) var parameters: [Parameter] = []

  package init() {}

  package mutating func add(_ name: String, _ shape: [Int], _ role: Parameter.Role) -> ParameterID {
    parameters.append(
      Parameter(name: name, shape: shape, role: role, isTrainable: role != .balance))
    return ParameterID(index: parameters.count - 1)
  }

  package subscript(id: ParameterID) -> Parameter {
    get { parameters[id.index] }
    set { parameters[id.index] = newValue }
  }

  /// Decides for every parameter whether it trains.
  package mutating func train(where decide: (Parameter) -> Bool) {
    for index in parameters.indices {
      let parameter = parameters[index]
      parameters[index].isTrainable = parameter.role != .balance && decide(parameter)
    }
  }
}

/// Memory of all parameters, f32: master weights side by side, and gradients of those that train.
///
/// `@unchecked Sendable`: everything but the contents is constant; a step lends them to one thread, or to the pool in
/// pieces that do not overlap.
package final class ParameterStore: @unchecked Sendable {
  package let parameters: [Parameter]
  /// Values of all parameters, in the order of the table.
  package let values: UnsafeMutablePointer<Float>
  package let valueCount: Int
  /// Gradients of the trainable ones, in the same order.
  package let gradients: UnsafeMutablePointer<Float>
  package let gradientCount: Int

  private let offsets: [Int]
  private let gradientOffsets: [Int?]
  /// Parameters begin at multiples of this many floats.
  private static let alignment = 16

  package init(_ table: ParameterTable) {
    parameters = table.parameters
    var offsets: [Int] = []
    var gradientOffsets: [Int?] = []
    var (values, gradients) = (0, 0)
    for parameter in parameters {
      let room = (parameter.count + Self.alignment - 1) / Self.alignment * Self.alignment
      offsets.append(values)
      values += room
      gradientOffsets.append(parameter.isTrainable ? gradients : nil)
      if parameter.isTrainable { gradients += room }
    }
    self.offsets = offsets
    self.gradientOffsets = gradientOffsets
    valueCount = values
    gradientCount = gradients
    self.values = Self.memory(values)
    self.gradients = Self.memory(gradients)
  }

  /// The same values, none of which train.
  package func frozenCopy() -> ParameterStore {
    var table = ParameterTable()
    for parameter in parameters { _ = table.add(parameter.name, parameter.shape, parameter.role) }
    table.train { _ in false }
    let copy = ParameterStore(table)
    copy.values.update(from: values, count: valueCount)
    return copy
  }

  /// Moves all values a share of the way to another's of the same shape; 1 makes them the same.
  package func move(to other: ParameterStore, share: Double) {
    precondition(valueCount == other.valueCount, "\(other.valueCount) values for \(valueCount)")
    guard share < 1 else { return values.update(from: other.values, count: valueCount) }
    let share = Float(share)
    for index in 0..<valueCount { values[index] += share * (other.values[index] - values[index]) }
  }

  deinit {
    values.deallocate()
    gradients.deallocate()
  }

  /// Zeroed floats on a 64-byte boundary.
  package static func memory(_ count: Int) -> UnsafeMutablePointer<Float> {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
    let floats = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    floats.initialize(repeating: 0, count: max(count, 1))
    return floats
  }

  package subscript(id: ParameterID) -> Parameter { parameters[id.index] }

  package func value(_ id: ParameterID) -> Rows {
    let parameter = parameters[id.index]
    return Rows(values + offsets[id.index], count: parameter.rows, width: parameter.columns)
  }

  /// nil where the parameter is frozen.
  package func gradient(_ id: ParameterID) -> Rows? {
    let parameter = parameters[id.index]
    return gradientOffsets[id.index].map {
      Rows(gradients + $0, count: parameter.rows, width: parameter.columns)
    }
  }

  /// Where a parameter's gradient, and all that optimisers keep for it, begins; nil where it is frozen.
  package func gradientOffset(_ id: ParameterID) -> Int? { gradientOffsets[id.index] }

  package var ids: [ParameterID] { parameters.indices.map(ParameterID.init(index:)) }

  package func clearGradients() { gradients.update(repeating: 0, count: gradientCount) }
}

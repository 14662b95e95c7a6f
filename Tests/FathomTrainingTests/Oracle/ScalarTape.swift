import Foundation

/// Automatic differentiation in f64, one scalar after the other: slow, short and hard to get wrong.
final class ScalarTape {
  fileprivate struct Node {
    var left: Int32
    var leftSlope: Double
    var right: Int32
    var rightSlope: Double
  }

  fileprivate var values: [Double] = []
  fileprivate var nodes: [Node] = []

  func variable(_ value: Double) -> Scalar {
    record(value, Node(left: -1, leftSlope: 0, right: -1, rightSlope: 0))
  }

  fileprivate func record(_ value: Double, _ node: Node) -> Scalar {
    values.append(value)
    nodes.append(node)
    return Scalar(tape: self, index: values.count - 1)
  }

  /// The derivative of `result` by every scalar.
  func gradients(of result: Scalar) -> [Double] {
    var gradients = [Double](repeating: 0, count: values.count)
    gradients[result.index] = 1
    for index in nodes.indices.reversed() where gradients[index] != 0 {
      let node = nodes[index]
      if node.left >= 0 { gradients[Int(node.left)] += node.leftSlope * gradients[index] }
      if node.right >= 0 { gradients[Int(node.right)] += node.rightSlope * gradients[index] }
    }
    return gradients
  }
}

struct Scalar {
  let tape: ScalarTape
  let index: Int

  var value: Double { tape.values[index] }

  fileprivate func unary(_ value: Double, _ slope: Double) -> Scalar {
    tape.record(
      value, .init(left: Int32(index), leftSlope: slope, right: -1, rightSlope: 0))
  }

  private static func binary(
    _ x: Scalar, _ y: Scalar, _ value: Double, _ left: Double, _ right: Double
  ) -> Scalar {
    x.tape.record(
      value,
      .init(
        left: Int32(x.index), leftSlope: left, right: Int32(y.index), rightSlope: right))
  }

  static func + (x: Scalar, y: Scalar) -> Scalar { binary(x, y, x.value + y.value, 1, 1) }
  static func - (x: Scalar, y: Scalar) -> Scalar { binary(x, y, x.value - y.value, 1, -1) }
  static func * (x: Scalar, y: Scalar) -> Scalar {
    binary(x, y, x.value * y.value, y.value, x.value)
  }
  static func / (x: Scalar, y: Scalar) -> Scalar {
    binary(x, y, x.value / y.value, 1 / y.value, -x.value / (y.value * y.value))
  }
  static func * (x: Scalar, y: Double) -> Scalar { x.unary(x.value * y, y) }
  static func + (x: Scalar, y: Double) -> Scalar { x.unary(x.value + y, 1) }

  var exponential: Scalar { unary(exp(value), exp(value)) }
  var logarithm: Scalar { unary(log(value), 1 / value) }
  var squareRoot: Scalar { unary(value.squareRoot(), 0.5 / value.squareRoot()) }
  var logistic: Scalar {
    let y = 1 / (1 + exp(-value))
    return unary(y, y * (1 - y))
  }

  func clamped(_ low: Double, _ high: Double) -> Scalar {
    value < low || value > high ? unary(min(max(value, low), high), 0) : self
  }
}

typealias Vector = [Scalar]

func sum(_ terms: [Scalar]) -> Scalar {
  var total = terms[0]
  for term in terms.dropFirst() { total = total + term }
  return total
}

func dot(_ x: Vector, _ y: Vector) -> Scalar { sum(zip(x, y).map { $0 * $1 }) }

func softmax(_ x: Vector) -> Vector {
  let largest = x.map(\.value).max() ?? 0
  let e = x.map { ($0 + -largest).exponential }
  let total = sum(e)
  return e.map { $0 / total }
}

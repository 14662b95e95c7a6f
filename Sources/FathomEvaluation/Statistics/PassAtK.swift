/// The chance that at least one of k samples is right.
public enum PassAtK {
  /// The unbiased estimate from `n` samples of which `correct` are right: 1 − C(n−c, k) / C(n, k), as a product that neither
  /// overflows nor cancels.
  ///
  /// Source: Chen et al. 2021, arXiv 2107.03374, equation 1 and figure 3.
  ///
  /// - Parameters:
  ///   - n: at least `k`.
  ///   - k: at least 1.
  public static func estimate(n: Int, correct: Int, k: Int) -> Double {
    precondition(
      (1...max(1, n)).contains(k) && (0...n).contains(correct), "\(correct) of \(n), \(k)")
    guard n - correct >= k else { return 1 }
    var noneRight = 1.0
    for i in (n - correct + 1)..<(n + 1) { noneRight *= 1 - Double(k) / Double(i) }
    return 1 - noneRight
  }
}

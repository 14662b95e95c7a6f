import CFathomKernels
import FathomTraining

/// How far a student's distribution is from its teacher's, over the whole vocabulary: `KL(p ‖ q) = Σ_k p_k (log p_k − log q_k)`.
///
/// With p the student's and q the teacher's softmax of logits / temperature. The gradient by the student's logits is
/// `weight · p_k (log p_k − log q_k − KL) / temperature`; no sample of the next token takes part, so nothing but the text before it is
/// left to chance.
///
/// Source: GKD (arXiv 2306.13649) §3, MiniLLM (arXiv 2306.08543) §2.1 for the direction.
struct DistillationObjective: TokenObjective {
  let teacher: TeacherLogits
  let seen: TokenRecords

  func loss(
    _ token: Int, of batch: TrainingBatch, logits: UnsafeMutablePointer<Float>, width: Int,
    scale: Float, kernels: ft_kernels
  ) -> Float {
    let weight = batch.weights[token] * scale
    teacher.temper(logits)
    var entropy: Float = 0
    let divergence = kernels.reverse_kl(
      logits, teacher.row(of: token), width, weight / teacher.temperature, &entropy)
    seen.values[token] = TokenRecord(entropy: Double(entropy), divergence: Double(divergence))
    return weight * divergence
  }
}

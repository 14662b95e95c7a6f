/// R1's pipeline, from the base to the built-in model: imitation, rewards, imitation of what rewards found, and rewards again; and its distillation into
/// a smaller one. A stage goes on from another with `-o base_model=`.
extension Presets {
  /// The families that have something left to learn, and a little of what must not be forgotten.
  private static let reasoned = """
    tasks:
      - {family: mapping-short, weight: 1}
      - {family: mapping, weight: 3}
      - {family: mapping-wide, weight: 3}
      - {family: words, weight: 2}
      - {family: tables, weight: 2}
      - {family: countdown, weight: 1}
      - {family: talk, weight: 1}
      - {family: mapping-repair, weight: 0.5}
    """

  private static let imitation = """
    sequence_len: 512
    micro_batch_size: 8
    gradient_accumulation_steps: 2
    learning_rate: 0.0004
    lr_scheduler: linear
    warmup_steps: 20
    min_lr_ratio: 0.03
    weight_decay: 0.05
    mtp_rows: 0.5
    save_steps: 50
    seed: 1
    """

  /// Imitation of the solutions that the families come with.
  static let coldStart = """
    base_model: built-in-base
    \(reasoned)
    max_steps: 200
    output_dir: runs/cold-start
    \(imitation)
    """

  /// Rewards for right answers; on the base itself, without the stage before, the way of R1-Zero.
  static let reinforce = """
    base_model: built-in-base
    \(reasoned)
    num_generations: 8
    generation_batch_size: 128
    curriculum: true
    max_completion_length: 320
    sequence_len: 768
    micro_batch_size: 8
    learning_rate: 0.00004
    warmup_steps: 10
    max_grad_norm: 0.5
    max_steps: 200
    eval_steps: 100
    save_steps: 10
    output_dir: runs/reinforce
    seed: 1
    """

  /// Imitation of the reinforced model's own verified answers.
  static let rejection = """
    base_model: runs/reinforce/step_200
    datasets: [{path: runs/verified.jsonl}]
    num_epochs: 1
    output_dir: runs/rejection
    \(imitation)
    """

  /// What `pico` learns from the built-in model, once it can speak.
  static let distill = """
    base_model: runs/pico/step_4000
    teacher_model: built-in
    \(reasoned)
    generation_batch_size: 128
    lmbda: 0.5
    mask_truncated_completions: true
    max_completion_length: 320
    sequence_len: 768
    micro_batch_size: 8
    learning_rate: 0.0004
    lr_scheduler: linear
    warmup_steps: 20
    min_lr_ratio: 0.03
    weight_decay: 0
    max_steps: 300
    eval_steps: 100
    save_steps: 25
    output_dir: runs/distill
    seed: 1
    """
}

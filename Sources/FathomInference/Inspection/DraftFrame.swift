/// What the MTP module had guessed for one place of the answer.
package struct DraftFrame: Sendable, Equatable {
  /// The number in the answer of the token that the guess was about.
  package var index: Int
  /// With the module's own probability.
  package var drafted: TokenProbability
  /// What was picked.
  package var picked: Int32

  package var isAccepted: Bool { drafted.token == picked }
}

import FathomCore

/// One place where the output of a program isn't the expected one. Its description is a line for a repair prompt:
/// `o2: got EJYT, want ejyt`.
public struct MappingDifference: Sendable, Equatable {
  public let path: MappingPath
  /// What the program gave; `nil` for nothing.
  public let got: JSON?
  /// What was expected; `nil` for nothing.
  public let want: JSON?
  /// Why there is no value, if the statement failed.
  public let failure: InputError?

  public init(path: MappingPath, got: JSON?, want: JSON?, failure: InputError? = nil) {
    self.path = path
    self.got = got
    self.want = want
    self.failure = failure
  }
}

extension MappingDifference: CustomStringConvertible {
  public var description: String {
    let wanted = want.map(Self.shown) ?? "nothing"
    if let failure {
      return "\(path): expected \(failure.expectation), found \(failure.finding), want \(wanted)"
    }
    guard let got else { return "\(path): missing, want \(wanted)" }
    return "\(path): got \(Self.shown(got)), want \(wanted)"
  }

  private static func shown(_ value: JSON) -> String {
    guard case .string(let text) = value else { return value.text() }
    return MappingWord.isName(text) && MappingWord(rawValue: text) == nil ? text : value.text()
  }
}

extension MappingProgram {
  /// What is wrong with its output for an input record, one difference for each output value, in the order of the
  /// expected record. Empty if nothing is. A statement that fails doesn't hide what the others do.
  public func differences(
    from expected: JSON, on input: JSON, limits: MappingLimits = .standard
  ) -> [MappingDifference] {
    do {
      try check(limits: limits)
    } catch let error as InputError {
      return [
        MappingDifference(
          path: MappingPath(label: "program"), got: nil, want: expected, failure: error)
      ]
    } catch {
      return []
    }
    var machine = MappingMachine(input: input, limits: limits)
    var targets = MappingTargets()
    var failures: [MappingPath: InputError] = [:]
    for statement in statements {
      do {
        guard let value = try machine.value(of: statement) else { continue }
        _ = targets.insert(value, at: statement.target)
      } catch let error as InputError {
        failures[statement.target] = error
      } catch {}
    }
    do {
      return Self.differences(
        got: try MappingPath.leaves(of: targets.record, limits: limits),
        want: try MappingPath.leaves(of: expected, limits: limits), failures)
    } catch {
      let failure = error as? InputError
      return [
        MappingDifference(
          path: MappingPath(label: "program"), got: nil, want: nil, failure: failure)
      ]
    }
  }

  private static func differences(
    got: [MappingLeaf], want: [MappingLeaf], _ failures: [MappingPath: InputError]
  ) -> [MappingDifference] {
    // A record without values is an empty object, which is no value of its own.
    func isNothing(_ leaf: MappingLeaf) -> Bool {
      leaf.path.steps.isEmpty && leaf.value == .object(JSONObject())
    }
    var rest = Dictionary(got.filter { !isNothing($0) }.map { ($0.path, $0.value) }) { first, _ in
      first
    }
    var failures = failures
    var differences: [MappingDifference] = []
    for leaf in want where !isNothing(leaf) {
      let value = rest.removeValue(forKey: leaf.path)
      if JSON.sameValue(value, leaf.value) { continue }
      differences.append(
        MappingDifference(
          path: leaf.path, got: value, want: leaf.value,
          failure: failures.removeValue(forKey: leaf.path)))
    }
    for leaf in got where rest[leaf.path] != nil {
      differences.append(MappingDifference(path: leaf.path, got: leaf.value, want: nil))
    }
    for (path, failure) in failures.sorted(by: { $0.key.description < $1.key.description }) {
      differences.append(MappingDifference(path: path, got: nil, want: nil, failure: failure))
    }
    return differences
  }
}

import FathomCore

extension FlatRecordSet {
  /// The program that a model wrote in labels, with real paths, its open constants and tables taken from the examples.
  ///
  /// - Throws: `InputError` for text that is no program, labels that aren't in the rows, and what `completed(by:)` and
  ///   `check` refuse.
  public func program(from answer: String, limits: MappingLimits = .standard) throws
    -> MappingProgram
  {
    try program(from: MappingProgram(parsing: answer, limits: limits), limits: limits)
  }

  /// The same for a program that is read already.
  public func program(from labels: MappingProgram, limits: MappingLimits = .standard) throws
    -> MappingProgram
  {
    let program = try withPaths(labels).completed(by: examples, limits: limits)
    try program.check(limits: limits)
    return program
  }

  /// A program with paths in place of labels.
  func withPaths(_ program: MappingProgram) throws -> MappingProgram {
    MappingProgram(
      try program.statements.map { statement in
        guard statement.target.isLabel("o"), let target = path(of: statement.target) else {
          throw InputError(
            statement.errorPlace(), expected: "one of the outputs o1 to o\(outputs.count)",
            found: "\(statement.target)")
        }
        let expression = try statement.expression.mapSources { source in
          guard source.isLabel("f"), let path = path(of: source) else {
            throw InputError(
              statement.errorPlace(source: source),
              expected: "one of the inputs f1 to f\(inputs.count)", found: "\(source)")
          }
          return path
        }
        return MappingProgram.Statement(target, expression, at: statement.place)
      })
  }

  /// A program in labels for one in paths.
  ///
  /// - Throws: `InputError` for paths that no row has.
  public func labelled(_ program: MappingProgram) throws -> MappingProgram {
    MappingProgram(
      try program.statements.map { statement in
        guard let row = outputs.first(where: { $0.path == statement.target }) else {
          throw InputError(
            statement.errorPlace(), expected: "a value of the output records",
            found: "\(statement.target)")
        }
        let expression = try statement.expression.mapSources { source in
          guard let label = label(ofInput: source) else {
            throw InputError(
              statement.errorPlace(source: source), expected: "a value of the input records",
              found: "\(source)")
          }
          return label
        }
        return MappingProgram.Statement(MappingPath(label: row.label), expression)
      })
  }

  /// How a program in labels makes the first output record, in the order in which a model should think: the wanted
  /// value, the values it comes from, the operator. `o1 qe < qe _ wu f4 first ; o3 * no < const`
  public func trace(of program: MappingProgram) -> String {
    program.statements.map(trace).joined(separator: " ; ")
  }

  func trace(of statement: MappingProgram.Statement) -> String {
    let wanted = outputs.first { $0.label == statement.target.description }?.values.first ?? nil
    let made = statement.expression.written { source in
      guard let row = inputs.first(where: { $0.label == source.description }) else {
        return source.description
      }
      return "\(Self.spelled(row.values.first ?? nil)) \(row.label)"
    }
    return "\(statement.target) \(Self.spelled(wanted)) < \(made)"
  }

  /// What is wrong with a program in labels, one line for each output that isn't right, values spelled for the model:
  /// `o2 got ^ ej yt want ej yt`, `o3 missing want a b`, `o4 error want a b`.
  public func failures(of program: MappingProgram, limits: MappingLimits = .standard) -> [String] {
    var lines: [String] = []
    for row in outputs {
      let statements = program.statements.filter { $0.target.description == row.label }
      guard let statement = statements.first else {
        lines.append("\(row.label) missing want \(Self.spelled(row.values.first ?? nil))")
        continue
      }
      if let line = failure(of: statement, row, limits) { lines.append(line) }
    }
    for statement in program.statements
    where !outputs.contains(where: { $0.label == statement.target.description }) {
      lines.append("\(statement.target) unknown")
    }
    return lines
  }

  /// What a model is asked to repair a program of its own: the rows, the program, what is wrong with it.
  public func repairPrompt(for program: MappingProgram, limits: MappingLimits = .standard) -> String
  {
    let failures = failures(of: program, limits: limits).joined(separator: " ; ")
    return "\(prompt) try \(program.line) fail \(failures)"
  }

  private func failure(
    of statement: MappingProgram.Statement, _ row: Row, _ limits: MappingLimits
  ) -> String? {
    do {
      let single = try self.program(from: MappingProgram([statement]), limits: limits)
      for (example, want) in zip(examples, row.values) {
        let got: JSON?
        do {
          got = row.path.value(in: try single.run(on: example.input, limits: limits))
        } catch {
          return "\(row.label) error want \(Self.spelled(want))"
        }
        if !JSON.sameValue(got, want) {
          return "\(row.label) got \(Self.spelled(got)) want \(Self.spelled(want))"
        }
      }
      return nil
    } catch {
      return "\(row.label) error want \(Self.spelled(row.values.first ?? nil))"
    }
  }
}

extension MappingPath {
  /// Whether it is a label such as `f12`.
  fileprivate func isLabel(_ letter: Character) -> Bool {
    guard steps.count == 1, case .key(let key) = steps[0] else { return false }
    return key.first == letter
  }
}

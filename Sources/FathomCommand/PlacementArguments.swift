import ArgumentParser
import Fathom

/// Where the weights are while a model runs.
struct PlacementArguments: ParsableArguments {
  @Flag(
    help:
      "Run from the mapped files and copy nothing: slower, but for models near or beyond memory.")
  var mmap = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Most memory for weights, such as 12GB; the rest stays mapped. (default: all of them if they fit)",
      valueName: "size"))
  var memoryBudget: ByteSize?

  var placement: WeightPlacement {
    mmap ? .mapped : .resident(budget: memoryBudget?.bytes)
  }

  /// Opens a model to talk to. The built-in one is too small for its weights to be worth moving.
  func open(_ path: String, format: String?) throws -> LanguageModel {
    let stays = memoryBudget == nil && BuiltInModel.name(of: path) != nil
    return try LanguageModel(path: path, format: format, placement: stays ? .mapped : placement)
  }

  mutating func validate() throws {
    guard !mmap || memoryBudget == nil else {
      throw InputError(
        "arguments", expected: "one of --mmap and --memory-budget", found: "both")
    }
  }
}

/// `12GB`, `800MiB` or a plain number of bytes.
struct ByteSize: ExpressibleByArgument {
  let bytes: Int

  private static let units: [(suffix: String, bytes: Double)] = [
    ("KiB", 0x1p10), ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40), ("KB", 1e3), ("MB", 1e6),
    ("GB", 1e9), ("TB", 1e12), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("B", 1), ("", 1),
  ]

  init?(argument: String) {
    for unit in Self.units where argument.lowercased().hasSuffix(unit.suffix.lowercased()) {
      guard let number = Double(argument.dropLast(unit.suffix.count)), number >= 0,
        number * unit.bytes < 0x1p62
      else { continue }
      bytes = Int(number * unit.bytes)
      return
    }
    return nil
  }
}

import FathomCore
import FathomModels
import Foundation

/// The small model that this project trained, which comes with the package, and the one that it was before reinforcement learning.
///
/// Their weights are resources of this target.
public enum BuiltInModel {
  /// What stands for it where a model is named.
  public static let name = "built-in"

  /// What stands for the pretrained model that it was made from.
  public static let baseName = "built-in-base"

  /// What to ask it first.
  public static let prompts = [
    "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?",
    "Numbers: 3 5 9. Target: 24.",
    "What can you do?",
  ]

  package static let bundleName = ResourceFolder.name(of: "FathomInference")

  /// Whether this build has it, where it can be found.
  public static var isThere: Bool { (try? folder()) != nil }

  private static let folders = [name: "model", baseName: "base"]

  /// The name of the model whose folder a path is; nil if it is neither's.
  public static func name(of path: String) -> String? {
    folders.first { path.hasSuffix("/\(bundleName)/\($0.value)") }?.key
  }

  /// The folder of its checkpoint.
  ///
  /// - Throws: `InputError` that says what to do if the program was moved without its resources, or was built from sources
  ///   without weights.
  public static func folder() throws -> String { try folder("model", in: ResourceFolder.places) }

  /// The folder of the checkpoint that a name stands for; nil if it stands for none.
  ///
  /// - Throws: `InputError` as ``folder()`` does.
  public static func folder(named name: String) throws -> String? {
    try folders[name].map { try folder($0, in: ResourceFolder.places) }
  }

  /// A checkpoint in the first of the places that has the resources of this target.
  package static func folder(_ folder: String, in places: [URL]) throws -> String {
    let folders = places.map { $0.appending(path: bundleName).appending(path: folder).path }
    guard let folder = folders.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw InputError(
        "built-in model", expected: "the folder that a build puts beside the program, copied along",
        found: "no \(bundleName) in \(places.first?.path ?? "any place")")
    }
    guard FileManager.default.fileExists(atPath: folder + "/model.safetensors") else {
      throw InputError(
        "built-in model", expected: "a build from sources that hold its weights",
        found: "a build without a built-in model")
    }
    return folder
  }
}

extension LanguageModel {
  /// The built-in model: reasons over word problems, small tables, countdown and mapping programs, and no more.
  ///
  /// ```swift
  /// let model = try LanguageModel.builtIn()
  /// for try await event in model.respond(to: [.user("Ana has 47 apples and buys 35 more. How many now?")]) {
  ///   if case .content(let text) = event { print(text, terminator: "") }
  /// }
  /// ```
  ///
  /// Its weights are a few megabytes and stay in the mapped file.
  ///
  /// - Throws: `InputError` if this build has none, or if the program was moved without its resources.
  public static func builtIn() throws -> LanguageModel {
    try LanguageModel(path: BuiltInModel.folder(), placement: .mapped)
  }
}

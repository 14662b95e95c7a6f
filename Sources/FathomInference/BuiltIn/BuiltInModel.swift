import FathomCore
import FathomModels
import Foundation

/// The small model that this project trained, which comes with the package.
///
/// Its weights are a resource of this target. `Bundle.module` would end the program where they are missing, so they
/// are looked for here: a program that was copied without them says so and goes on.
public enum BuiltInModel {
  /// What stands for it where a model is named.
  public static let name = "built-in"

  /// What SwiftPM calls the folder of this target's resources.
  package static let bundleName: String = {
    #if canImport(Darwin)
      "fathom_FathomInference.bundle"
    #else
      "fathom_FathomInference.resources"
    #endif
  }()

  /// Whether this build has it, where it can be found.
  public static var isThere: Bool { (try? folder()) != nil }

  /// Whether a path is that of its folder.
  public static func isBuiltIn(_ path: String) -> Bool { path.hasSuffix("/\(bundleName)/model") }

  /// The folder of its checkpoint.
  ///
  /// - Throws: `InputError` that says what to do if the program was moved without its resources, or was built from sources
  ///   without weights.
  public static func folder() throws -> String { try folder(in: places) }

  /// The checkpoint in the first of the places that has the resources of this target.
  package static func folder(in places: [URL]) throws -> String {
    let folders = places.map { $0.appending(path: bundleName).appending(path: "model").path }
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

  /// Beside the program, in `share/fathom` of the prefix that it is installed in, and where bundles of apps and tests
  /// keep their resources.
  private static var places: [URL] {
    var places: [URL] = []
    // A link to the program may stand in another folder.
    if let program = Bundle.main.executableURL?.resolvingSymlinksInPath() {
      let folder = program.deletingLastPathComponent()
      places = [folder, folder.deletingLastPathComponent().appending(path: "share/fathom")]
    }
    places += [Bundle.main.resourceURL, Bundle.main.bundleURL].compactMap { $0 }
    #if canImport(Darwin)
      let own = Bundle(for: BundleMarker.self)
      places += [own.resourceURL, own.bundleURL.deletingLastPathComponent()].compactMap { $0 }
    #endif
    return places
  }
}

#if canImport(Darwin)
  private final class BundleMarker {}
#endif

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

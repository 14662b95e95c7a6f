import Foundation

/// Finds the files that come with a target.
///
/// `Bundle.module` would end the program where they are missing, so they are looked for here: a program that was copied
/// without them says so and goes on.
package enum ResourceFolder {
  /// What SwiftPM calls the folder of a target's resources.
  package static func name(of target: String) -> String {
    #if canImport(Darwin)
      "fathom_\(target).bundle"
    #else
      "fathom_\(target).resources"
    #endif
  }

  /// - Throws: `InputError` if the program was moved without its resources.
  package static func of(target: String) throws -> String {
    let candidates = places.map { $0.appending(path: name(of: target)).path }
    guard let folder = candidates.first(where: { FileManager.default.fileExists(atPath: $0) })
    else {
      throw InputError(
        "resources of the program", expected: "\(name(of: target)) beside it, copied along",
        found: "none in \(places.first?.path ?? "any place")")
    }
    return folder
  }

  /// Beside the program, in `share/fathom` of the prefix that it is installed in, and where bundles of apps and tests
  /// keep their resources.
  package static var places: [URL] {
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

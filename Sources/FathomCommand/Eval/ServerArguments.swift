import ArgumentParser
import Fathom
import Foundation

/// A server whose model answers in the place of one in this process.
struct ServerArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The root of an OpenAI-compatible API that answers instead; --model is then the server's name for it.",
      valueName: "url"))
  var url: String?

  @Option(
    help: ArgumentHelp(
      "The server's key. Others can see it in the list of processes.", valueName: "key"))
  var apiKey: String?

  @Option(help: ArgumentHelp("File with the server's key.", valueName: "file"))
  var apiKeyFile: String?

  /// The server's model; nil where no server was named.
  ///
  /// - Parameter name: as the server calls it; nil takes its only or first one.
  /// - Throws: `InputError` for a key without a server, an address that is none, and a server that doesn't tell its models.
  func model(named name: String?) throws -> ServerModel? {
    guard let url else {
      guard apiKey == nil, apiKeyFile == nil else {
        throw InputError(
          "options --api-key and --api-key-file", expected: "--url beside them", found: "none")
      }
      return nil
    }
    let key = try apiKeyFile.map {
      String(decoding: try FileBytes.read($0, limit: 1 << 16), as: UTF8.self)
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let secret = key ?? apiKey
    let known =
      try name ?? Waiting.forResult { try await ServerModel.firstModel(url: url, apiKey: secret) }
    return try ServerModel(url: url, model: known, apiKey: secret)
  }
}

import FathomCore

/// How a server is reached, and how much it lets in.
public struct ServerOptions: Sendable {
  public var host = "127.0.0.1"
  public var port = 8080
  /// Any of these opens all routes but `/health`; none is needed on a loopback address.
  public var apiKeys: [String] = []
  /// Names in `Host` that are answered besides addresses and names of this machine.
  public var allowedHosts: [String] = []
  /// Other origins whose pages may use the API.
  public var allowedOrigins: [String] = []
  /// What `/v1/models` calls the model.
  public var modelName: String
  /// Files of a certificate chain and its key, PEM; nil speaks plain HTTP.
  public var certificate: (chain: String, key: String)?
  public var connections = 4096
  public var headerBytes = 64 << 10
  public var bodyBytes = 32 << 20
  /// For all headers of a request, for its body, and between requests.
  public var headerSeconds = 10
  public var bodySeconds = 60
  public var idleSeconds = 75
  /// For a client to take something of what was sent.
  public var writeSeconds = 30
  /// From a request to the end of its answer.
  public var answerSeconds = 3600
  /// How long answers may go on once the server is asked to stop.
  public var drainSeconds = 20
  /// Between signs of life while nothing else is sent.
  public var keepAliveSeconds = 5
  /// Where names of metrics begin.
  public var metricsPrefix = "fathom"
  /// Sends `reasoning` beside `reasoning_content`.
  public var sendsReasoningAlias = false

  public init(modelName: String) { self.modelName = modelName }

  /// Whether only this machine can reach the address.
  public var isLoopback: Bool {
    host == "localhost" || host == "::1" || Self.isLoopback(host)
  }

  /// Whether a host is an address 127.x.y.z. A name that only begins like one is somebody's domain.
  static func isLoopback(_ host: some StringProtocol) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127"
      && parts.allSatisfy { part in
        part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part) != nil
      }
  }

  /// - Throws: `InputError` for options that would leave a door open or make no sense.
  public func validate() throws {
    guard isLoopback || !apiKeys.isEmpty else {
      throw InputError(
        "option --host", expected: "a key (--api-key-file) for an address that others can reach",
        found: "\(host) without a key")
    }
    guard (0...65535).contains(port) else {
      throw InputError("option --port", expected: "0 to 65535", found: "\(port)")
    }
    for key in apiKeys where key.utf8.count < 8 || key.contains(where: \.isWhitespace) {
      throw InputError(
        "option --api-key", expected: "at least 8 characters without spaces",
        found: "\(key.utf8.count) characters")
    }
  }
}

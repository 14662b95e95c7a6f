import FathomCore
import FathomInference
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An HTTP server for one model: DeepSeek's, OpenAI's and Anthropic's APIs, and a page to talk on.
public struct Server: Sendable {
  private let service: Service
  private let options: ServerOptions
  private let logger: Logger

  /// - Throws: `InputError` for options that do not fit, or files that are missing.
  public init(engine: Engine, options: ServerOptions, logger: Logger) throws {
    try options.validate()
    self.options = options
    self.logger = logger
    service = Service(engine: engine, options: options, page: try PageFiles())
  }

  /// Serves until the task's service group is asked to stop; then answers go on for a while, and the engine ends.
  ///
  /// - Parameter onReady: called with the port once requests are taken.
  public func run(onReady: @escaping @Sendable (Int) -> Void) async throws {
    let configuration = ApplicationConfiguration(
      address: .hostname(options.host, port: options.port), serverName: "fathom",
      backlog: 1024,
      availableConnectionsDelegate: MaximumAvailableConnections(
        Descriptors.connections(atMost: options.connections)))
    let application = Application(
      responder: Door(service), server: try transport(), configuration: configuration,
      onServerRunning: { channel in onReady(channel.localAddress?.port ?? 0) }, logger: logger)
    var stopping = ServiceGroupConfiguration(
      services: [
        .init(service: application),
        // What stands last is asked to stop first.
        .init(service: Drain(service: service)),
      ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    // Clients that neither read nor leave are not waited for.
    stopping.maximumGracefulShutdownDuration = .seconds(options.drainSeconds + 3)
    do {
      try await ServiceGroup(configuration: stopping).run()
    } catch is CancellationError {}
  }

  private func transport() throws -> HTTPServerBuilder {
    let seconds = options.headerSeconds
    let http = HTTPServerBuilder.http1(
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [
          ConnectionWatch(headerSeconds: seconds, writeSeconds: options.writeSeconds)
        ],
        idleTimeout: .seconds(Int64(options.idleSeconds)),
        httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
          maxHeaderFieldSize: 4 * options.headerBytes, maxHeaderListSize: 4 * options.headerBytes,
          maxHeaderFieldCount: 1000)))
    guard let certificate = options.certificate else { return http }
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(certificate.chain).map {
        NIOSSLCertificateSource.certificate($0)
      }
      let key = try NIOSSLPrivateKey(file: certificate.key, format: .pem)
      return try .tls(
        http,
        tlsConfiguration: .makeServerConfiguration(
          certificateChain: chain, privateKey: .privateKey(key)))
    } catch {
      throw InputError(
        "options --tls-cert and --tls-key", expected: "a certificate chain and its key, PEM",
        found: "\(error)")
    }
  }
}

/// Lets answers that have begun come to their end, for a while, when the server is asked to stop; new requests are refused.
private struct Drain: ServiceLifecycle.Service {
  let service: Service

  func run() async throws {
    try await gracefulShutdown()
    service.isDraining.store(true, ordering: .relaxed)
    // A second signal ends the process as it would have without us.
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
    let end = ContinuousClock.now + .seconds(service.options.drainSeconds)
    var idleSince = ContinuousClock.now
    // A request that just came through the door has a moment to reach the engine.
    while ContinuousClock.now < end, ContinuousClock.now - idleSince < .milliseconds(200) {
      let statistics = service.engine.statistics
      if !statistics.slots.isEmpty || statistics.waiting > 0 || statistics.reading > 0
        || service.inspector.isBusy
      {
        idleSince = .now
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    service.inspector.stop()
    service.engine.stop()
  }
}

/// As many connections as there are file descriptors for: accepting more would only fail.
enum Descriptors {
  /// Raises the process's limit as far as it may, and says how many connections fit.
  static func connections(atMost wanted: Int) -> Int {
    var limits = rlimit()
    #if canImport(Darwin)
      let resource = RLIMIT_NOFILE
    #else
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #endif
    guard getrlimit(resource, &limits) == 0 else { return wanted }
    let needed = rlim_t(wanted + reserved)
    if limits.rlim_cur < needed {
      limits.rlim_cur = min(needed, limits.rlim_max)
      setrlimit(resource, &limits)
      getrlimit(resource, &limits)
    }
    return max(1, min(wanted, Int(clamping: limits.rlim_cur) - reserved))
  }

  /// For weights, cache files, logs and the page.
  private static let reserved = 48
}

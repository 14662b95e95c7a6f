import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Watches one connection: ends it if its first request takes too long to come, and notices when the client hangs up, also
/// while nobody reads.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias OutboundOut = HTTPResponsePart

  let hangUp = HangUp()
  private let limit: TimeAmount
  private var timer: Scheduled<Void>?

  init(headerSeconds: Int) { limit = .seconds(Int64(headerSeconds)) }

  func handlerAdded(context: ChannelHandlerContext) {
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: limit) {
      let context = bound.value
      let head = HTTPResponse(
        status: .requestTimeout, headerFields: [.connection: "close", .contentLength: "0"])
      context.write(NIOAny(HTTPResponsePart.head(head)), promise: nil)
      context.writeAndFlush(NIOAny(HTTPResponsePart.end(nil)), promise: nil)
      context.close(promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { stop() }

  func channelInactive(context: ChannelHandlerContext) {
    stop()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { stop() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    timer?.cancel()
    timer = nil
    context.fireChannelRead(data)
  }

  private func stop() {
    timer?.cancel()
    timer = nil
    hangUp.happen()
  }
}

/// Tells those who wait for it that a client is gone.
final class HangUp: Sendable {
  private struct State {
    var hasHappened = false
    var actions: [Int: @Sendable () -> Void] = [:]
    var next = 0
  }
  private let state = Mutex(State())

  /// Runs an action when the client hangs up; at once if it has.
  ///
  /// - Returns: what `forget` takes.
  func whenItHappens(_ action: @escaping @Sendable () -> Void) -> Int? {
    let place: Int? = state.withLock {
      guard !$0.hasHappened else { return nil }
      $0.next += 1
      $0.actions[$0.next] = action
      return $0.next
    }
    if place == nil { action() }
    return place
  }

  func forget(_ place: Int?) {
    guard let place else { return }
    state.withLock { $0.actions[place] = nil }
  }

  func happen() {
    let actions = state.withLock { state in
      state.hasHappened = true
      defer { state.actions = [:] }
      return Array(state.actions.values)
    }
    for action in actions { action() }
  }
}

/// What a request came with: Hummingbird's own, and the connection.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  private let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }

  /// Where to learn that the client is gone.
  func hangUp() async throws -> HangUp {
    let channel = channel
    return try await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: ConnectionWatch.self).hangUp
    }.get()
  }
}

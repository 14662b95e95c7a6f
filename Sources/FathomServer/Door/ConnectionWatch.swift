import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Watches one connection: ends it if its first request takes too long to come, or if the client takes nothing of an answer for too long,
/// and notices when the client hangs up, also while nobody reads.
final class ConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  let hangUp = HangUp()
  private let limit: TimeAmount
  private let patience: TimeAmount
  private var timer: Scheduled<Void>?
  private var impatience: Scheduled<Void>?
  /// Answers whose end the client's side of the connection has not taken.
  private var unsent = 0

  init(headerSeconds: Int, writeSeconds: Int) {
    limit = .seconds(Int64(headerSeconds))
    patience = .seconds(Int64(writeSeconds))
  }

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

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
    let sent = promise ?? context.eventLoop.makePromise(of: Void.self)
    unsent += 1
    waitForClient(context)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    sent.futureResult.whenComplete { _ in
      let (watch, context) = bound.value
      watch.unsent -= 1
      watch.waitForClient(context)
    }
    context.write(data, promise: sent)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    waitForClient(context)
    context.fireChannelWritabilityChanged()
  }

  /// The client has taken something, or there is something new to take: from now on it has its time again.
  private func waitForClient(_ context: ChannelHandlerContext) {
    impatience?.cancel()
    impatience = nil
    guard context.channel.isActive, unsent > 0 || !context.channel.isWritable else { return }
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    impatience = context.eventLoop.scheduleTask(in: patience) { bound.value.close(promise: nil) }
  }

  private func stop() {
    for timer in [timer, impatience] { timer?.cancel() }
    (timer, impatience) = (nil, nil)
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

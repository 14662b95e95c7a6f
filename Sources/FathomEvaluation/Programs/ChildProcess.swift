import FathomCore
import Foundation

/// Why a program that was run beside this one has no answer.
enum ChildFailure: Error, Equatable, CustomStringConvertible {
  case notStarted(String)
  case timedOut(seconds: Double)
  /// It ended, or closed its output, before it answered.
  case ended(errorOutput: String)
  case flooded(bytes: Int)

  var description: String {
    switch self {
    case .notStarted(let reason): "the program was not started: \(reason)"
    case .timedOut(let seconds): "no answer within \(seconds) s"
    case .ended(let errorOutput):
      "the program ended without an answer"
        + (errorOutput.isEmpty
          ? "" : ", its last words \(InputError.excerpt(errorOutput, limit: 200))")
    case .flooded(let bytes): "more than \(bytes) bytes of output"
    }
  }
}

/// A program that runs beside this one, in a process group of its own, so that it ends with all it started.
///
/// Nothing here confines it: it may do what the user may.
final class ChildProcess {
  private let identifier: pid_t
  private var input: Int32
  private let output: Int32
  private let errorOutput: Int32
  private var isOver = false
  /// What came and was not asked for yet.
  private var pending: [UInt8] = []
  /// The end of what it wrote to standard error.
  private var lastWords: [UInt8] = []

  /// Most bytes of one answer.
  static let mostOutput = 1 << 20

  /// - Parameters:
  ///   - command: the program, looked up in `PATH`, and its arguments.
  ///   - environment: `nil` hands on this program's.
  init(_ command: [String], environment: [String: String]? = nil) throws {
    guard let program = command.first, !program.isEmpty else {
      throw ChildFailure.notStarted("no command")
    }
    var opened: [Int32] = []
    func pipe() throws -> (read: Int32, write: Int32) {
      var ends: [Int32] = [-1, -1]
      guard Foundation.pipe(&ends) == 0 else {
        throw ChildFailure.notStarted(String(cString: strerror(errno)))
      }
      opened += ends
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return (ends[0], ends[1])
    }
    do {
      let (stdin, stdout, stderr) = (try pipe(), try pipe(), try pipe())
      identifier = try Self.spawn(
        command, environment: environment,
        descriptors: [stdin.read, stdout.write, stderr.write])
      (input, output, errorOutput) = (stdin.write, stdout.read, stderr.read)
      for end in [stdin.read, stdout.write, stderr.write] { close(end) }
      for end in [input, output, errorOutput] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    } catch {
      for end in opened { close(end) }
      throw error
    }
  }

  deinit {
    end()
    for descriptor in [input, output, errorOutput] where descriptor >= 0 { close(descriptor) }
  }

  /// Ends the program and everything in its group, at once.
  func end() {
    guard !isOver else { return }
    isOver = true
    kill(-identifier, SIGKILL)
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
  }

  // MARK: Starting

  private static func spawn(
    _ command: [String], environment: [String: String]?, descriptors: [Int32]
  ) throws -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (number, descriptor) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    // A group of its own; no signal blocked or ignored, whatever holds for us.
    var flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    #if canImport(Darwin)
      flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
    #endif
    posix_spawnattr_setflags(&attributes, Int16(flags))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)

    let variables = environment ?? ProcessInfo.processInfo.environment
    var arguments = command.map { strdup($0) } + [nil]
    var environment = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var identifier: pid_t = 0
    let status = posix_spawnp(
      &identifier, command[0], &actions, &attributes, &arguments, &environment)
    guard status == 0 else {
      throw ChildFailure.notStarted("\(command[0]): \(String(cString: strerror(status)))")
    }
    return identifier
  }

  // MARK: Talking

  /// Sends a line and waits for one.
  ///
  /// - Returns: the line, without its end.
  /// - Throws: `ChildFailure`; the program is then no longer of use.
  func exchange(line: [UInt8], seconds: Double) throws -> [UInt8] {
    var left = (line + [UInt8(ascii: "\n")])[...]
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        defer { pending.removeFirst(end + 1) }
        return Array(pending[..<end])
      }
      guard ContinuousClock.now < deadline else { throw ChildFailure.timedOut(seconds: seconds) }
      guard try step(&left, until: deadline) else {
        throw ChildFailure.ended(errorOutput: spokenLast)
      }
    }
  }

  /// Whether something came that nobody asked for: who answers out of turn can't be told what is answered.
  func spokeOutOfTurn() -> Bool {
    var nothing = ArraySlice<UInt8>()
    _ = try? step(&nothing, until: .now)
    return !pending.isEmpty
  }

  /// Gives the program all its input and waits until it has ended.
  ///
  /// - Returns: its exit status, 128 and more for a signal, and the end of its standard error.
  /// - Throws: `ChildFailure`.
  func run(input bytes: [UInt8], seconds: Double) throws -> (status: Int, errorOutput: String) {
    var left = bytes[...]
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      // Children of its own may hold its output open: what counts is that it has ended itself.
      _ = try step(&left, until: min(deadline, .now + .milliseconds(20)))
      pending = []
      if left.isEmpty { closeInput() }
      if let status = exitStatus() {
        var nothing = ArraySlice<UInt8>()
        _ = try? step(&nothing, until: .now)
        return (status, spokenLast)
      }
      guard ContinuousClock.now < deadline else { throw ChildFailure.timedOut(seconds: seconds) }
    }
  }

  private func closeInput() {
    guard input >= 0 else { return }
    close(input)
    input = -1
  }

  private var spokenLast: String { String(decoding: lastWords, as: UTF8.self).trimmed }

  /// The status of a program that has ended. It stays a zombie, so that its group's number stays its own until `end`.
  private func exitStatus() -> Int? {
    var information = siginfo_t()
    let options = WEXITED | WNOHANG | WNOWAIT
    guard waitid(P_PID, id_t(identifier), &information, options) == 0 else { return 127 }
    #if canImport(Darwin)
      let (ended, status) = (information.si_pid, information.si_status)
    #else
      let (ended, status) = (
        information._sifields._sigchld.si_pid, information._sifields._sigchld.si_status
      )
    #endif
    guard ended == identifier else { return nil }
    return information.si_code == CLD_EXITED ? Int(status) : 128 + Int(status)
  }

  /// Waits until something can be written or read, and does it.
  ///
  /// - Returns: false once standard output has ended.
  private func step(_ left: inout ArraySlice<UInt8>, until deadline: ContinuousClock.Instant) throws
    -> Bool
  {
    let remaining = max(0, (deadline - .now) / .milliseconds(1))
    var waits = [
      pollfd(fd: output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errorOutput, events: Int16(POLLIN), revents: 0),
      pollfd(fd: left.isEmpty ? -1 : input, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&waits, 3, Int32(min(remaining.rounded(.up), 60_000))) > 0 else { return true }
    if waits[2].revents != 0 { write(&left) }
    if waits[1].revents != 0 {
      _ = read(errorOutput, into: &lastWords)
      if lastWords.count > 4096 { lastWords.removeFirst(lastWords.count - 2048) }
    }
    guard waits[0].revents != 0 else { return true }
    let goesOn = read(output, into: &pending)
    guard pending.count <= Self.mostOutput else {
      throw ChildFailure.flooded(bytes: Self.mostOutput)
    }
    return goesOn || pending.contains(UInt8(ascii: "\n"))
  }

  /// - Returns: false at the end.
  private func read(_ descriptor: Int32, into bytes: inout [UInt8]) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Foundation.read(descriptor, &buffer, buffer.count)
    if count > 0 { bytes += buffer[..<count] }
    return count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR)
  }

  /// Writes what the pipe takes. Input that nobody reads is dropped: then the answer is awaited all the same.
  private func write(_ left: inout ArraySlice<UInt8>) {
    let written = Self.withoutBrokenPipes {
      left.withUnsafeBytes { Foundation.write(input, $0.baseAddress, $0.count) }
    }
    if written > 0 {
      left.removeFirst(written)
    } else if errno != EAGAIN, errno != EINTR {
      left = []
    }
  }

  /// Takes back the signal that a write to a closed pipe raises in this thread. The program around this may not ignore it.
  private static func withoutBrokenPipes(_ body: () -> Int) -> Int {
    var broken = sigset_t()
    var before = sigset_t()
    var raised = sigset_t()
    sigemptyset(&broken)
    sigaddset(&broken, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &broken, &before)
    let result = body()
    let error = errno
    if result < 0, error == EPIPE, sigpending(&raised) == 0, sigismember(&raised, SIGPIPE) == 1 {
      var signal: Int32 = 0
      sigwait(&broken, &signal)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = error
    return result
  }
}

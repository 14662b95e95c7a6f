import Foundation
import Synchronization

/// The work was stopped by a signal.
struct Interrupted: Error {}

/// Ctrl-C, and the signals that ask a program to end.
///
/// Outside of `handled`, each of them ends the program with status 130, or 0 after `endWell`. Inside, the first one only sets `isRaised`,
/// and the second ends the program unless Ctrl-C is all there was and `survivesCtrlC` was asked for.
enum Interrupts {
  private static let count = Atomic<Int>(0)
  private static let mode = Atomic<Int>(Mode.ends.rawValue)
  private static let mustEnd = Atomic<Bool>(false)
  /// What a program that is ended at once ends with.
  private static let status = Atomic<Int32>(130)

  private enum Mode: Int {
    case ends, asksFirst, survives
  }

  /// Readable from the first signal to `settle`: what waits for input waits for this too.
  private static let pipe: (read: Int32, write: Int32) = {
    var ends: [Int32] = [-1, -1]
    guard Foundation.pipe(&ends) == 0 else { return (-1, -1) }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    return (ends[0], ends[1])
  }()
  private static let pipeEnd = Atomic<Int32>(-1)

  static func install() {
    pipeEnd.store(pipe.write, ordering: .relaxed)
    var action = sigaction()
    #if canImport(Darwin)
      action.__sigaction_u.__sa_handler = { Interrupts.arrived($0) }
    #else
      action.__sigaction_handler.sa_handler = { Interrupts.arrived($0) }
    #endif
    // Without SA_RESTART: reading a line must notice.
    for signal in [SIGINT, SIGTERM] { sigaction(signal, &action, nil) }
    // `nohup` means that the end of the terminal is not the end of the program.
    var before = sigaction()
    sigaction(SIGHUP, &action, &before)
    if isIgnored(before) { sigaction(SIGHUP, &before, nil) }
    // A parent can have started us with these blocked, as threads of a dispatch queue do.
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
    sigprocmask(SIG_UNBLOCK, &signals, nil)
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    #if canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #else
      let handler = action.__sigaction_handler.sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Runs in the signal handler: atomics, write and _exit only.
  private static func arrived(_ signal: Int32) {
    let before = count.add(1, ordering: .relaxed).oldValue
    let mode = mode.load(ordering: .relaxed)
    if signal != SIGINT { mustEnd.store(true, ordering: .relaxed) }
    let isPatient = mode == Mode.survives.rawValue && signal == SIGINT
    if !isPatient, mode == Mode.ends.rawValue || before > 0 {
      _exit(signal == SIGHUP ? 130 : status.load(ordering: .relaxed))
    }
    var byte: UInt8 = 0
    let error = errno
    _ = write(pipeEnd.load(ordering: .relaxed), &byte, 1)
    errno = error
  }

  /// From now on, being told to end is how this program's work ends: its status is 0, unless its terminal went away. Before `install`,
  /// so that no signal is met by the other status.
  static func endWell() { status.store(0, ordering: .relaxed) }

  /// While `body` runs, the first signal only sets `isRaised`.
  static func handled<Result>(
    survivesCtrlC: Bool = false, _ body: () throws -> Result
  ) rethrows -> Result {
    count.store(0, ordering: .relaxed)
    mode.store((survivesCtrlC ? Mode.survives : .asksFirst).rawValue, ordering: .relaxed)
    defer { mode.store(Mode.ends.rawValue, ordering: .relaxed) }
    return try body()
  }

  /// Someone pressed Ctrl-C, or the program is to end.
  static var isRaised: Bool { count.load(ordering: .relaxed) > 0 }

  /// Waits until a descriptor can be read or has ended.
  ///
  /// - Returns: false if a signal came first.
  static func wait(forInput descriptor: Int32) -> Bool {
    var waits = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0),
    ]
    while !isRaised {
      if poll(&waits, 2, -1) > 0, waits[0].revents != 0, waits[1].revents == 0 { return true }
    }
    return false
  }

  /// Waits for a time, or until a signal comes.
  static func pause(seconds: Double) {
    var wait = pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)
    if !isRaised { poll(&wait, 1, Int32(seconds * 1000)) }
  }

  /// Forgets an interruption that has been dealt with.
  ///
  /// - Throws: `Interrupted` if it was more than Ctrl-C.
  static func settle() throws {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(pipe.read, &bytes, bytes.count) > 0 {}
    count.store(0, ordering: .relaxed)
    if mustEnd.load(ordering: .relaxed) { throw Interrupted() }
  }
}

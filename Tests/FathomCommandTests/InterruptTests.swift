import FathomCore
import Foundation
import GoldenSupport
import Testing

/// Signals and closed pipes: never an end by a signal.
@Suite struct InterruptTests {
  /// An answer that would take minutes.
  static func long(_ options: [String] = []) -> [String] {
    ["run", "--model", GoldenFamily.path("deepseek_v3_mtp"), "--tokens", "5,6,7"]
      + ["--max-tokens", "1000000", "--ignore-eos", "--temperature", "0"] + options
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func `a signal stops the answer, shows what there is and ends with 130`(signal: Int32) throws {
    let process = try FathomProcess(Self.long())
    try process.waitForOutput()
    process.signal(signal)
    let result = process.finish(seconds: 10)
    #expect(result.status == 130 && !result.isSignal, "\(result)")
    #expect(result.text.hasSuffix("\n"))
    #expect(result.error.isEmpty)
  }

  @Test func `an interrupted run still prints its JSON`() throws {
    let process = try FathomProcess(Self.long(["--json"]))
    usleep(600_000)
    process.signal(SIGINT)
    let result = process.finish(seconds: 10)
    #expect(result.status == 130 && !result.isSignal, "\(result)")
    // Before the answer began there is nothing to print.
    if !result.output.isEmpty {
      #expect(try result.json()["finish_reason"] == .string("cancelled"))
    }
  }

  @Test func `waiting for a prompt can be interrupted`() throws {
    let pipe = Pipe()
    let process = try FathomProcess(
      ["run", "--model", GoldenFamily.path("deepseek_v3_mtp")], standardInput: pipe)
    usleep(500_000)
    process.signal(SIGINT)
    let result = process.finish(seconds: 10)
    #expect(result.status == 130 && !result.isSignal && result.output.isEmpty, "\(result)")
    try pipe.fileHandleForWriting.close()
  }

  #if os(Linux)
    /// Being told to end is how a server's work ends, also when it has not read its command line yet.
    @Test func `a server that is told to end as soon as it listens to signals ends with 0`() throws
    {
      let process = try FathomProcess(["serve", "--model", "built-in", "--port", "0"])
      let deadline = Date.now + 20
      while try !process.catches(SIGTERM) {
        try #require(Date.now < deadline, "no handler")
        usleep(200)
      }
      process.signal(SIGTERM)
      let result = process.finish(seconds: 20)
      #expect(result.status == 0 && !result.isSignal, "\(result)")
    }
  #endif

  @Test func `a closed pipe ends the program quietly`() throws {
    for arguments in [
      Self.long(), ["--help"],
      ["tokenize", "--model", GoldenFamily.path("deepseek_v3_mtp"), "--json"],
    ] {
      let pipe = Pipe()
      try pipe.fileHandleForReading.close()
      let process = try FathomProcess(arguments, output: pipe.fileHandleForWriting)
      try pipe.fileHandleForWriting.close()
      let result = process.finish(seconds: 10)
      #expect(result.status == 1 && !result.isSignal, "\(result)")
      #expect(result.error.isEmpty, "\(result)")
    }
  }
}

#if os(Linux)
  extension FathomProcess {
    /// Whether the program handles a signal by now, by what the system says of it.
    func catches(_ signal: Int32) throws -> Bool {
      let status = try String(
        contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") })
      let digits = try #require(line.split(separator: "\t").last)
      return try #require(UInt64(digits, radix: 16)) >> UInt64(signal - 1) & 1 == 1
    }
  }
#endif

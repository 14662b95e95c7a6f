import FathomCore
import Foundation
import Testing

@testable import FathomEvaluation

/// Programs that grade or are graded are shell scripts here.
@Suite struct ProgramTests {
  private func service(_ script: String, seconds: Double = 5) -> CommandGrader.Service {
    CommandGrader.Service(["/bin/sh", "-c", script], timeoutSeconds: seconds, processes: 1)
  }

  private func grade(_ service: CommandGrader.Service, _ answer: String = "4") async -> Verdict {
    await CommandGrader(service, prompt: "2 + 2?", row: .object(JSONObject(["id": .integer(7)])))
      .grade(Completion(answer))
  }

  /// Answers each line; one that holds "hang", "crash" and so on gets that.
  private static let script = """
    while read -r line; do
      case "$line" in
        *hang*) sleep 60;;
        *crash*) echo "out of luck" >&2; exit 3;;
        *flood*) yes | tr -d '\\n';;
        *nonsense*) echo "not json";;
        *score*) echo '{"score": 1.5}';;
        *word*) echo '{"score": "1"}';;
        *passed*) echo '{"score": 0.2, "passed": true, "detail": "kind", "extracted": "v"}';;
        *twice*) printf '%s\\n' '{"score": 1}' '{"score": 0}';;
        *'"answer":"4"'*) echo '{"score": 1}';;
        *) echo '{"score": 0.25}';;
      esac
    done
    """

  @Test func `a program's line is the verdict`() async {
    let service = service(Self.script)
    let right = await grade(service)
    #expect(right.passed && right.score == 1)
    let partly = await grade(service, "5")
    #expect(!partly.passed && partly.score == 0.25)
    let kind = await grade(service, "passed")
    #expect(kind.passed && kind.score == 0.2 && kind.detail == "kind" && kind.extracted == "v")
    // Quotes, line breaks and other writing stay one line.
    #expect(await grade(service, "a\n\"b\" \u{2028}é").score == 0.25)
  }

  @Test(arguments: [
    ("hang", "within 0.3 s"), ("crash", "out of luck"), ("flood", "bytes of output"),
    ("nonsense", "not json"), ("score", "1.5"), ("word", "score from 0 to 1"),
  ])
  func `what goes wrong fails its sample and no other`(answer: String, detail: String) async {
    let service = service(Self.script, seconds: answer == "hang" ? 0.3 : 5)
    #expect(await grade(service).passed)
    let verdict = await grade(service, answer)
    #expect(!verdict.passed && verdict.score == 0 && verdict.detail.contains(detail), "\(verdict)")
    #expect(await grade(service).passed)
  }

  /// Both lines come in one piece: what comes later than the next question can't be told from its answer.
  @Test func `a line too many is not taken for the next answer`() async {
    let service = service(Self.script)
    #expect(await grade(service, "twice").score == 1)
    for _ in 0..<3 { #expect(await grade(service).score == 1) }
  }

  @Test func `programs that are not there, end at once or never read fail their sample`()
    async throws
  {
    let missing = CommandGrader.Service(["/nowhere/grader"])
    #expect(await grade(missing).detail.contains("/nowhere/grader"))
    let error = #expect(throws: InputError.self) { try missing.start() }
    #expect(error?.description.contains("/nowhere/grader") == true)
    // Started beforehand is the same as started when asked.
    let early = service(Self.script)
    try early.start()
    #expect(await grade(early).score == 1)
    #expect(await grade(CommandGrader.Service([])).detail.contains("no command"))
    #expect(await grade(service("exit 0")).detail.contains("ended without an answer"))
    let deaf = service("exec 0<&-; sleep 60", seconds: 0.3)
    let long = String(repeating: "long ", count: 200_000)
    #expect(await grade(deaf, long).detail.contains("within 0.3 s"))
    let stuck = service("sleep 60", seconds: 0.3)
    #expect(await grade(stuck, long).detail.contains("within 0.3 s"))
  }

  @Test func `children of a program end with it`() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "pid-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    let hanging = service("sleep 60 & echo $! > \(file.path); wait", seconds: 0.5)
    #expect(await !grade(hanging).passed)
    let text = try String(contentsOf: file, encoding: .utf8)
    let child = try #require(pid_t(text.trimmed))
    // Whoever adopted it may take a moment to bury it.
    for _ in 0..<200 where kill(child, 0) == 0 && !isZombie(child) { usleep(10_000) }
    #expect(kill(child, 0) != 0 || isZombie(child))
  }

  private func isZombie(_ process: pid_t) -> Bool {
    let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    return status?.contains(") Z ") ?? false
  }

  @Test func `samples side by side share a service`() async {
    let service = CommandGrader.Service(
      ["/bin/sh", "-c", Self.script], timeoutSeconds: 20, processes: 2)
    await withTaskGroup(of: (Int, Double).self) { group in
      for number in 0..<20 {
        group.addTask { (number, await grade(service, number % 2 == 0 ? "4" : "5").score) }
      }
      for await (number, score) in group { #expect(score == (number % 2 == 0 ? 1 : 0.25)) }
    }
  }

  @Test(arguments: [
    ("exit 0", true, ""), ("exit 3", false, "status 3"), ("kill -9 $$", false, "status 137"),
    ("sleep 60", false, "within 0.5 s"), ("while :; do echo y; done", false, "within 0.5 s"),
    ("echo why >&2; false", false, "why"), ("sleep 60 & exit 0", true, ""),
    ("", false, "no program"),
    ("test \"$(ls | wc -l)\" -eq 0 && touch x", true, ""), ("```sh\ntrue\n```", true, ""),
    ("test -z \"$USER$SHELL\"", true, ""),
  ])
  func `a program passes by its exit status`(program: String, passes: Bool, detail: String) async {
    let grader = ProgramGrader(
      command: ["/bin/sh"], before: ": before\n", after: "exit $?", timeoutSeconds: 0.5)
    let verdict = await grader.grade(Completion(program))
    #expect(verdict.passed == passes, "\(verdict)")
    #expect(detail.isEmpty ? verdict.detail.isEmpty : verdict.detail.contains(detail), "\(verdict)")
  }
}

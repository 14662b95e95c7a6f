import FathomCore
import FathomInference
import Hummingbird

extension Routes {
  /// `POST /inspect`: a short prompt and its answer, with what happens inside of the model, a line of JSON for each thing to see.
  @Sendable static func inspect(_ call: Call) async throws -> Response {
    let inspection = try Inspection(try Fields(call.json), service: call.service)
    let lines = InspectionLines(call.service)
    let answer = try call.service.inspector.submit(
      inspection, deadline: .now + .seconds(call.service.options.answerSeconds),
      line: lines.line)
    return try await call.replies.lines(answer)
  }
}

import FathomCore
import GoldenSupport
import Testing

@Suite struct ConvertCommandTests {
  private let model = GoldenFamily.path("deepseek_v3_mtp")

  @Test func `a converted model is a model like any other`() throws {
    try TemporaryFolder.with { folder in
      let out = "\(folder)/q8.gguf"
      let conversion = try fathom(["convert", model, out, "--to", "q8", "--json"])
      #expect(conversion.status == 0, "\(conversion)")
      let report = try JSON.parse(conversion.text)
      #expect(report["resumed_tensors"]?.intValue == 0)
      let rounded = try #require(report["rounded"]?.arrayValue?.first)
      #expect(rounded["format"]?.stringValue == "Q8_PANEL")
      let error = try #require(rounded["relative_error"]?.doubleValue)
      #expect(error > 0.001 && error < 0.01)
      for command in [
        ["inspect", "--model", out], ["logits", "--model", out, "--tokens", "1,2"],
        ["run", "--model", out, "--tokens", "1,2,3", "--max-tokens", "4", "--ignore-eos"],
      ] {
        let result = try fathom(command)
        #expect(result.status == 0, "\(result)")
      }
      let again = try fathom(["convert", model, out, "--to", "q8"])
      #expect(again.status == 2 && again.error.contains("--force"), "\(again)")
      #expect(try fathom(["convert", model, out, "--to", "bf16", "--force"]).status == 0)
      let itself = try fathom(["convert", out, out, "--to", "q4", "--force"])
      #expect(itself.status == 2 && itself.error.contains("another file"), "\(itself)")
    }
  }
}

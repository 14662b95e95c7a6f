/// Labels as a model reads and writes them: one capital letter each, which is one token. Spelled values have no capitals, so a
/// letter is never part of a value.
public enum LabelLetters {
  private static let inputs = Array("ABCDEFGHI")
  private static let outputs = Array("PQRSTUVWX")

  /// `f1` becomes `A`, `o1` becomes `P`; labels beyond the ninth stay as they are.
  public static func encode(_ text: String) -> String {
    words(text) { word in
      let bytes = Array(word.utf8)
      guard bytes.count == 2, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(bytes[1]) else {
        return nil
      }
      let place = Int(bytes[1] - UInt8(ascii: "1"))
      switch bytes[0] {
      case UInt8(ascii: "f"): return String(inputs[place])
      case UInt8(ascii: "o"): return String(outputs[place])
      default: return nil
      }
    }
  }

  /// The other way around.
  public static func decode(_ text: String) -> String {
    words(text) { word in
      guard word.count == 1, let letter = word.first else { return nil }
      if let place = inputs.firstIndex(of: letter) { return "f\(place + 1)" }
      if let place = outputs.firstIndex(of: letter) { return "o\(place + 1)" }
      return nil
    }
  }

  private static func words(_ text: String, _ replaced: (Substring) -> String?) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false)
      .map { replaced($0) ?? String($0) }.joined(separator: " ")
  }
}

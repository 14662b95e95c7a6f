/// A piece of a model's answer.
public enum ResponseEvent: Sendable, Equatable {
  /// Text between `<think>` and `</think>`, without the tags and the newlines beside them.
  case reasoning(String)
  /// Text for the reader.
  case content(String)
  /// A call begins. Calls are numbered from 0, in their order.
  case toolCall(index: Int, name: String)
  /// Arguments of the call that began last, as they come. Put together they are the text of a JSON object, or the beginning
  /// of one where the answer ended or what followed was no JSON.
  case toolArguments(index: Int, text: String)
  /// What stands among tool calls and is none, or the rest of one: the model's own text, marks included.
  case malformedToolCall(String)
}

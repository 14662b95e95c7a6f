import FathomCore

/// V3.2's calls. What follows `<｜DSML｜invoke name="`: `NAME">` and parameters, each with its value as text or, with
/// `string="false"`, as JSON.
///
/// Its arguments are put together as JSON: `{"KEY": VALUE, …}`.
struct TaggedCallReader: ToolCallReader {
  private enum State {
    case name
    /// Between parameters.
    case between
    case text
    case json(JSONPrefix)
    /// No call.
    case none
  }

  private static let parameterEnd = "</\(Mark.dsml)parameter>"
  private static let parameterBegin = Array("<\(Mark.dsml)parameter name=\"".utf8)

  private var scanner = MarkScanner([Self.parameterEnd])
  private var state = State.name
  /// What is not understood yet of a name or of the beginning of a parameter.
  private var head: [UInt8] = []
  private var name: String?
  private var isAnnounced = false

  mutating func take(_ bytes: [UInt8]) -> ToolCallReading {
    read(scanner.scan(bytes))
  }

  mutating func end() -> ToolCallReading {
    var reading = cut()
    guard reading.rest == nil, case .between = state else { return reading }
    guard head[...].trimmingSpace().isEmpty else {
      reading.rest = head
      return reading
    }
    announce("{", else: "", &reading)
    reading.arguments += "}".utf8
    return reading
  }

  mutating func cut() -> ToolCallReading { read([.text(scanner.flush())]) }

  private mutating func read(_ pieces: [MarkScanner.Piece]) -> ToolCallReading {
    var reading = ToolCallReading()
    for piece in pieces {
      if reading.rest != nil {
        reading.rest? += piece.bytes(Self.parameterEnd)
        continue
      }
      let rest =
        switch piece {
        case .text(let bytes): take(text: bytes, &reading)
        case .mark: takeEnd(&reading) ? nil : Array(Self.parameterEnd.utf8)
        }
      guard let rest else { continue }
      state = .none
      reading.rest = rest
    }
    // Before a call is certain, all of it is given back together.
    if !isAnnounced { reading.rest = nil }
    return reading
  }

  /// Gives what cannot be part of a call here.
  private mutating func take(text bytes: [UInt8], _ reading: inout ToolCallReading) -> [UInt8]? {
    guard !bytes.isEmpty else { return nil }
    switch state {
    case .name, .between: return take(head: bytes, &reading)
    case .text: reading.arguments += JSON.string(bytes.text).text().utf8.dropFirst().dropLast()
    case .json(var json):
      for (place, byte) in bytes.enumerated() {
        // White space around a value is none of it.
        let isAround = byte.isSpace && (json.count == 0 || json.isComplete)
        guard json.take(byte) else { return Array(bytes[place...]) }
        if !isAround { reading.arguments.append(byte) }
      }
      state = .json(json)
    case .none: return bytes
    }
    return nil
  }

  private mutating func take(head bytes: [UInt8], _ reading: inout ToolCallReading) -> [UInt8]? {
    head += bytes
    let end = Array("\">".utf8)
    if case .name = state {
      guard let found = ByteSearch.first(end, in: head[...]) else { return tooLong }
      name = ToolCallReading.name(head[..<found.lowerBound])
      guard name != nil else { return head }
      head.removeFirst(found.upperBound)
      state = .between
    }
    let begin = head.startWithoutSpace
    let rest = head[begin...]
    guard rest.starts(with: Self.parameterBegin) else {
      return Self.parameterBegin.starts(with: rest) ? nil : head
    }
    let middle = Array("\" string=\"".utf8)
    guard
      let mid = ByteSearch.first(middle, in: rest.dropFirst(Self.parameterBegin.count)),
      let found = ByteSearch.first(end, in: head[mid.upperBound...])
    else { return tooLong }
    let kind = head[mid.upperBound..<found.lowerBound]
    let isText = kind.elementsEqual("true".utf8)
    guard isText || kind.elementsEqual("false".utf8) else { return head }
    let key = String(
      decoding: head[(begin + Self.parameterBegin.count)..<mid.lowerBound], as: UTF8.self)
    announce("{", else: ", ", &reading)
    reading.arguments += "\(JSON.string(key).text()): \(isText ? "\"" : "")".utf8
    let value = Array(head[found.upperBound...])
    head = []
    state = isText ? .text : .json(JSONPrefix())
    return take(text: value, &reading)
  }

  private var tooLong: [UInt8]? { head.count > ToolCallReading.headBytes ? head : nil }

  private mutating func announce(
    _ first: String, else later: String, _ reading: inout ToolCallReading
  ) {
    reading.arguments += (isAnnounced ? later : first).utf8
    if !isAnnounced { reading.name = name }
    isAnnounced = true
  }

  /// The end of a parameter; false where there is none to end.
  private mutating func takeEnd(_ reading: inout ToolCallReading) -> Bool {
    switch state {
    case .text: reading.arguments.append(UInt8(ascii: "\""))
    case .json(let json): guard json.isComplete else { return false }
    case .name, .between, .none: return false
    }
    state = .between
    return true
  }
}

extension MarkScanner.Piece {
  /// The text of the piece, where `mark` is the only one.
  fileprivate func bytes(_ mark: String) -> [UInt8] {
    switch self {
    case .text(let bytes): bytes
    case .mark: Array(mark.utf8)
    }
  }
}

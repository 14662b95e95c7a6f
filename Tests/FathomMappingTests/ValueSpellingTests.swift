import FathomCore
import FathomMapping
import Testing

@Suite struct ValueSpellingTests {
  @Test(arguments: [
    ("qiquju", "qi qu ju"), ("WAQU", "^ wa qu"), ("Anna", "* an na"), ("1985-03", "1 9 8 5 - 0 3"),
    ("qe_wu", "qe _ wu"), ("Anna Be", "* an na ~ * be"), ("McDonald", "* mc * do na ld"),
    ("ABc", "^ a * bc"), ("aB", "a ^ b"), ("A1b", "^ a 1 b"), ("x", "x"), ("", "\\"), ("~", "\\~"),
    ("a;b", "a \\; b"), ("Müll", "^ m ü ll"), ("\t", "\\u9"), ("e\u{301}", "e \\u301"),
    ("\\", "\\\\"),
    ("HAT-Red", "^ ha t - * re d"), (" ", "~"), ("田中", "田 中"),
  ])
  func `text is spelled in pieces`(text: String, pieces: String) throws {
    #expect(ValueSpelling.encode(text) == pieces)
    #expect(try ValueSpelling.decode(pieces) == .string(text))
  }

  @Test func `a value and its upper case share their pieces`() {
    for text in ["qiqu", "xkb", "Anna"] {
      let upper = ValueSpelling.encode(text.uppercased())
      #expect(upper == "^ " + ValueSpelling.encode(text.lowercased()))
    }
  }

  @Test func `kinds of value are told apart`() throws {
    for value: JSON in [
      .integer(72), .string("72"), .double(72.5), .double(-1e300), .integer(.min), .bool(true),
      .bool(false), .null, .string("#t"), .string("true"), .string("# 7"), .double(3),
    ] {
      #expect(try ValueSpelling.decode(ValueSpelling.encode(value)) == value)
    }
    #expect(ValueSpelling.encode(JSON.integer(72)) == "# 7 2")
  }

  /// The pieces would be glued together if they were split by characters: a space and a combining mark are one.
  @Test func `every string comes back scalar by scalar`() throws {
    let hostile: [Unicode.Scalar] = [
      "a", "b", "z", "A", "M", "Z", "0", "9", " ", "~", "^", "*", "#", "\\", ";", "<", "=", "_",
      "-",
      "/", ".", "u", "t", "f", "n", "\n", "\r", "\t", "\0", "é", "É", "ß", "ı", "ǆ", "\u{301}",
      "\u{200D}",
      "\u{202E}", "\u{FEFF}", "\u{A0}", "\u{3000}", "\u{2028}", "\u{E000}", "\u{10FFFF}",
      "\u{FFFE}",
      "👨", "\u{1F3FD}", "田", "한", "\u{1100}", "\u{1161}", "ا", "\u{64E}", "Å", "\u{212B}", "²", "٣",
      "\u{AD}", "🇩", "🇪",
    ]
    var state: UInt64 = 7
    func draw(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    for round in 0..<5000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<draw(14) {
        let any = Unicode.Scalar(UInt32(draw(0x11_0000)))
        text.append(draw(8) == 0 ? any ?? "x" : hostile[draw(hostile.count)])
      }
      let pieces = ValueSpelling.encode(String(text))
      let back = try ValueSpelling.decode(pieces).stringValue
      #expect(
        back.map { Array($0.unicodeScalars) } == Array(text),
        "round \(round): \(Array(text)) as \(pieces)")
      #expect(
        !pieces.utf8.contains { $0 < 0x20 } && !pieces.contains(";") || pieces.contains("\\;"))
    }
  }

  @Test(arguments: [
    "", " ", "#", "# a b", "# #t", "\\x", "\\u", "\\uD800", "\\u110000", "a \\", "\\uzz",
  ])
  func `what is no spelling is an error`(text: String) {
    #expect(throws: InputError.self) { try ValueSpelling.decode(text) }
  }
}

/// The share of words that are written in the script of one language: the language consistency reward of DeepSeek-R1.
///
/// A word belongs to the language if its letters are of the language's script. Languages that share a script are not told apart:
/// what this measures is what R1 was rewarded for, reasoning that does not change between Chinese and English. Han characters count
/// one word each, and so do kana.
///
/// Source: DeepSeek-R1 report §2.3.2.
public struct LanguageGrader: Grader {
  public enum Script: String, Sendable, CaseIterable {
    case latin, han, japanese, hangul, cyrillic, greek, arabic, hebrew, devanagari, thai

    /// The script that a language is written in, by its ISO 639-1 code.
    public init?(language: String) {
      switch language {
      case "zh": self = .han
      case "ja": self = .japanese
      case "ko": self = .hangul
      case "ru", "uk", "bg", "sr", "be", "mk": self = .cyrillic
      case "el": self = .greek
      case "ar", "fa", "ur": self = .arabic
      case "he", "yi": self = .hebrew
      case "hi", "mr", "ne": self = .devanagari
      case "th": self = .thai
      case "en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "no", "fi", "cs", "tr", "vi",
        "id", "ro", "hu":
        self = .latin
      default: return nil
      }
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
      switch (self, scalar.value) {
      case (.latin, 0x41...0x24F), (.latin, 0x1E00...0x1EFF), (.latin, 0xFF21...0xFF5A): true
      case (.han, _): scalar.isHan
      case (.japanese, 0x3040...0x30FF), (.japanese, 0x31F0...0x31FF): true
      case (.japanese, _): scalar.isHan
      case (.hangul, 0x1100...0x11FF), (.hangul, 0x3130...0x318F), (.hangul, 0xAC00...0xD7AF): true
      case (.cyrillic, 0x400...0x52F): true
      case (.greek, 0x370...0x3FF), (.greek, 0x1F00...0x1FFF): true
      case (.arabic, 0x600...0x6FF), (.arabic, 0x750...0x77F), (.arabic, 0xFB50...0xFEFC): true
      case (.hebrew, 0x590...0x5FF): true
      case (.devanagari, 0x900...0x97F): true
      case (.thai, 0xE00...0xE7F): true
      default: false
      }
    }
  }

  public let script: Script
  /// The least score that passes.
  public let threshold: Double

  public init(_ script: Script, threshold: Double = 0.9) {
    self.script = script
    self.threshold = threshold
  }

  public func grade(_ completion: Completion) async -> Verdict {
    let (own, all) = count(completion.reasoning ?? completion.answer)
    guard all > 0 else { return .fail("no words") }
    let score = Double(own) / Double(all)
    return Verdict(score: score, passed: score >= threshold, detail: "\(own) of \(all) words")
  }

  /// Words of the script, and all words. Digits and signs are none.
  private func count(_ text: String) -> (own: Int, all: Int) {
    var (own, all) = (0, 0)
    var word: (isOpen: Bool, isOwn: Bool) = (false, true)
    func close() {
      guard word.isOpen else { return }
      all += 1
      if word.isOwn { own += 1 }
      word = (false, true)
    }
    for scalar in text.unicodeScalars {
      if scalar.standsAlone {
        close()
        word = (true, script.contains(scalar))
        close()
      } else if scalar.properties.isAlphabetic {
        word = (true, word.isOwn && script.contains(scalar))
      } else if !scalar.properties.isGraphemeExtend, scalar != "'", scalar != "’" {
        close()
      }
    }
    close()
    return (own, all)
  }
}

extension Unicode.Scalar {
  fileprivate var isHan: Bool {
    switch value {
    case 0x3005...0x3007, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3134F: true
    default: false
    }
  }

  /// Whether it is a word of its own.
  fileprivate var standsAlone: Bool { isHan || (0x3040...0x30FF).contains(value) }
}

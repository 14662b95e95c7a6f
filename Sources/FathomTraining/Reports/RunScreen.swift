import Foundation

/// A run's curves and figures as lines of text that fit a terminal.
public struct RunScreen: Sendable {
  public struct Line: Sendable, Equatable {
    public let text: String
    public let isHeading: Bool
  }

  public let folder: RunFolder
  public let columns: Int
  public let rows: Int

  /// - Parameters:
  ///   - columns: widest line.
  ///   - rows: most lines. Curves that find no room are left out, the last first.
  public init(_ folder: RunFolder, columns: Int = 80, rows: Int = 24) {
    self.folder = folder
    self.columns = max(TerminalChart.leastColumns, columns)
    self.rows = rows
  }

  private static let gap = 2
  /// Charts beside each other are at least so wide.
  private static let comfortableColumns = 38
  private static let mostBeside = 3
  private static let mostRows = 14
  private static let figureRows = 2

  /// - Parameter now: what the age of the last row is counted from.
  public func lines(now: Date = Date()) -> [Line] {
    let figures = self.figures
    let heading = Line(
      text: String(TerminalChart.fitted(heading(now), columns).trimmedEnd), isHeading: true)
    let lines = [heading] + charts(rows: rows - 1 - figures.count) + figures
    return Array(lines.prefix(max(1, rows)))
  }

  /// `grpo | reinforce | step 120/200 (60 %) | 6.1s a step | eta 8m08s | 4s ago`
  private func heading(_ now: Date) -> String {
    var parts = [folder.name]
    if let record = folder.record { parts.append(record.kind) }
    let step = folder.history.step
    if let total = folder.totalSteps {
      let share = 100 * Double(step) / Double(max(1, total))
      parts.append("step \(step)/\(total) (\(String(format: "%.0f", share)) %)")
    } else {
      parts.append("step \(step)")
    }
    if let pace = folder.history.secondsPerStep {
      parts.append(String(format: pace < 10 ? "%.2fs a step" : "%.0fs a step", pace))
    }
    if let ending = folder.record?.ending {
      parts.append(ending.replacing("_", with: " "))
    } else {
      if let left = folder.secondsLeft { parts.append("eta " + StepReport.duration(seconds: left)) }
      if let change = folder.lastChange {
        let age = max(0, now.timeIntervalSince(change))
        parts.append(StepReport.duration(seconds: age) + " ago")
      }
    }
    return parts.joined(separator: " | ")
  }

  private func charts(rows: Int) -> [Line] {
    let curves = folder.drawnCurves
    let fitting = (columns + Self.gap) / (Self.comfortableColumns + Self.gap)
    let beside = max(1, min(Self.mostBeside, fitting, curves.count))
    let storeys = min(
      (curves.count + beside - 1) / beside, max(0, rows) / TerminalChart.leastRows)
    guard storeys > 0 else { return [] }
    let height = min(Self.mostRows, rows / storeys)
    let width = (columns - (beside - 1) * Self.gap) / beside
    return (0..<storeys).flatMap { storey in
      let row = curves.dropFirst(storey * beside).prefix(beside)
      let charts = row.map { chart($0.key, $0.title).lines(columns: width, rows: height) }
      return (0..<height).map { line in
        let text = charts.map { $0[line] }.joined(
          separator: String(repeating: " ", count: Self.gap))
        return Line(text: String(text.trimmedEnd), isHeading: line == 0)
      }
    }
  }

  private func chart(_ key: String, _ title: String) -> TerminalChart {
    let latest = folder.history.latest(key).map { " " + Self.short($0) } ?? ""
    return TerminalChart(title: title + latest, points: folder.curve(key))
  }

  /// The latest of what has no curve, as far as two lines have room.
  private var figures: [Line] {
    let drawn = Set(folder.drawnCurves.map(\.key))
    var lines: [String] = []
    for key in folder.history.keys where !drawn.contains(key) {
      guard let value = folder.history.latest(key) else { continue }
      let figure = "\(key) \(Self.short(value))"
      if let last = lines.last, last.count + Self.gap + figure.count <= columns {
        lines[lines.count - 1] += String(repeating: " ", count: Self.gap) + figure
      } else if lines.count == Self.figureRows || figure.count > columns {
        break
      } else {
        lines.append(figure)
      }
    }
    return lines.map { Line(text: $0, isHeading: false) }
  }

  /// `0.9432`, `12340`, `4e-05`
  private static func short(_ value: Double) -> String {
    abs(value) >= 1000 && abs(value) < 1e15
      ? String(format: "%.0f", value) : String(format: "%.4g", value)
  }
}

extension String {
  fileprivate var trimmedEnd: Substring {
    self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)]
  }
}

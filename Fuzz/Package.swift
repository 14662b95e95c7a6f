// swift-tools-version: 6.2
import PackageDescription

// The parsers under test are built here once more, from the same sources, with coverage counters
// that guide the fuzzer. Being in one package with it, they need no public entry for it.
let counted: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer"])]

let package = Package(
  name: "fathom-fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(url: "https://github.com/jpsim/Yams", from: "6.2.2")],
  targets: [
    .target(name: "CFuzzer"),
    .target(name: "CFathomKernels", path: "Library/CFathomKernels"),
    .target(name: "FathomCore", path: "Library/FathomCore", swiftSettings: counted),
    .target(
      name: "FathomTensors", dependencies: ["CFathomKernels", "FathomCore"],
      path: "Library/FathomTensors", swiftSettings: counted),
    .target(
      name: "FathomCheckpoints",
      dependencies: ["CFathomKernels", "FathomCore", "FathomTensors"],
      path: "Library/FathomCheckpoints", swiftSettings: counted),
    .target(
      name: "FathomText", dependencies: ["FathomCore"], path: "Library/FathomText",
      exclude: ["Tokenizer/generate_unicode_tables.py"], swiftSettings: counted),
    .target(
      name: "FathomModels",
      dependencies: ["CFathomKernels", "FathomCore", "FathomTensors", "FathomCheckpoints"],
      path: "Library/FathomModels", swiftSettings: counted),
    .target(
      name: "FathomConstraints", dependencies: ["FathomCore", "FathomText"],
      path: "Library/FathomConstraints", swiftSettings: counted),
    .target(
      name: "FathomMapping", dependencies: ["FathomCore"], path: "Library/FathomMapping",
      swiftSettings: counted),
    .target(
      name: "FathomTasks", dependencies: ["FathomCore", "FathomTensors", "FathomMapping"],
      path: "Library/FathomTasks", swiftSettings: counted),
    .target(
      name: "FathomTraining",
      dependencies: [
        "CFathomKernels", "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomText",
        "FathomModels", "FathomTasks", .product(name: "Yams", package: "Yams"),
      ],
      path: "Library/FathomTraining", swiftSettings: counted),
    .executableTarget(
      name: "fathom-fuzz",
      dependencies: [
        "CFuzzer", "FathomCore", "FathomCheckpoints", "FathomText", "FathomModels",
        "FathomConstraints", "FathomMapping", "FathomTraining",
      ],
      swiftSettings: counted, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)

// swift-tools-version: 6.2
import PackageDescription

// CI builds our own targets with warnings as errors; people who depend on the package are spared.
let strictSwift: [SwiftSetting] =
  Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]
let strictC: [CSetting] =
  Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

/// A library target of ours. Imports point down: see the layer picture in docs/architecture.md.
func layer(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
  resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: strictSwift)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: strictSwift)
}

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "fathom",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Fathom", targets: ["Fathom"]),
    .library(name: "FathomServer", targets: ["FathomServer"]),
    .executable(name: "fathom", targets: ["FathomCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.0.0"),
    // What Hummingbird's interface is made of.
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.9.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
  ],
  targets: [
    // Layer 0: values and arithmetic.
    .target(name: "CFathomKernels", cSettings: strictC),
    layer("FathomCore", []),
    layer("FathomTensors", ["CFathomKernels", "FathomCore"]),
    // Layer 1: what comes from outside.
    layer("FathomCheckpoints", ["CFathomKernels", "FathomCore", "FathomTensors"]),
    layer(
      "FathomText", ["FathomCore"], exclude: ["Tokenizer/generate_unicode_tables.py"]),
    layer("FathomConstraints", ["FathomCore", "FathomText"]),
    layer("FathomMapping", ["FathomCore"]),
    layer("FathomTasks", ["FathomCore", "FathomTensors", "FathomMapping"]),
    // Layer 2: networks.
    layer(
      "FathomModels", ["CFathomKernels", "FathomCore", "FathomTensors", "FathomCheckpoints"]),
    // Layer 3: answers.
    layer(
      "FathomInference",
      [
        "CFathomKernels", "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomText",
        "FathomModels", "FathomConstraints", crypto,
      ], resources: [.copy("BuiltIn/model"), .copy("BuiltIn/base")]),
    layer(
      "FathomTraining",
      [
        "CFathomKernels", "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomText",
        "FathomModels", "FathomTasks", yams,
      ]),
    // Layer 4: answers for others.
    layer(
      "FathomServer",
      [
        "FathomCore", "FathomText", "FathomModels", "FathomConstraints", "FathomInference",
        hummingbird, hummingbirdTLS,
        crypto, .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      resources: [.copy("Page"), .copy("openapi.json")]),
    layer(
      "FathomEvaluation",
      [
        "FathomCore", "FathomTensors", "FathomText", "FathomMapping", "FathomTasks",
        "FathomInference",
      ]),
    layer(
      "FathomReinforcement",
      [
        "CFathomKernels", "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomText",
        "FathomTasks", "FathomModels", "FathomInference", "FathomTraining", "FathomEvaluation",
      ]),
    // What people import, and what they type.
    layer(
      "Fathom",
      [
        "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomConstraints", "FathomMapping",
        "FathomTasks", "FathomText", "FathomModels", "FathomInference", "FathomTraining",
        "FathomEvaluation", "FathomReinforcement",
      ]),
    .executableTarget(
      name: "FathomCommand", dependencies: ["Fathom", "FathomServer", argumentParser],
      swiftSettings: strictSwift),

    tests("FathomCoreTests", ["FathomCore", "GoldenSupport"]),
    tests(
      "FathomTensorsTests",
      ["CFathomKernels", "FathomCheckpoints", "FathomTensors", "GoldenSupport"]),
    tests(
      "FathomCheckpointsTests",
      [
        "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomText", "FathomModels",
        "FathomConstraints", "FathomMapping", "FathomTraining", "GoldenSupport",
      ]),
    tests(
      "FathomTextTests", ["FathomCore", "FathomText", "GoldenSupport"],
      resources: [.copy("Fixtures")]),
    tests("FathomConstraintsTests", ["FathomCore", "FathomText", "FathomConstraints"]),
    tests("FathomMappingTests", ["FathomCore", "FathomMapping"]),
    tests("FathomTasksTests", ["FathomCore", "FathomMapping", "FathomTasks"]),
    tests(
      "FathomModelsTests",
      [
        "CFathomKernels", "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomModels",
        "GoldenSupport",
      ]),
    tests(
      "FathomInferenceTests",
      [
        "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomText", "FathomModels",
        "FathomConstraints", "FathomInference", "AllocationCounter", "GoldenSupport",
      ]),
    tests(
      "FathomTrainingTests",
      [
        "CFathomKernels", "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomText",
        "FathomModels", "FathomInference", "FathomTasks", "FathomTraining", "GoldenSupport",
      ]),
    tests(
      "FathomEvaluationTests",
      [
        "FathomCore", "FathomText", "FathomMapping", "FathomInference", "FathomServer",
        "FathomEvaluation",
        .product(name: "Logging", package: "swift-log"),
      ]),
    tests(
      "FathomReinforcementTests",
      [
        "CFathomKernels", "FathomCore", "FathomTensors", "FathomCheckpoints", "FathomText",
        "FathomTasks", "FathomModels", "FathomInference", "FathomTraining", "FathomEvaluation",
        "FathomReinforcement", "GoldenSupport",
      ]),
    tests(
      "FathomServerTests",
      [
        "FathomCore", "FathomText", "FathomConstraints", "FathomInference", "FathomServer",
        "GoldenSupport", hummingbird,
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
      ]),
    tests(
      "FathomCommandTests", ["FathomCommand", "FathomCore", "FathomInference", "GoldenSupport"],
      resources: [.copy("Fixtures")]),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter", cSettings: strictC),
    .target(
      name: "GoldenSupport",
      dependencies: ["FathomCore", "FathomTensors", "FathomCheckpoints", "FathomModels"],
      path: "Tests/GoldenSupport", swiftSettings: strictSwift),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)

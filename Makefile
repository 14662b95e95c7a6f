# The words of this project. CI says the same ones: see .ci/run.
SWIFT ?= swift
# Every Swift file of ours.
CODE := Package.swift Sources Tests Examples/Package.swift Examples/Sources Fuzz/Package.swift Fuzz/Sources

.PHONY: setup build test kill hacking server clients page load sanitize bench compare compare-server restart card choices reasoning rollouts quality format lint check fuzz neon reference examples

setup: ## checks the toolchain and fetches the packages we depend on
	@$(SWIFT) --version 2>&1 | grep -Eq 'Swift version (6\.[3-9]|[7-9])' || \
	  { echo "Swift 6.3 or newer is needed: https://www.swift.org/install"; exit 1; }
	$(SWIFT) package resolve

build: ## the command line, optimised: .build/release/fathom
	$(SWIFT) build -c release --product fathom

test: ## all tests; needs nothing but this repository
	$(SWIFT) test

kill: build ## kills training runs with SIGKILL, resumes them, compares the bytes; KILLS=50 for more, KILLS='20 reinforce' for one kind
	Tests/Resume/kill.sh $(KILLS)

hacking: build ## a reward that can be gamed, and the report that says so; some two minutes; HACKING=FOLDER keeps the run
	Tests/RewardHacking/run.sh $(HACKING)

server: build ## hostile, malformed and abandoned requests against a server; some two minutes
	python3 Tests/Server/hostile.py .build/release/fathom

load: build ## mixed traffic on a server, every answer compared; MINUTES=30
	python3 Tests/Server/load.py .build/release/fathom --minutes $(or $(MINUTES),30)

sanitize: ## engine, constraints and server under Address and Thread Sanitizer; SANITIZE=thread for one of them
	Tests/sanitize.sh $(SANITIZE)

page: build ## the page's parsers under node, and the page in a browser, scripted and on the server; needs node, chromium, chromedriver, selenium
	node --test Tests/Page
	$(PYTHON) Tests/Page/browser.py --mock --screenshots .build/page/scripted
	$(PYTHON) Tests/Page/browser.py --program .build/release/fathom --screenshots .build/page/served

clients: build ## other people's clients against the server; CLIENTS='openai lm_eval' for some of them
	Tests/Clients/run.sh .build/release/fathom $(CLIENTS)

# What bench runs on; the golden model fits in a core's cache, so it says what a step costs at least and nothing else.
MODEL ?= Tests/Golden/checkpoints/deepseek_v3_mtp

bench: build ## tokens per second; MODEL=PATH for a model of your own, BENCH='-d 0,4096' for other options
	.build/release/fathom bench --model $(MODEL) $(BENCH)

compare: build ## beside llama.cpp, on the same files; COMPARE='--only v2-lite-q4_0' for a part, --help for the options
	python3 Benchmarks/compare.py $(COMPARE)

compare-server: build ## beside llama.cpp's server, 1, 4 and 16 requests at a time; SERVING='--pairs 5' for other options
	python3 Benchmarks/serving.py $(SERVING)

restart: build ## first token of a long prompt, computed and from disk after a restart; RESTART='--model DIR --tokens 4000'
	python3 Benchmarks/restart.py $(RESTART)

card: build ## what the built-in model's card says, measured again; CARD='--model FOLDER' for another model
	python3 Benchmarks/card.py $(CARD)

choices: build ## what each choice of the built-in model's design is worth, by one short run each
	python3 Benchmarks/choices.py $(CHOICES)

reasoning: build ## R1's pipeline on the built-in model's base, with three seeds, and what it brings; hours; REASONING=FOLDER keeps it and goes on with it
	python3 Benchmarks/reasoning.py --folder $(or $(REASONING),.build/reasoning) --to $(or $(REASONING),.build/reasoning)/results.json

rollouts: build ## reinforcement learning beside TRL; PYTHON=PATH for one with torch, transformers and trl; ROLLOUTS='--model FOLDER', a checkpoint in f32
	python3 Benchmarks/rollouts.py --python $(PYTHON) $(ROLLOUTS)

# Where the small network of `make quality` is kept.
SMALL ?= .build/small-network
PYTHON ?= python3

quality: build ## what each format costs; PYTHON=PATH for one with torch, transformers, tokenizers and gguf
	test -d $(SMALL) || $(PYTHON) Benchmarks/quality/train_small.py $(SMALL)
	$(PYTHON) Benchmarks/quality/compare_formats.py $(SMALL)

format: ## lays out all Swift files
	$(SWIFT) format -i -p -r $(CODE)

lint: ## what CI says about layout
	$(SWIFT) format lint --strict -p -r $(CODE)

check: ## everything that CI checks
	.ci/run

fuzz: ## every parser of what comes from outside for a minute each; SECONDS_EACH=600 for ten
	Fuzz/run.sh

neon: ## the NEON kernels against the reference, under an emulator; needs qemu-user and an aarch64 cross compiler
	@mkdir -p .build
	aarch64-linux-gnu-gcc -static -O2 -std=c17 -o .build/neon-check Tests/NeonCheck/neon_check.c \
	  $(addprefix Sources/CFathomKernels/,dispatch.c panels.c reference/*.c training/*.c arm/*.c) -lm
	qemu-aarch64 .build/neon-check

reference: ## tests that also read the reference set (../shared/reference, or FATHOM_REFERENCE)
	@test -d "$${FATHOM_REFERENCE:-../shared/reference}" || \
	  { echo "no reference set in $${FATHOM_REFERENCE:-../shared/reference}"; exit 1; }
	$(SWIFT) test

examples: ## the programs in Examples, on the built-in model and a golden checkpoint
	swift run --package-path Examples BuiltIn "Ana has 47 apples, buys 35 more and gives 18 to Bo. How many now?"
	swift run --package-path Examples Hello Tests/Golden/checkpoints/deepseek_v3_mtp
	swift run --package-path Examples Speculate Tests/Golden/checkpoints/deepseek_v3_mtp_aligned
	swift run --package-path Examples Timeline Tests/Golden/checkpoints/deepseek_v3_mtp

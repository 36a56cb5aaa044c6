# Each target does what it needs to on a fresh machine, and nothing that is done already. The work is in scripts/.

.DEFAULT_GOAL := help
.PHONY: help deps build demo test test-faults fuzz sanitize check format generate bench clean distclean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

deps: ## Install what the programs need: system packages, whisper.cpp, a model, samples
	@scripts/install.sh

build: ## Build .build/release/stt-rpc and .build/release/stt-rpcd
	@scripts/build.sh

demo: ## Transcribe a recording of real speech with a daemon of its own
	@scripts/demo.sh

test: ## Run all tests, with private Redis, MongoDB and S3 servers
	@scripts/test.sh

test-faults: ## Run the cluster's fault tests: processes and services killed, frozen, cut off
	@scripts/test-faults.sh

fuzz: ## Fuzz the frame parser, the state machines and the decoders, FUZZ_SECONDS (600) each
	@scripts/fuzz.sh

sanitize: ## Run the unit and transport tests under the address and the thread sanitizer
	@scripts/sanitize.sh

check: ## Check format, generated code, dependencies and scripts
	@scripts/check.sh

format: ## Format the Swift code
	@scripts/format.sh

generate: ## Generate the protobuf code of C and Python from proto/
	@scripts/generate-proto.sh

bench: ## Run the benchmarks
	@scripts/bench.sh

clean: ## Remove what was built of this project
	rm -rf .build .build-*

distclean: clean ## Remove what was downloaded and installed into the checkout too
	rm -rf .deps

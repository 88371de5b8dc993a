# One set of flags for every target, so that nothing is compiled twice: `swift test` with testable
# imports off builds the same objects as `swift build`.
SWIFT ?= swift
BUILD := -c release
TEST := $(SWIFT) test $(BUILD) --disable-testable-imports
BINARIES := .build/release/secure_chat .build/release/secure_chat_log
PREFIX ?= /usr/local
SHARE = $(DESTDIR)$(PREFIX)/share

.PHONY: help setup build run test lint bench fuzz deep install clean

help: ## what each target does
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

setup: ## check for, and if allowed install, what the build needs
	@packaging/setup

build: setup ## the release programs, in .build/release
	$(SWIFT) build $(BUILD)

run: build ## build, then `secure_chat demo`: two users, two processes, one conversation
	@.build/release/secure_chat demo

# Tests that compute for minutes would starve those that wait for a program, whose own ten seconds for a
# handshake are real ones: they take what the tests of the programs leave of the processors.
COMPUTING := '^(ChatProtocol|Cryptography|GroupKeys|SessionLog|Wire)Tests\.'
PROGRAMS := '^EndToEndTests\.'
BUNDLE := .build/release/secure_chatPackageTests.xctest --testing-library swift-testing

test: setup ## every test
	$(TEST) --skip $(COMPUTING) --skip $(PROGRAMS)
	@nice -n 19 $(BUNDLE) --filter $(COMPUTING) > .build/computing.log 2>&1 & computing=$$!; \
	trap "kill $$computing" INT TERM; \
	$(TEST) --skip-build --filter $(PROGRAMS); programs=$$?; \
	wait $$computing; computing=$$?; \
	cat .build/computing.log; exit $$((programs | computing))

lint: setup ## format and style
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Fuzz Benchmarks/Package.swift Benchmarks/Sources

bench: build ## figures beside limits and peers, as one table
	$(SWIFT) run $(BUILD) --package-path Benchmarks secure_chat_benchmarks --binaries .build/release

fuzz: build ## the fuzzer: every target for 100,000 runs or 20 s
	Fuzz/run

DEEP_PROGRAMS := 'floodOfInitiations|aCutConfirmationConverges|KilledAtWrites'
DEEP_COMPUTING := 'PairTests|LogDamageTests|HonestVillageTests|FalseRelayTests'

deep: build ## the long run: floods, cuts, kills, simulation, log edits; each fuzz target for DEEP_SECONDS (600)
	SECURE_CHAT_FLOOD_SECONDS=20 SECURE_CHAT_EVERY_OFFSET=1 $(TEST) --filter $(DEEP_PROGRAMS)
	SECURE_CHAT_SEEDS=200000 SECURE_CHAT_EDITS=500000 SECURE_CHAT_VILLAGE_SEEDS=40 $(TEST) --filter $(DEEP_COMPUTING)
	FUZZ_RUNS=-1 FUZZ_SECONDS=$(or $(DEEP_SECONDS),600) Fuzz/run

install: build ## programs, man pages and shell completions, below PREFIX (default /usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	  $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	install -m 755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	install -m 644 packaging/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	for program in secure_chat secure_chat_log; do \
	  .build/release/$$program completion bash > $(SHARE)/bash-completion/completions/$$program && \
	  .build/release/$$program completion zsh > $(SHARE)/zsh/site-functions/_$$program && \
	  .build/release/$$program completion fish > $(SHARE)/fish/vendor_completions.d/$$program.fish || exit 1; \
	done

clean: ## remove what was built
	rm -rf .build

# Indusmind. `make help` lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

OUTPUT := $(or $(CARGO_TARGET_DIR),target)/x86_64-unknown-linux-gnu
PEERS := $(abspath $(or $(CARGO_TARGET_DIR),target))/peers
TIMED := @packaging/timed.sh
PROVE := $(abspath $(or $(CARGO_TARGET_DIR),target))/prove
FOREIGN := $(abspath $(or $(CARGO_TARGET_DIR),target))/foreign
PAGE_TOOLS := frontend/node_modules/.package-lock.json

.PHONY: help run test dist bench bench-peers bench-modbus bench-alerts bench-auth bench-reports bench-page bench-fleet torture lint api fuzz-api clean \
	tools binary lint-rust test-rust lint-page test-page current journeys deb installer bundle prove-install prove-update prove-alone prove-rescue prove-boot \
	prove-name prove-container prove-kiosk prove-restore prove-qemu

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1@\2/p' Makefile | awk -F@ '{ printf "%-24s%s\n", $$1, $$2 }'

run: ## build, then run a simulated plant and open its page (needs only Rust)
	@packaging/need.sh cargo
	$(TIMED) "Build (the first time takes some minutes)" cargo build --release
	@exec $(OUTPUT)/release/indusmind demo --data-dir demo-data --open

test: tools binary lint-rust lint-page test-rust test-page current journeys prove-name ## every test there is
	@printf '\nAll tests passed.\n'

dist: binary ## the static binary that ships, in dist/, and the proof that it needs nothing
	@packaging/need.sh file curl
	$(TIMED) "Proof: static, small, alone in an empty chroot" packaging/prove-static.sh dist/indusmind

deb: binary ## the Debian package, in dist/ (no network, no root)
	$(TIMED) "Debian package" packaging/deb.sh dist/indusmind dist/indusmind-launcher dist

installer: binary ## one file that installs itself, in dist/
	$(TIMED) "Installer" dist/indusmind installer --launcher dist/indusmind-launcher --out dist/indusmind-installer
	@chmod 755 dist/indusmind-installer

bundle: binary ## a signed update for the stick, in dist/ (KEY=file of the secret key, kept elsewhere)
	@test -n "$${KEY:-}" || { echo "Say which key signs it: make bundle KEY=/somewhere/else/maker.key" >&2; exit 1; }
	$(TIMED) "Update bundle" dist/indusmind bundle make --key "$$KEY" --notes CHANGELOG.md --out dist

prove-install: ## install, update, take away what is in dist/ in a fresh Debian root (needs root, debootstrap)
	@test -x dist/indusmind || { echo "dist/ holds no binary: make dist first" >&2; exit 1; }
	$(TIMED) "Debian package" packaging/deb.sh dist/indusmind dist/indusmind-launcher dist
	$(TIMED) "Installer" bash -c 'dist/indusmind installer --launcher dist/indusmind-launcher --out dist/indusmind-installer \
		&& chmod 755 dist/indusmind-installer'
	$(TIMED) "Installation in a fresh Debian root" packaging/prove-install.sh dist $(PROVE)

prove-alone: tools ## browser journeys in a network without a way out, every address noted (needs root)
	@test -x dist/indusmind || { echo "dist/ holds no binary: make dist first" >&2; exit 1; }
	$(TIMED) "Journeys without a network" packaging/prove-alone.sh dist/indusmind

prove-update: tools ## a stick through good, bad and forged updates in a fresh Debian root, with a debug build (needs root)
	@packaging/need.sh cargo
	$(TIMED) "Debug build" cargo build --quiet
	$(TIMED) "Updates by stick" packaging/prove-update.sh $(OUTPUT)/debug/indusmind $(OUTPUT)/debug/indusmind-launcher $(PROVE)

prove-rescue: ## 50 damaged data files end in the whole appliance or in the rescue page (CASES=n, PROVE_SEED=n)
	@test -x dist/indusmind || { echo "dist/ holds no binary: make dist first" >&2; exit 1; }
	@packaging/need.sh python3
	$(TIMED) "Damaged data files" python3 packaging/prove/damage.py dist $${CASES:-50} $${PROVE_SEED:-}

prove-restore: ## a backup of 2 GB made, proven, restored on an empty machine, timed (SIZE_MB=n; disk: six times as much)
	@test -x dist/indusmind || { echo "dist/ holds no binary: make dist first" >&2; exit 1; }
	$(TIMED) "Restore of a large backup" packaging/prove-restore.sh dist/indusmind $${SIZE_MB:-2048}

prove-name: ## found as indusmind.local on a network of three machines, one name each (needs root)
	@test -x dist/indusmind || { echo "dist/ holds no binary: make dist first" >&2; exit 1; }
	$(TIMED) "The name in the network" packaging/prove-name.sh dist/indusmind

prove-container: ## the image is built, started, stopped, and goes on with its volume (needs root, podman)
	@test -x dist/indusmind || { echo "dist/ holds no binary: make dist first" >&2; exit 1; }
	$(TIMED) "Container" packaging/prove-container.sh dist/indusmind

prove-kiosk: tools ## the kiosk session with cage is let in and outlives restarts (needs root, cage)
	@test -x dist/indusmind || { echo "dist/ holds no binary: make dist first" >&2; exit 1; }
	$(TIMED) "Kiosk session" packaging/prove-kiosk.sh dist/indusmind

prove-boot: prove-install ## the same on a booted Debian whose power is cut (CUTS=n, 20 otherwise; PROVE_SEED=n)
	$(TIMED) "Booted Debian, power cuts" packaging/prove-boot.sh dist $(PROVE) $${CUTS:-20}

prove-qemu: ## the package on a whole machine under qemu whose power is cut (CUTS=n, 5 otherwise; slow; PROVE_SEED=n; needs root)
	@test -x dist/indusmind || { echo "dist/ holds no binary: make dist first" >&2; exit 1; }
	$(TIMED) "Debian package" packaging/deb.sh dist/indusmind dist/indusmind-launcher dist
	$(TIMED) "Debian under qemu, power cuts" packaging/prove-qemu.sh dist $(PROVE) $${CUTS:-5}

bench: ## how fast the store is on this machine, beside SQLite (INDUSMIND_BENCH=full: a month of history)
	@packaging/need.sh cargo
	@packaging/static-flags.sh
	$(TIMED) "Benches" cargo bench --profile release --bench bench --bench codec --bench files

bench-peers: ## the same questions to InfluxDB and VictoriaMetrics, from Debian's packages
	@packaging/need.sh cargo
	@packaging/static-flags.sh
	$(TIMED) "Peers" packaging/bench-peers.sh $(PEERS)
	$(TIMED) "Benches beside peers" cargo bench --profile release --bench bench -- peers $(PEERS)

bench-modbus: ## 200 devices every second, and reads per second of CPU beside pymodbus and modbus-serial
	@packaging/need.sh cargo
	@packaging/static-flags.sh
	$(TIMED) "Modbus clients to compare with" packaging/bench-modbus.sh $(FOREIGN)
	$(TIMED) "Bench of the pollers" cargo bench --profile release --bench modbus -- peers $(FOREIGN)

bench-alerts: ## what alerts cost, and lists of many (INDUSMIND_BENCH_ALERTS=n, 100,000 otherwise)
	@packaging/need.sh cargo
	@packaging/static-flags.sh
	$(TIMED) "Bench of the alerts" cargo bench --profile release --bench alerts

bench-auth: ## a flood of wrong passwords, and how long the control room waits to sign in
	@packaging/need.sh cargo
	@packaging/static-flags.sh
	$(TIMED) "Bench of the sign-in" cargo bench --profile release --bench auth

bench-reports: ## reports of two years of a hundred meters (INDUSMIND_BENCH_REPORTS=meters,days)
	@packaging/need.sh cargo
	@packaging/static-flags.sh
	$(TIMED) "Bench of the reports" cargo bench --profile release --bench reports

bench-page: $(PAGE_TOOLS) ## a year of readings every five seconds under the hand, in Chromium, with dist/indusmind
	@packaging/need.sh node chromium
	$(TIMED) "Bench of the page" env INDUSMIND_BINARY=$(abspath dist/indusmind) CHROMIUM=$$(packaging/chromium.sh) \
		node tests/e2e/bench/year.mjs

bench-fleet: ## 2,000 cold cells that push every minute, killed three times: what is acknowledged, and how soon
	@packaging/need.sh cargo
	@packaging/static-flags.sh
	$(TIMED) "Fleet under kill -9" env CRASH_DEVICES=2000 CRASH_ROUND_MS=60000 CRASH_KILLS=3 \
		cargo test --profile release --test crash -- --nocapture no_acknowledged_push

torture: ## power cuts, full and broken disks, flipped bits: 10,000 of each (INDUSMIND_TORTURE=n)
	@packaging/need.sh cargo
	@packaging/static-flags.sh
	@mkdir -p $(OUTPUT)
	$(TIMED) "Torture" env INDUSMIND_TORTURE=$${INDUSMIND_TORTURE:-10000} RUST_BACKTRACE=0 \
		bash -o pipefail -c 'cargo test --release --lib -- simulated:: power_cut:: model_tests:: tampering_tests:: week:: 2> $(OUTPUT)/torture.err \
		| tee $(OUTPUT)/torture.log' || { tail -20 $(OUTPUT)/torture.err; failed=1; }; \
		printf '\nWhat was seen (all of it: $(OUTPUT)/torture.log):\n'; \
		grep -E ' runs, seeds | seed [0-9]+: |INDUSMIND_SEED|^\{' $(OUTPUT)/torture.log || true; \
		exit $${failed:-0}
	$(TIMED) "A flood at the way in" env INDUSMIND_TORTURE=$${INDUSMIND_TORTURE:-10000} \
		cargo test --release --test api -- login_flood::

lint: tools lint-rust lint-page ## format and lints, of Rust and of the page

api: tools ## make the API document of the page and the types from it
	$(TIMED) "API document" bash -c 'new=$$(mktemp) && cargo run --quiet -- openapi > "$$new" && mv "$$new" frontend/openapi.json'
	$(TIMED) "Types of the page" npm --prefix frontend run api

fuzz-api: ## ask every route with broken requests as each role (FUZZ_EXAMPLES=n, FUZZ_ROLES="…")
	@packaging/need.sh cargo
	$(TIMED) "Debug build" cargo build --quiet
	$(TIMED) "Fuzzing of the API" packaging/schemathesis.sh $${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/debug/indusmind

clean: ## remove what was built and installed here
	rm -rf target dist test-results frontend/node_modules

# The steps of `make test`.

tools: $(PAGE_TOOLS)
	@packaging/need.sh cargo

$(PAGE_TOOLS): frontend/package.json frontend/package-lock.json
	@packaging/need.sh node
	$(TIMED) "Packages of the page" npm --prefix frontend ci --no-audit --no-fund
	@touch $@

binary:
	@packaging/need.sh cargo
	@packaging/static-flags.sh
	$(TIMED) "Build of the binary that ships" cargo build --profile dist
	@mkdir -p dist && cp $(OUTPUT)/dist/indusmind $(OUTPUT)/dist/indusmind-launcher dist/

lint-rust:
	$(TIMED) "Rust: format" cargo fmt --check
	$(TIMED) "Rust: lints" cargo clippy --all-targets --quiet -- -D warnings

test-rust:
	@packaging/need.sh mosquitto openssl || echo "NOT RUN: the tests with a real MQTT broker"
	$(TIMED) "Modbus servers that are not ours" packaging/foreign-servers.sh $(FOREIGN)
	$(TIMED) "Rust: tests" env INDUSMIND_BINARY=$(abspath dist/indusmind) INDUSMIND_FOREIGN=$(FOREIGN) cargo test

lint-page:
	$(TIMED) "Page: lints" npm --prefix frontend run lint
	$(TIMED) "Page: types" npm --prefix frontend run typecheck

test-page:
	$(TIMED) "Page: unit tests" npm --prefix frontend run test

current:
	$(TIMED) "Page: what is committed is current" packaging/page-is-current.sh dist/indusmind

journeys:
	$(TIMED) "Browser journeys" packaging/journeys.sh dist/indusmind

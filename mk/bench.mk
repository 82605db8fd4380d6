# Benchmarks are release builds; their first line names their rooms, as in tests.
#   make bench        all but the parts asked for by name; BENCH="memory first_packet" measures single parts
#   make bench-acd    the ACD with 100 to 100,000 waiting calls: ns per event, as JSON on stdout
#   make profile      flame graphs of the daemon under PROFILE="queue_rate talks": $(B)/profile/*.svg
# Works from any place of the Makefile, and beside it: make -f Makefile -f mk/bench.mk bench-acd
ifndef BENCH_MK
BENCH_MK := 1
.PHONY: bench bench-acd profile
BENCH ?=
PROFILE ?=
BENCH_BINS := $(addprefix $(B)/bench/,bench_acd bare_b2bua sink load_calls load_talks bare_relay lines load_house load_saves leftover)
bench: $(B)/hotlined tools $(BENCH_BINS)
	@B=$(B) taskset -c 1 $(NODE) tests/bench/run.mjs $(BENCH)
profile: export BENCH_STEPS ?= 300
profile: export BENCH_SECONDS ?= 10
profile: $(B)/hotlined tools $(BENCH_BINS)
	@command -v perf >/dev/null || { echo "make profile needs perf (Debian: linux-perf; make deps-profile)" >&2; exit 1; }
	@B=$(B) taskset -c 1 $(NODE) tests/bench/profile.mjs $(PROFILE)

$(addprefix $(B)/bench/,bare_b2bua sink load_talks load_saves bare_relay leftover): $(B)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	@echo "  CC    $@" >&2
	@$(CC) $(BASE_CFLAGS) $(REL_CFLAGS) -o $@ $< $(PKG_LIBS)

LOAD_C := $(addprefix tests/bench/,load_calls.c load_callers.c load_agents.c load_net.c sip_text.c)
$(B)/bench/load_calls: $(LOAD_C) tests/bench/load.h tests/bench/sip_text.h
	@mkdir -p $(@D)
	@echo "  CC    $@" >&2
	@$(CC) $(BASE_CFLAGS) $(REL_CFLAGS) -o $@ $(LOAD_C)

bench-acd: $(B)/bench/bench_acd
	@$<

# Expanded last, because rel_obj and srcs_of may be defined further down.
.SECONDEXPANSION:
$(B)/bench/bench_acd $(B)/bench/lines $(B)/bench/load_house: $(B)/bench/%: $$(call rel_obj,tests/bench/$$*.c $$(call with_of,tests/bench/$$*.c) $$(call srcs_of,tests/bench/$$*.c))
	@mkdir -p $(@D)
	@echo "  LD    $@" >&2
	@$(CC) $(REL_CFLAGS) -o $@ $^ $(PKG_LIBS)
endif

# Benchmarks are release builds; their first line names their rooms, as in tests.
#   make bench        everything, under ten minutes; BENCH="memory first_packet" measures single parts
#   make bench-acd    the ACD with 10,000 waiting calls: ns per event, as JSON on stdout
# Works from any place of the Makefile, and beside it: make -f Makefile -f mk/bench.mk bench-acd
ifndef BENCH_MK
BENCH_MK := 1
.PHONY: bench bench-acd
BENCH ?=
bench: $(B)/hotlined tools $(addprefix $(B)/bench/,bench_acd bare_b2bua sink load_calls)
	@B=$(B) taskset -c 1 $(NODE) tests/bench/run.mjs $(BENCH)

$(addprefix $(B)/bench/,bare_b2bua sink): $(B)/bench/%: tests/bench/%.c
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
$(B)/bench/bench_acd: $$(call rel_obj,tests/bench/bench_acd.c $$(call srcs_of,tests/bench/bench_acd.c))
	@mkdir -p $(@D)
	@echo "  LD    $@" >&2
	@$(CC) $(REL_CFLAGS) -o $@ $^ $(PKG_LIBS)
endif

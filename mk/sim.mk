# The simulations at length (docs/testing.md).
#   make soak       random schedules for SOAK_MINUTES (two hours), new seeds all the time; stops at the first failure
#   make mutants    small faults put into a copy of the engines, each of which a test must notice; T=talk.c: those
SOAK_MINUTES ?= 120
.PHONY: soak mutants
soak: $(B)/tests/sim/test_telephony
	@ONLY=schedules MINUTES=$(SOAK_MINUTES) CMOCKA_MESSAGE_OUTPUT=TAP $<
mutants:
	@B=$(B) CC="$(CC)" JOBS=$(JOBS) T=$(T) $(NODE) tests/mutants/run.mjs

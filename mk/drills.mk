# The failure drills at length (docs/drills.md): three minutes without PostgreSQL, a hundred talks killed,
# 5,000 idle connections. Release build, one file after the other: they measure. T=kill: that one alone.
.PHONY: drills
drills: $(B)/hotlined tools
	@mkdir -p $(B)/log; bad=0; for t in $(or $(T),store lock kill net clock load overload http disk); do \
	    DRILL=long HOTLINED=$(abspath $(B))/hotlined B=$(B) $(NODE) --test --test-reporter=tap \
	        tests/system/drills_$$t.test.mjs >$(B)/log/drills_$$t.tap || bad=1; \
	    grep -E '^(# lost|# a call|# PostgreSQL|# ended|ok|not ok)|error: ' $(B)/log/drills_$$t.tap; \
	done; exit $$bad

# A wall clock that can be set for one process (drill 6).
tools: $(B)/tools/clock.so
$(B)/tools/clock.so: tests/tools/clock/clock.c
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) -std=c17 $(WARN) $(REL_CFLAGS) -fPIC -shared -o $@ $<

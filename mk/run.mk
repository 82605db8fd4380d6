# make run: the demo region on this machine, under var/. Repeatable; Ctrl-C stops it.
# make call: places a real call to a demo number, with a spoken caller.
CITY ?= nanning
FROM ?= 13877100001
KEYS ?= 1
run: deps
	@$(MAKE) --no-print-directory -j$(JOBS) B=$(B) build tools
	@B=$(B) scripts/run
call: $(B)/tools/caller
	@B=$(B) scripts/call CITY=$(CITY) FROM=$(FROM) KEYS=$(KEYS) $(CALL_ARGS)

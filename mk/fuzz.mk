# Hostile input: every parser under libFuzzer with ASan and UBSan (docs/fuzzing.md). Needs clang, which
# make deps installs; the daemon itself is never built with it.
#   make fuzz             all targets, FUZZ_SECONDS each (an hour), JOBS beside each other
#   make fuzz T=sdp       one of them
#   make fuzz-coverage    share of each parser's lines that the kept inputs reach
#   make fuzz-keep T=sdp  takes over what the fuzzer found and reaches something new
FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 3600
# Warnings are the business of the real compiler.
FUZZ_CFLAGS  := -w -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
                -fsanitize=address,undefined,float-cast-overflow
COVER_CFLAGS := -w -O0 -g -fprofile-instr-generate -fcoverage-mapping
FUZZ_NAMES   := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_BINS    := $(patsubst %,$(B)/fuzz/fuzz_%,$(FUZZ_NAMES))

# What targets share: the other files of the folder.
FUZZ_SHARED := $(filter-out fuzz_%,$(notdir $(basename $(wildcard tests/fuzz/*.c))))

# Targets link a library of these rooms: the linker takes what a target needs, and where a target
# brings a function of its own (a socket, a device), that one.
FUZZ_SRCS := $(foreach r,base store http sip media speech acd ivr access route directory,$(sort $(wildcard src/$(r)/*.c src/$(r)/*/*.c))) \
             src/api/params.c src/telephony/along.c src/telephony/bot_rules.c src/telephony/bot_dialog.c

.PHONY: fuzz fuzz-build fuzz-coverage fuzz-keep
fuzz: fuzz-build
	@B=$(B) FUZZ_SECONDS=$(FUZZ_SECONDS) JOBS=$(JOBS) tests/fuzz/run $(or $(T),$(FUZZ_NAMES))
fuzz-build: $(FUZZ_BINS)
fuzz-coverage: $(patsubst %,$(B)/cover/fuzz_%,$(FUZZ_NAMES))
	@B=$(B) tests/fuzz/coverage $(FUZZ_NAMES)
fuzz-keep: fuzz-build
	@B=$(B) tests/fuzz/run --keep $(or $(T),$(FUZZ_NAMES))

# fuzz: to find; cover: to measure. $(1) is the folder, $(2) the flags.
define FUZZ_RULES
$(B)/$(1)/obj/%.o: %.c $(B)/gen/.stamp
	@mkdir -p $$(@D)
	@echo "  FUZZ  $$<"
	@$(FUZZ_CC) $$(BASE_CFLAGS) $(2) -fsanitize=fuzzer-no-link -DHOTLINED_VERSION='"fuzz"' -c $$< -o $$@
$(B)/$(1)/obj/gen/%.o: $(B)/gen/%.c
	@mkdir -p $$(@D)
	@$(FUZZ_CC) $$(BASE_CFLAGS) $(2) -fsanitize=fuzzer-no-link -c $$< -o $$@
$(B)/$(1)/hotlined.a: $(patsubst %.c,$(B)/$(1)/obj/%.o,$(FUZZ_SRCS)) $(B)/$(1)/obj/gen/statements.o $(B)/$(1)/obj/gen/schema.o
	@rm -f $$@
	@ar rcs $$@ $$^
$(B)/$(1)/shared.a: $(patsubst %,$(B)/$(1)/obj/tests/fuzz/%.o,$(FUZZ_SHARED))
	@rm -f $$@
	@ar rcs $$@ $$^
$(B)/$(1)/fuzz_%: $(B)/$(1)/obj/tests/fuzz/fuzz_%.o $(B)/$(1)/shared.a $(B)/$(1)/hotlined.a
	@echo "  LD    $$@"
	@$(FUZZ_CC) $(2) -fsanitize=fuzzer -o $$@ $$^ $$(PKG_LIBS)
endef
$(eval $(call FUZZ_RULES,fuzz,$(FUZZ_CFLAGS)))
$(eval $(call FUZZ_RULES,cover,$(COVER_CFLAGS)))
.PRECIOUS: $(B)/fuzz/obj/%.o $(B)/cover/obj/%.o

-include $(shell find $(B)/fuzz $(B)/cover -name '*.d' 2>/dev/null)

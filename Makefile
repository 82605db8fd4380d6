# hotlined. The two commands a newcomer needs:
#   make run    install what is missing, build, private PostgreSQL, migrate, seed, start
#   make test   install, build, run all tests; ends with "N passed, N failed"
#
# B is the build directory (helpers and CI may use their own), ROOMS the folders of src/ in C.
B      ?= build
CC     := gcc
NODE   ?= node
JOBS   ?= $(shell nproc)
PKGS   := sofia-sip-ua libpq libevent libevent_pthreads openssl libcjson libmicrohttpd sqlite3 libevent_openssl \
          libconfig xlsxwriter libsystemd libmpg123
# Expanded only when compiling, so that `make deps` works on a machine without the libraries.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS)) -lspandsp -lm -lpthread
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

WARN   := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
          -Wno-missing-field-initializers
BASE_CFLAGS = -std=c17 -D_GNU_SOURCE $(WARN) -Iinclude -I$(B)/gen -Isrc $(PKG_CFLAGS) -MMD -MP
REL_CFLAGS  := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
ASAN_CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined

ROOMS := base store http sip media speech query acd ivr stage access route directory telephony recognition sms api
SRCS  := $(foreach r,$(ROOMS),$(sort $(wildcard src/$(r)/*.c src/$(r)/*/*.c)))
MAIN  := $(sort $(wildcard src/main/*.c))
GEN   := $(B)/gen/hotlined/statements.h $(B)/gen/statements.c $(B)/gen/schema.c
rel_obj  = $(patsubst %.c,$(B)/rel/%.o,$(1))
asan_obj = $(patsubst %.c,$(B)/asan/%.o,$(1))

.PHONY: all deps build run call test unit sim system browser bench lint format install clean web
all: build

build: $(B)/hotlined web

-include mk/deps.mk mk/run.mk mk/install.mk mk/sim.mk mk/fuzz.mk mk/bench.mk mk/drills.mk

# --- generated from sql/: the named statements and the migrations ------------------------------
SQL_QUERIES := $(sort $(wildcard sql/queries/*.sql))
SQL_SCHEMA  := $(sort $(wildcard sql/schema/*.sql))
$(B)/gen/.stamp: $(SQL_QUERIES) $(SQL_SCHEMA) scripts/embed-sql
	@mkdir -p $(B)/gen/hotlined
	@scripts/embed-sql $(B)/gen
	@touch $@
# The empty recipe makes make look at the times of the files again.
$(GEN): $(B)/gen/.stamp ;

# The commit changes each time: only those who say it are compiled with it, so that a compiler cache
# knows all others.
SAYS_VERSION := src/api/openapi.c src/main/daemon.c src/main/main.c
version_of = $(if $(filter $(SAYS_VERSION),$(1)),-DHOTLINED_VERSION='"$(VERSION)"')
# Written when it is another one: a tree that was pulled says what it is now.
$(B)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(foreach f,$(SAYS_VERSION),$(call rel_obj,$(f)) $(call asan_obj,$(f))): $(B)/version
FORCE:

# --- objects ------------------------------------------------------------------------------------
$(B)/rel/%.o: %.c $(B)/gen/.stamp
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(BASE_CFLAGS) $(REL_CFLAGS) $(call version_of,$<) -c $< -o $@
$(B)/asan/%.o: %.c $(B)/gen/.stamp
	@mkdir -p $(@D)
	@echo "  ASAN  $<"
	@$(CC) $(BASE_CFLAGS) $(ASAN_CFLAGS) $(call version_of,$<) -c $< -o $@
$(B)/rel/gen/%.o: $(B)/gen/%.c
	@mkdir -p $(@D)
	@$(CC) $(BASE_CFLAGS) $(REL_CFLAGS) -c $< -o $@
$(B)/asan/gen/%.o: $(B)/gen/%.c
	@mkdir -p $(@D)
	@$(CC) $(BASE_CFLAGS) $(ASAN_CFLAGS) -c $< -o $@
GEN_REL  := $(B)/rel/gen/statements.o $(B)/rel/gen/schema.o
GEN_ASAN := $(B)/asan/gen/statements.o $(B)/asan/gen/schema.o

$(B)/hotlined: $(call rel_obj,$(MAIN) $(SRCS)) $(GEN_REL)
	@echo "  LD    $@"
	@$(CC) $(REL_CFLAGS) -o $@ $^ $(PKG_LIBS)
$(B)/hotlined-asan: $(call asan_obj,$(MAIN) $(SRCS)) $(GEN_ASAN)
	@echo "  LD    $@"
	@$(CC) $(ASAN_CFLAGS) -o $@ $^ $(PKG_LIBS)

# --- tests in C: the first line of a test names the rooms it links: /* rooms: base acd */ --------
# tests/unit/test_x.c and tests/sim/test_x.c may have helpers in the same folder named x_*.c, listed
# on the second line: /* with: tests/sim/acd_model.c */. A simulation names on the third line the
# files of its rooms that it replaces: /* without: src/base/loop.c */
C_TESTS := $(sort $(wildcard tests/unit/test_*.c tests/sim/test_*.c))
TEST_BINS := $(patsubst tests/%.c,$(B)/tests/%,$(C_TESTS))
rooms_of = $(shell sed -n '1s,^/\* rooms:\(.*\)\*/.*,\1,p' $(1))
with_of  = $(wildcard $(shell sed -n '2s,^/\* with:\(.*\)\*/.*,\1,p' $(1)))
without_of = $(shell sed -n '3s,^/\* without:\(.*\)\*/.*,\1,p' $(1))
srcs_of  = $(filter-out $(call without_of,$(1)),$(foreach r,$(call rooms_of,$(1)),$(wildcard src/$(r)/*.c src/$(r)/*/*.c)))
define TEST_RULE
$(B)/tests/$(1): $(call asan_obj,tests/$(1).c $(call with_of,tests/$(1).c) $(call srcs_of,tests/$(1).c)) $(if $(filter store,$(call rooms_of,tests/$(1).c)),$(GEN_ASAN))
	@mkdir -p $$(@D)
	@echo "  LD    $$@"
	@$$(CC) $$(ASAN_CFLAGS) -o $$@ $$^ $$(PKG_LIBS) -lcmocka $$(TEST_LIBS_$(notdir $(1)))
endef
$(foreach t,$(patsubst tests/%.c,%,$(C_TESTS)),$(eval $(call TEST_RULE,$(t))))
TEST_LIBS_test_srtp := -lsrtp2

# One C test:  make check T=unit/test_acd   (builds only the rooms it names)
check: $(B)/tests/$(T)
	$(B)/tests/$(T)

unit: $(filter $(B)/tests/unit/%,$(TEST_BINS))
sim: $(filter $(B)/tests/sim/%,$(TEST_BINS))

test: deps
	@$(MAKE) --no-print-directory -j$(JOBS) B=$(B) build $(B)/hotlined-asan tools
	@B=$(B) MAKING='$(MAKE) --no-print-directory -j$(JOBS) B=$(B) unit sim fuzz-build' tests/run

# Tools may link rooms too (/* rooms: */ and /* with: */ as tests do); they are release builds.
C_TOOLS   := $(sort $(wildcard tests/tools/*.c))
TOOL_BINS := $(patsubst tests/tools/%.c,$(B)/tools/%,$(C_TOOLS))
tools: $(TOOL_BINS)
define TOOL_RULE
$(B)/tools/$(1): $(call rel_obj,tests/tools/$(1).c $(call with_of,tests/tools/$(1).c) $(call srcs_of,tests/tools/$(1).c))
	@mkdir -p $$(@D)
	@echo "  LD    $$@"
	@$$(CC) $$(REL_CFLAGS) -o $$@ $$^ $$(PKG_LIBS)
endef
$(foreach t,$(patsubst tests/tools/%.c,%,$(C_TOOLS)),$(eval $(call TOOL_RULE,$(t))))

# --- pages ---------------------------------------------------------------------------------------
WEB_FILES := $(shell find src/web -path src/web/node_modules -prune -o -path src/web/dist -prune -o -type f -print 2>/dev/null)
web: $(if $(wildcard src/web/package.json),src/web/dist/index.html)
src/web/node_modules/.stamp: src/web/package-lock.json
	@cd src/web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
src/web/dist/index.html: src/web/node_modules/.stamp $(WEB_FILES)
	@cd src/web && npm run --silent build
	@touch $@

# --- upkeep --------------------------------------------------------------------------------------
C_FILES := $(sort $(wildcard src/*/*.[ch] src/*/*/*.[ch] include/hotlined/*.h tests/*/*.[ch] tests/*/*/*.[ch]))
format:
	@clang-format -i $(C_FILES)
lint:
	@clang-format --dry-run -Werror $(C_FILES)
	@scripts/lint
clean:
	rm -rf $(B) src/web/dist

-include $(shell find $(B)/rel $(B)/asan -name '*.d' 2>/dev/null)

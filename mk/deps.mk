# Everything hotlined needs comes from Debian 12's packages (named with reasons in
# docs/dependencies.md) and, for the pages, from the npm registry. Installs only what is missing;
# as root directly, else through sudo.
DEPS_BUILD := gcc make git pkg-config libsofia-sip-ua-dev libpq-dev libevent-dev libssl-dev libcjson-dev \
              libmicrohttpd-dev libsqlite3-dev libconfig-dev libxlsxwriter-dev libspandsp-dev libsystemd-dev \
              libmpg123-dev
DEPS_RUN   := postgresql-15 postgresql-client-15 espeak-ng openssl ca-certificates
DEPS_TEST  := libcmocka-dev libsrtp2-dev sip-tester chromium fonts-noto-cjk sox curl clang llvm libclang-rt-14-dev \
              sqlite3 baresip-core kamailio kamailio-tls-modules iproute2
DEPS_PROFILE := linux-perf
deps:
	@scripts/deps $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_TEST)
# Only for make profile: perf belongs to a kernel, and a container may have none.
.PHONY: deps-profile
deps-profile:
	@scripts/deps $(DEPS_PROFILE)

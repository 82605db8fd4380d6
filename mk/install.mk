# make install: program, pages, documents, configuration, systemd unit and the system user. DESTDIR and PREFIX
# are honoured; a configuration that is there stays.
PREFIX ?= /usr/local
BIN_DIR   = $(DESTDIR)$(PREFIX)/bin
SHARE_DIR = $(DESTDIR)$(PREFIX)/share/hotlined
DOC_DIR   = $(DESTDIR)$(PREFIX)/share/doc/hotlined
CONF_DIR  = $(DESTDIR)/etc/hotlined
UNIT_DIR  = $(DESTDIR)/etc/systemd/system
install: build
	install -d $(BIN_DIR) $(SHARE_DIR) $(DOC_DIR) $(CONF_DIR) $(UNIT_DIR)
	install -m 755 $(B)/hotlined $(BIN_DIR)/hotlined
	rm -rf $(SHARE_DIR)/web $(DOC_DIR)/docs
	cp -r src/web/dist $(SHARE_DIR)/web
	cp -r docs $(DOC_DIR)/docs
	chmod -R u=rwX,go=rX $(SHARE_DIR)/web $(DOC_DIR)/docs
	install -m 644 README.md README.zh-CN.md LICENSE $(DOC_DIR)
	test -e $(CONF_DIR)/hotlined.conf || { \
	    sed 's,/usr/local/,$(PREFIX)/,' conf/hotlined.conf >$(CONF_DIR)/hotlined.conf && \
	    chmod 640 $(CONF_DIR)/hotlined.conf; }
	sed 's,/usr/local/,$(PREFIX)/,' conf/hotlined.service >$(UNIT_DIR)/hotlined.service
	chmod 644 $(UNIT_DIR)/hotlined.service
	test -n "$(DESTDIR)" || id hotlined >/dev/null 2>&1 || \
	    useradd --system --home-dir /var/lib/hotlined --shell /usr/sbin/nologin hotlined
	test -n "$(DESTDIR)" || chgrp hotlined /etc/hotlined/hotlined.conf
	@echo "Installed. Next: create the database (docs/deployment.zh-CN.md), hotlined --migrate, systemctl enable --now hotlined"

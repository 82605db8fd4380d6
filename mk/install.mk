# make install: program, pages, configuration, systemd unit and the system user. DESTDIR is honoured.
PREFIX ?= /usr/local
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/hotlined $(DESTDIR)/etc/hotlined \
	    $(DESTDIR)/etc/systemd/system $(DESTDIR)$(PREFIX)/share/doc/hotlined
	install -m 755 $(B)/hotlined $(DESTDIR)$(PREFIX)/bin/hotlined
	rm -rf $(DESTDIR)$(PREFIX)/share/hotlined/web
	cp -r src/web/dist $(DESTDIR)$(PREFIX)/share/hotlined/web
	test -e $(DESTDIR)/etc/hotlined/hotlined.conf || \
	    install -m 640 conf/hotlined.conf $(DESTDIR)/etc/hotlined/hotlined.conf
	install -m 644 conf/hotlined.service $(DESTDIR)/etc/systemd/system/hotlined.service
	install -m 644 README.md LICENSE $(DESTDIR)$(PREFIX)/share/doc/hotlined
	test -n "$(DESTDIR)" || id hotlined >/dev/null 2>&1 || \
	    useradd --system --home-dir /var/lib/hotlined --shell /usr/sbin/nologin hotlined
	test -n "$(DESTDIR)" || chgrp hotlined /etc/hotlined/hotlined.conf
	@echo "Installed. Next: create the database (docs/deployment.zh-CN.md), hotlined --migrate, systemctl enable --now hotlined"

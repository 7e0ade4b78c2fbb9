/* SPDX-License-Identifier: MIT */
/*
 * The keywords that haproxy knows and halb does not do yet: each is an error that says so, never
 * skipped. A keyword leaves this file for the section file that does it. Those that are wrong in a
 * section are reported as such there too.
 */
#include "config/keyword.h"

#define LATER(name, where)                                                                         \
	{                                                                                          \
		name, where, KEYWORD_LATER, 0, 0, 0, NULL, NULL                                    \
	}

enum { NOT_DEFAULTS = IN_FRONTEND | IN_LISTEN | IN_BACKEND };

KEYWORDS(
    keyword_later_global, LATER("51degrees-cache-size", IN_GLOBAL),
    LATER("51degrees-data-file", IN_GLOBAL), LATER("51degrees-property-name-list", IN_GLOBAL),
    LATER("51degrees-property-separator", IN_GLOBAL), LATER("anonkey", IN_GLOBAL),
    LATER("deviceatlas-json-file", IN_GLOBAL), LATER("deviceatlas-log-level", IN_GLOBAL),
    LATER("deviceatlas-properties-cookie", IN_GLOBAL), LATER("deviceatlas-separator", IN_GLOBAL),
    LATER("dns-accept-family", IN_GLOBAL), LATER("external-check", IN_GLOBAL),
    LATER("grace", IN_GLOBAL), LATER("h1-accept-payload-with-any-method", IN_GLOBAL),
    LATER("h1-case-adjust", IN_GLOBAL), LATER("h1-case-adjust-file", IN_GLOBAL),
    LATER("h1-do-not-close-on-insecure-transfer-encoding", IN_GLOBAL),
    LATER("harden.reject-privileged-ports.quic", IN_GLOBAL),
    LATER("harden.reject-privileged-ports.tcp", IN_GLOBAL), LATER("http-err-codes", IN_GLOBAL),
    LATER("http-fail-codes", IN_GLOBAL), LATER("httpclient.resolvers.disabled", IN_GLOBAL),
    LATER("httpclient.resolvers.id", IN_GLOBAL), LATER("httpclient.resolvers.prefer", IN_GLOBAL),
    LATER("httpclient.retries", IN_GLOBAL), LATER("httpclient.ssl.ca-file", IN_GLOBAL),
    LATER("httpclient.ssl.verify", IN_GLOBAL), LATER("httpclient.timeout.connect", IN_GLOBAL),
    LATER("key-base", IN_GLOBAL), LATER("limited-quic", IN_GLOBAL), LATER("lua-load", IN_GLOBAL),
    LATER("lua-load-per-thread", IN_GLOBAL), LATER("lua-prepend-path", IN_GLOBAL),
    LATER("maxcompcpuusage", IN_GLOBAL), LATER("maxcomprate", IN_GLOBAL),
    LATER("maxsessrate", IN_GLOBAL), LATER("maxzlibmem", IN_GLOBAL), LATER("no-quic", IN_GLOBAL),
    LATER("ocsp-update.disable", IN_GLOBAL), LATER("ocsp-update.httpproxy", IN_GLOBAL),
    LATER("ocsp-update.maxdelay", IN_GLOBAL), LATER("ocsp-update.mindelay", IN_GLOBAL),
    LATER("ocsp-update.mode", IN_GLOBAL), LATER("pp2-never-send-local", IN_GLOBAL),
    LATER("server-state-base", IN_GLOBAL), LATER("server-state-file", IN_GLOBAL),
    LATER("set-var", IN_GLOBAL), LATER("set-var-fmt", IN_GLOBAL),
    LATER("shm-stats-file", IN_GLOBAL), LATER("ssl-engine", IN_GLOBAL),
    LATER("ssl-mode-async", IN_GLOBAL), LATER("ssl-passphrase-cmd", IN_GLOBAL),
    LATER("ssl-propquery", IN_GLOBAL), LATER("ssl-provider", IN_GLOBAL),
    LATER("ssl-provider-path", IN_GLOBAL), LATER("ssl-security-level", IN_GLOBAL),
    LATER("thread-hard-limit", IN_GLOBAL), LATER("tune.fail-alloc", IN_GLOBAL),
    LATER("tune.lua.bool-sample-conversion", IN_GLOBAL), LATER("tune.lua.burst-timeout", IN_GLOBAL),
    LATER("tune.lua.forced-yield", IN_GLOBAL), LATER("tune.lua.log.loggers", IN_GLOBAL),
    LATER("tune.lua.log.stderr", IN_GLOBAL), LATER("tune.lua.maxmem", IN_GLOBAL),
    LATER("tune.lua.openlibs", IN_GLOBAL), LATER("tune.lua.service-timeout", IN_GLOBAL),
    LATER("tune.lua.session-timeout", IN_GLOBAL), LATER("tune.lua.task-timeout", IN_GLOBAL),
    LATER("tune.quic.frontend.conn-tx-buffers.limit", IN_GLOBAL),
    LATER("tune.quic.frontend.max-idle-timeout", IN_GLOBAL),
    LATER("tune.quic.frontend.max-streams-bidi", IN_GLOBAL),
    LATER("tune.quic.max-frame-loss", IN_GLOBAL), LATER("tune.quic.retry-threshold", IN_GLOBAL),
    LATER("tune.quic.socket-owner", IN_GLOBAL), LATER("unix-bind", IN_GLOBAL),
    LATER("warn-blocked-traffic-after", IN_GLOBAL), LATER("wurfl-cache-size", IN_GLOBAL),
    LATER("wurfl-data-file", IN_GLOBAL), LATER("wurfl-information-list", IN_GLOBAL),
    LATER("wurfl-information-list-separator", IN_GLOBAL));

KEYWORDS(keyword_later_proxy, LATER("compression", IN_PROXY),
	 LATER("dispatch", IN_LISTEN | IN_BACKEND), LATER("email-alert from", IN_PROXY),
	 LATER("email-alert level", IN_PROXY), LATER("email-alert mailers", IN_PROXY),
	 LATER("email-alert myhostname", IN_PROXY), LATER("email-alert to", IN_PROXY),
	 LATER("error-log-format", IN_FRONT), LATER("external-check command", IN_BACK),
	 LATER("external-check path", IN_BACK), LATER("filter", NOT_DEFAULTS),
	 LATER("force-be-switch", IN_LISTEN | IN_BACKEND),
	 LATER("force-persist", IN_LISTEN | IN_BACKEND), LATER("guid", IN_PROXY),
	 LATER("hash-preserve-affinity", IN_BACK), LATER("http-send-name-header", IN_BACK),
	 LATER("ignore-persist", IN_LISTEN | IN_BACKEND), LATER("log-format-sd", IN_FRONT),
	 LATER("log-steps", IN_PROXY), LATER("monitor fail", IN_FRONTEND | IN_LISTEN),
	 LATER("option checkcache", IN_BACK), LATER("option external-check", IN_BACK),
	 LATER("option forwarded", IN_PROXY), LATER("option h1-case-adjust-bogus-client", IN_FRONT),
	 LATER("option h1-case-adjust-bogus-server", IN_BACK),
	 LATER("option http-buffer-request", IN_PROXY),
	 LATER("option http-drop-request-trailers", IN_PROXY),
	 LATER("option http-drop-response-trailers", IN_PROXY),
	 LATER("option http-restrict-req-hdr-names", IN_PROXY),
	 LATER("option http-use-proxy-header", IN_FRONT), LATER("option httpslog", IN_FRONT),
	 LATER("option ldap-check", IN_BACK), LATER("option mysql-check", IN_BACK),
	 LATER("option pgsql-check", IN_BACK), LATER("option redis-check", IN_BACK),
	 LATER("option smtpchk", IN_BACK), LATER("option spop-check", IN_BACK),
	 LATER("option ssl-hello-chk", IN_BACK), LATER("option transparent", IN_BACK),
	 LATER("persist rdp-cookie", IN_BACK), LATER("quic-initial", IN_FRONTEND | IN_LISTEN),
	 LATER("stats http-request", NOT_DEFAULTS), LATER("stick match", IN_LISTEN | IN_BACKEND),
	 LATER("stick on", IN_LISTEN | IN_BACKEND),
	 LATER("stick store-request", IN_LISTEN | IN_BACKEND),
	 LATER("stick store-response", IN_LISTEN | IN_BACKEND), LATER("stick-table", NOT_DEFAULTS),
	 LATER("tcp-request connection", IN_FRONT), LATER("tcp-request content", IN_PROXY),
	 LATER("tcp-request inspect-delay", IN_PROXY), LATER("tcp-request session", IN_FRONT),
	 LATER("tcp-response content", IN_BACK), LATER("tcp-response inspect-delay", IN_BACK),
	 LATER("use-fcgi-app", NOT_DEFAULTS));

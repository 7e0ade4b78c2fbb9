/* SPDX-License-Identifier: MIT */
/* haproxy's predefined ACLs, each as the line that would define it. Found by acl.c. */
#include "rule/acl.h"

#define PREDEFINED(id, name, text, what)                                                           \
	static const struct acl_text acl_##id = {(name), (text), (what)};                          \
	FAMILY_ADD(acl_text, acl_##id)

PREDEFINED(never, "FALSE", "always_false", "never matches");
PREDEFINED(http, "HTTP", "req.proto_http", "the request is valid HTTP");
PREDEFINED(http_1_0, "HTTP_1.0", "req.ver 1.0", "the request's version is HTTP/1.0");
PREDEFINED(http_1_1, "HTTP_1.1", "req.ver 1.1", "the request's version is HTTP/1.1");
PREDEFINED(http_2_0, "HTTP_2.0", "req.ver 2.0", "the request's version is HTTP/2");
PREDEFINED(http_content, "HTTP_CONTENT", "req.hdr_val(content-length) gt 0",
	   "the request has a Content-Length above 0");
PREDEFINED(http_url_abs, "HTTP_URL_ABS", "url_reg ^[^/:]*://",
	   "the URL is absolute, with a scheme");
PREDEFINED(http_url_slash, "HTTP_URL_SLASH", "url_beg /", "the URL begins with a slash");
PREDEFINED(http_url_star, "HTTP_URL_STAR", "url *", "the URL is a star");
PREDEFINED(localhost, "LOCALHOST", "src 127.0.0.1/8 ::1", "the client is on this host");
PREDEFINED(meth_connect, "METH_CONNECT", "method CONNECT", "the method is CONNECT");
PREDEFINED(meth_delete, "METH_DELETE", "method DELETE", "the method is DELETE");
PREDEFINED(meth_get, "METH_GET", "method GET HEAD", "the method is GET or HEAD");
PREDEFINED(meth_head, "METH_HEAD", "method HEAD", "the method is HEAD");
PREDEFINED(meth_options, "METH_OPTIONS", "method OPTIONS", "the method is OPTIONS");
PREDEFINED(meth_post, "METH_POST", "method POST", "the method is POST");
PREDEFINED(meth_put, "METH_PUT", "method PUT", "the method is PUT");
PREDEFINED(meth_trace, "METH_TRACE", "method TRACE", "the method is TRACE");
PREDEFINED(rdp_cookie, "RDP_COOKIE", NULL, "the connection begins with an RDP cookie");
PREDEFINED(req_content, "REQ_CONTENT", "req.len gt 0", "bytes have been received");
PREDEFINED(always, "TRUE", "always_true", "always matches");
PREDEFINED(wait_end, "WAIT_END", "wait_end", "the inspection's time is over");

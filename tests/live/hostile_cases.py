# SPDX-License-Identifier: MIT
"""The hostile messages of hostile.py, by class. "ID" in them becomes the case's number; a request that asks for /x/ID is one that
somebody tries to smuggle in."""

INNER = b"GET /x/ID HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Seen: /wrong\r\n\r\nwrong!"

CODINGS = [
    b"Transfer-Encoding: chunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b"Transfer-Encoding:\tchunked",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx", b"Transfer-Encoding: chunked,", b"Transfer-Encoding: ,chunked",
    b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity, chunked", b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: identity", b"Transfer-Encoding:",
    b"Transfer-Encoding:\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding:",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: chunked\x0c",
    b"Transfer-Encoding: chunked\0", b"Transfer-Encoding\0: chunked", b"Transfer-Encoding: \"chunked\"",
    b"Transfer-Encoding: chunked;q=1", b"Transfer-Encoding: chunked; x=\"y, identity\"", b"Transfer-Encoding:\r\n chunked",
    b"Transfer-Encoding: chun\r\n ked", b"X: y\rTransfer-Encoding: chunked", b"X: y\nTransfer-Encoding: chunked",
    b"X: y\r\n Transfer-Encoding: chunked", b"TRANSFER-ENCODING: CHUNKED", b"transfer-encoding: Chunked", b"Transfer_Encoding: chunked",
    b"Transfer-Encoding: \xffchunked", b"Transfer-Encoding: chunked\x85", b"Transfer-Encoding: chunked\r", b"\xefTransfer-Encoding: chunked",
    b"Transfer-Encoding: cow", b"Transfer-Encoding: 0", b": x\r\nTransfer-Encoding: chunked",
]
LENGTHS = [
    b"Content-Length:", b"Content-Length: ", b"Content-Length: +5", b"Content-Length: -5", b"Content-Length: 5 5", b"Content-Length: 5, 5",
    b"Content-Length: 5,6", b"Content-Length: 5,", b"Content-Length: ,5", b"Content-Length: 0x5", b"Content-Length: 5a",
    b"Content-Length: 5.0", b"Content-Length: 1e1", b"Content-Length: 5\0", b"Content-Length: \x005", b"Content-Length: 5;",
    b"Content-Length: \x0b5", b"Content-Length: 5\x0c", b"Content-Length: '5'", b"Content-Length: \"5\"", b"Content-Length : 5",
    b"Content-Length\t:5", b"Content-Length:\r\n 5", b"Content-Length: 5\r\n 0", b"Content-Length: 5\rX: y", b"Content-Length: 5\nX: y",
    b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 0\r\nContent-Length: 5",
    b"Content-Length: 5\r\nContent-Length:", b"Content-Length: 5\r\ncontent-length: 05", b"Content-Length: 18446744073709551615",
    b"Content-Length: 18446744073709551616", b"Content-Length: 18446744073709551621", b"Content-Length: 9223372036854775808",
    b"Content-Length: 36893488147419103237", b"Content-Length: 99999999999999999999999999", b"Content-Length: 0000000000000000000000005",
    b"Content-Length: \xb25", b"Content_Length: 5", b"Content-Length: 5 ", b"Content-Length: five", b" Content-Length: 5",
    b": x\r\nContent-Length: 5",
]
CHUNKED_BODIES = [  # what follows the head; those of BROKEN can never be taken as whole
    b"5;name=value\r\nhello\r\n0\r\n\r\n", b"5;n=\"a;b\"\r\nhello\r\n0\r\n\r\n", b"005\r\nhello\r\n000\r\n\r\n",
    b"5\r\nhello\r\n0;last\r\n\r\n", b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"5\t;x\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"5\r\nhello\r\n0\r\nHost: b\r\n\r\n", b"0\r\nConnection: close\r\n\r\n", b"00000000000000000000000000005\r\nhello\r\n0\r\n\r\n",
    b"5;" + b"x" * 9000 + b"\r\nhello\r\n0\r\n\r\n",
]
BROKEN = [
    b"10000000000000005\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff1\r\nhello\r\n0\r\n\r\n", b"100000005\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"8000000000000000\r\nhello\r\n0\r\n\r\n", b"fffffffffffffffe\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n",
    b"\r\nhello\r\n0\r\n\r\n", b"g\r\nhello\r\n0\r\n\r\n", b"5,\r\nhello\r\n0\r\n\r\n", b"5\0\r\nhello\r\n0\r\n\r\n",
    b"5\xff\r\nhello\r\n0\r\n\r\n", b"5\nhello\r\n0\r\n\r\n", b"5\rhello\r\n0\r\n\r\n", b"5\r\rhello\r\n0\r\n\r\n", b"5\n\rhello\r\n0\r\n\r\n",
    b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5;a\rb\r\nhello\r\n0\r\n\r\n", b"5;a\0b\r\nhello\r\n0\r\n\r\n", b"5;\n" + b"x" * 5 + b"\r\n0\r\n\r\n",
    b"5\r\nhello0\r\n\r\n", b"5\r\nhello!!\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello\r0\r\n\r\n", b"5\r\nhello\n\r0\r\n\r\n",
    b"5\r\nhello\r\n0\n\n", b"5\r\nhello\r\n0\r\n\n", b"5\r\nhello\r\n0\r\nX: y\n\r\n", b"5\r\nhello\r\n0\r\nX: y\n\n",
    b"5\r\nhello\r\n0\r\nX y: z\r\n\r\n", b"5\r\nhello\r\n0\r\nX: y\rz\r\n\r\n", b"5\r\nhello\r\n0\r\nX: y\0z\r\n\r\n",
    b"5\r\nhello\r\n0\r\n: empty\r\n\r\n", b"5\r\nhello\r\n0\r\n folded: x\r\n\r\n", b"5\r\nhello\r\n0\r\nnocolon\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX : y\r\n\r\n", b"5\r\nhello\r\n0 0\r\n\r\n", b"5 5\r\nhello\r\n0\r\n\r\n", b"5\x0b\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n-0\r\n\r\n", b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
]
NAMES = [b"X Y", b"X ", b"X\t", b" X", b"\tX", b"X\0", b"\0X", b"X\x01", b"X\x0b", b"X\x1f", b"X\x7f", b"X\x80", b"\xffX", b"X@", b"X(", b"X)",
         b"X[", b"X]", b"X{", b"X\"", b"X,", b"X/", b"X;", b"X<", b"X=", b"X?", b"X\\", b"", b" ", b"X\r", b"X\n", b"X\nY", b"X\r\n Y", b"X:Y",
         b"a" * 127, b"a" * 128, b"a" * 255, b"a" * 256, b"a" * 257, b"a" * 300, b"a" * 511, b"a" * 4096, b"a" * 8192, b"a" * 70000]
LINE_ENDS = [
    b"%s\nHost: a\r\n\r\n", b"%s\r\nHost: a\n\r\n", b"%s\r\nHost: a\r\n\n", b"%s\nHost: a\n\n", b"%s\r\nHost: a\r\r\n\r\n",
    b"%s\r\nHost: a\rX: y\r\n\r\n", b"%s\rHost: a\r\n\r\n", b"%s\rHost: a\r\r", b"%s\r\nHost: a\r\n\r", b"%s\r\r\nHost: a\r\n\r\n",
    b"%s\r\nHost: a\r\nX: y\r\n z\r\n\r\n", b"%s\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n", b"%s\r\nHost: a\r\nX:\r\n \r\n\r\n",
    b"%s\r\n Host: a\r\n\r\n", b"%s\r\nHost:\r\n a\r\n\r\n", b"%s\r\n \r\nHost: a\r\n\r\n", b"%s\r\nHost: a\r\n \r\n\r\n",
    b"%s\r\nHost: a\r\nX: y\r\n\r\n z", b"%s\r\nHost: a\r\nX: \0\r\n\r\n", b"%s\r\nHost: a\r\nX: y\n\n", b"%s\r\nHost: a\n\r\n\r\n",
    b"\r\n%s\r\nHost: a\r\n\r\n", b"\n%s\r\nHost: a\r\n\r\n", b"\r%s\r\nHost: a\r\n\r\n", b"\r\n\r\n\r\n%s\r\nHost: a\r\n\r\n",
    b" %s\r\nHost: a\r\n\r\n", b"\t%s\r\nHost: a\r\n\r\n", b"\0%s\r\nHost: a\r\n\r\n", b"\r\n \r\n%s\r\nHost: a\r\n\r\n",
]


def post(*lines, body=b"", version=b"1.1"):
    return b"POST /h/ID HTTP/" + version + b"\r\nHost: a\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def get(*lines, target=b"/h/ID"):
    return b"GET " + target + b" HTTP/1.1\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def smuggling():
    hidden = b"0\r\n\r\n" + INNER
    for coding in CODINGS:
        for version in (b"1.1", b"1.0"):
            length = b"Content-Length: %d" % len(hidden.replace(b"ID", b"00000"))
            yield post(length, coding, body=hidden, version=version)
            yield post(coding, b"Content-Length: 4", body=b"1d\r\n" + b"x" * 29 + b"\r\n0\r\n\r\n", version=version)
            yield post(coding, body=b"5\r\nhello\r\n0\r\n\r\n", version=version)


def lengths():
    for length in LENGTHS:
        yield post(length, body=b"hello")
        yield get(b"Host: a", length) + b"hello"


def chunks():
    for body in CHUNKED_BODIES + BROKEN:
        yield post(b"Transfer-Encoding: chunked", body=body)


def line_ends():
    for form in LINE_ENDS:
        yield form.replace(b"%s", b"GET /h/ID HTTP/1.1")
        yield form.replace(b"%s", b"POST /h/ID HTTP/1.1\r\nContent-Length: 0")


def request_lines():
    for method in (b"", b"GE T", b"G\0ET", b"get", b"GET(", b"G\x7fT", b"\xffGET", b"GET:", b"M" * 300, b"M" * 20000, b"G\tET", b"\"GET\""):
        yield method + b" /h/ID HTTP/1.1\r\nHost: a\r\n\r\n"
    for target in (b"", b" ", b"/h/ID b", b"/h/ID\tb", b"/h/ID\0b", b"/h/ID#f", b"#", b"/h/ID?a#b", b"/h/ID\x7f", b"/h/ID\x01", b"/h/ID\xff",
                   b"//h/ID", b"h/ID", b"?h/ID", b"*", b"/h/../ID", b"/h/%00ID", b"/h/%zzID", b"/h/ID\\", b"/h/ID\r", b"/h/ID\n", b"/h/ID\x0b",
                   b"http:", b"http://", b"http:///h/ID", b"http:/h/ID", b"http:\\\\a/h/ID", b"HTTP://a/h/ID", b"ftp://a/h/ID",
                   b"://a/h/ID", b"a:80", b"/" + b"p" * 9000, b"/" + b"p" * 70000, b"/h/ID\"<>^`{|}"):
        yield get(b"Host: a", target=target)
    for line in (b"GET  /h/ID HTTP/1.1", b"GET /h/ID  HTTP/1.1", b"GET\t/h/ID HTTP/1.1", b"GET /h/ID\tHTTP/1.1", b"GET\x0b/h/ID HTTP/1.1",
                 b"GET /h/ID HTTP/1.1 ", b"GET /h/ID HTTP/1.1\t", b"GET HTTP/1.1", b"GET", b"GET /h/ID HTTP/1.1 HTTP/1.1",
                 b"GET /h/ID\xa0HTTP/1.1"):
        yield line + b"\r\nHost: a\r\n\r\n"
    for version in (b"HTTP/1.10", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/01.1", b"HTTP/1.01", b"HTTP/2.0", b"HTTP/2", b"HTTP/3", b"HTTP/0.9", b"HTTP/0.0",
                    b"http/1.1", b"Http/1.1", b"HTTP/1,1", b"HTTP/11", b"HTTP /1.1", b"HTTP/ 1.1", b"XTTP/1.1", b"HTTP/1.1\0", b"HTTP/+1.1",
                    b"HTTP/1.-1", b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP/", b"HTTP", b"HTTPS/1.1", b"HTTP/1.1x", b"HTTP/11111111111.1",
                    b"ICY/1.1", b"RTSP/1.0"):
        yield b"GET /h/ID " + version + b"\r\nHost: a\r\n\r\n"
        yield b"POST /h/ID " + version + b"\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield from (b"GET /h/ID\r\n", b"GET /h/ID\r\n\r\n", b"GET /h/ID\n", b"POST /h/ID\r\nContent-Length: 5\r\n\r\nhello",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0")


def hosts():
    for lines in ([], [b"Host:"], [b"Host: a", b"Host: a"], [b"Host: a", b"Host: b"], [b"Host: a", b"Host:"], [b"Host:", b"Host: a"],
                  [b"Host: a, b"], [b"Host: a b"], [b"Host: a/b"], [b"Host: a@b"], [b"Host: a\0b"], [b"Host: a:80:80"], [b"Host : a"],
                  [b"Host: [::1"], [b"Host: [::1]:80"], [b"Host: a:99999"], [b"Host: a:b"], [b"Host: a#b"], [b"Host: a?b"], [b"Host: http://a"],
                  [b"Host: a\xff"], [b"Host: a\x01"], [b"Host: a\\b"], [b"Host: " + b"h" * 5000], [b"Host: a", b"Host : b"], [b"Host: a", b" Host: b"]):
        yield get(*lines)
        yield get(*lines, target=b"http://a/h/ID")
    for target in (b"http://b/h/ID", b"http://a:81/h/ID", b"http://u@a/h/ID", b"http://u:p@a/h/ID", b"http://a@b/h/ID", b"http://b:99999/h/ID",
                   b"http://b:x/h/ID", b"http://[::1/h/ID", b"http://[::1]/h/ID", b"https://b/h/ID", b"http://b#/h/ID", b"http://b?/h/ID",
                   b"http://b\\a/h/ID", b"http://a.b..c/h/ID", b"http://b", b"http://b?x=/h/ID", b"http://a%00/h/ID", b"http://a:/h/ID"):
        yield get(b"Host: a", target=target)
        yield get(target=target)
    for target, host in ((b"a:443", b"a:443"), (b"a:443", b"b:443"), (b"a", b"a"), (b"/h/ID", b"a"), (b"http://a/", b"a"), (b"a:0", b"a:0"),
                         (b":443", b"a"), (b"a:443/x", b"a"), (b"u@a:443", b"a")):
        yield b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
        yield b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 5\r\n\r\nhello"
        yield b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


def names():
    for name in NAMES:
        yield get(b"Host: a", name + b": v")
        yield post(name + b": v", b"Content-Length: 5", body=b"hello")
        yield post(name + b": v", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n")
    yield get(b"Host: a", b"garbage")
    yield get(b"Host: a", b"garbage", b"Content-Length: 5") + b"hello"
    for count in (90, 101, 200, 1000, 5000):
        yield get(b"Host: a", *[b"X-%d: y" % i for i in range(count)])


def values():
    for byte in list(range(32)) + [127, 128, 133, 160, 255]:
        yield get(b"Host: a", b"X: a" + bytes([byte]) + b"b")
    for size in (8000, 15000, 16384, 17000, 33000, 70000, 300000):
        yield get(b"Host: a", b"X: " + b"v" * size)
    yield get(b"Host: a", b"Cookie: " + b"a=b; " * 2000)


def hop_by_hop():
    for value in (b"close, X-Hop", b"X-Hop", b"keep-alive, x-hop", b"X-Hop, close", b",,,X-Hop,,", b"Content-Length", b"Transfer-Encoding", b"Host",
                  b"Cookie", b"Connection", b"\"close\"", b"close;x", b"close close", b"keep-alive, close", b"", b"X Hop", b"upgrade", b"te",
                  b"close\0", b"\x0bclose", b"X-Forwarded-For", b"close,\tX-Hop"):
        yield get(b"Host: a", b"Connection: " + value, b"X-Hop: 1", b"Cookie: c=d")
        yield post(b"Connection: " + value, b"X-Hop: 1", b"Content-Length: 5", body=b"hello")
        yield post(b"X-Hop: 1", b"Transfer-Encoding: chunked", b"Connection: " + value, body=b"5\r\nhello\r\n0\r\n\r\n")
    for lines in ([b"Keep-Alive: 300"], [b"Proxy-Connection: keep-alive"], [b"TE: gzip"], [b"TE: trailers", b"Connection: TE"],
                  [b"TE: trailers, deflate;q=0.5"], [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"],
                  [b"Upgrade: h2c"], [b"Connection: upgrade", b"Upgrade: h2c, websocket"], [b"Connection: upgrade", b"Upgrade: websocket, H2C"],
                  [b"Connection: upgrade", b"Upgrade: foo"], [b"Upgrade: websocket"], [b"HTTP2-Settings: x"], [b"Connection: upgrade", b"Upgrade:"],
                  [b"Connection: X-Hop", b"Connection: close"], [b"Connection: close", b"Connection: X-Hop", b"X-Hop: 1"]):
        yield get(b"Host: a", *lines)
        yield post(*lines, b"Content-Length: 5", body=b"hello")


def bodies():
    for method in (b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"XYZZY"):
        head = method + b" /h/ID HTTP/1.1\r\nHost: a\r\n"
        yield head + b"Content-Length: %d\r\n\r\n" % len(INNER.replace(b"ID", b"00000")) + INNER
        yield head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        yield head + b"\r\n" + INNER
    for value in (b"100-continue", b"100-Continue", b"200", b"100-continue, x", b"", b"100-continue\0"):
        yield post(b"Expect: " + value, b"Content-Length: 5", body=b"hello")
        yield post(b"Expect: " + value, b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n")
        yield post(b"Expect: " + value, body=b"")


def legal():
    """Odd, yet right: these must be answered."""
    yield get(b"Host: a")
    yield b"\r\n" + get(b"Host: a")
    yield get(b"Host:a", b"X:", b"Y: \t z \t", b"Z: caf\xc3\xa9")
    yield get(b"Host: a", target=b"http://a/h/ID")
    yield b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
    yield b"!#$%&'*+-.^_`|~ /h/ID HTTP/1.1\r\nHost: a\r\n\r\n"
    yield post(b"Content-Length: 5", body=b"hello")
    yield post(b"tRANSFER-eNCODING: cHUNKED", body=b"5;a=b;c=\"d\"\r\nhello\r\n00\r\nX-T: v\r\n\r\n")
    yield post(b"Transfer-Encoding: chunked", body=b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n")
    yield get(b"Host: a", *[b"X-%d: y" % i for i in range(60)])
    yield get(b"Host: a", b"Cookie: " + b"c" * 4000)


REQUESTS = [("legal", legal), ("smuggling", smuggling), ("lengths", lengths), ("chunks", chunks), ("line-ends", line_ends),
            ("request-lines", request_lines), ("hosts", hosts), ("names", names), ("values", values), ("hop-by-hop", hop_by_hop),
            ("bodies", bodies)]


# ---- responses: (bytes, method of the request, whether it is broken, so that no client may take it as whole)


def ok(*lines, body=b"", first=b"HTTP/1.1 200 OK"):
    return first + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def status_lines():
    for first in (b"HTTP/1.1 000 X", b"HTTP/1.1 099 X", b"HTTP/1.1 1000 X", b"HTTP/1.1 20 X", b"HTTP/1.1 abc X", b"HTTP/1.1 2 00", b"HTTP/1.1 200",
                  b"HTTP/1.1 200 ", b"HTTP/1.1  200 OK", b"HTTP/1.1\t200 OK", b"HTTP/2.0 200 OK", b"HTTP/1.2 200 OK", b"HTTP/0.9 200 OK",
                  b"http/1.1 200 OK", b"HTTP/1.1 200 O\rK", b"HTTP/1.1 200 O\0K", b"HTTP/1.1 200 OK\rX: y", b"HTTP/1.1 200OK", b"ICY 200 OK",
                  b"HTTP/1.1 -20 X", b"HTTP/1.1 600 X", b"HTTP/1.1 999 X", b"garbage", b"", b" HTTP/1.1 200 OK", b"HTTP/11 200 OK",
                  b"HTTP/1.10 200 OK", b"\r\nHTTP/1.1 200 OK", b"HTTP/1.1 200 \xff", b"HTTP/1.1 200 " + b"r" * 9000, b"HTTP/1.1 0200 OK"):
        yield ok(b"Content-Length: 5", body=b"hello", first=first), b"GET", False
    for interim in (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 E\r\nLink: x\r\n\r\n", b"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n",
                    b"HTTP/1.1 102 P\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 100 C\r\n\r\n" * 50, b"HTTP/1.1 199 X\r\n\r\n"):
        yield interim + ok(b"Content-Length: 5", body=b"hello"), b"GET", False
        yield interim + ok(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"), b"GET", False
    yield b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + ANSWER, b"GET", False
    yield b"HTTP/1.1 101 Switching\r\n\r\n", b"GET", False


def response_framing():
    for coding in CODINGS:
        yield ok(coding, body=b"5\r\nhello\r\n0\r\n\r\n"), b"GET", False
        yield ok(coding, b"Content-Length: 4", body=b"5\r\nhello\r\n0\r\n\r\n"), b"GET", False
        yield ok(coding, body=b"5\r\nhello\r\n0\r\n\r\n", first=b"HTTP/1.0 200 OK"), b"GET", False
    for length in LENGTHS:
        yield ok(length, body=b"hello"), b"GET", False
    for body in CHUNKED_BODIES:
        yield ok(b"Transfer-Encoding: chunked", body=body), b"GET", False
    for body in BROKEN:
        yield ok(b"Transfer-Encoding: chunked", body=body), b"GET", True


def response_fields():
    for name in NAMES:
        yield ok(name + b": v", b"Content-Length: 5", body=b"hello"), b"GET", False
    for form in LINE_ENDS:
        yield form.replace(b"%s", b"HTTP/1.1 200 OK\r\nContent-Length: 0"), b"GET", False
    for byte in range(32):
        yield ok(b"X: a" + bytes([byte]) + b"b", b"Content-Length: 0"), b"GET", False
    for lines in ([b"Connection: X-Hop", b"X-Hop: 1"], [b"Keep-Alive: timeout=5"], [b"Proxy-Connection: close"], [b"Connection: Content-Length"],
                  [b"Connection: upgrade", b"Upgrade: h2c"], [b"Upgrade: h2c"], [b"X-%d: y" % i for i in range(1000)], [b"X: " + b"v" * 70000]):
        yield ok(*lines, b"Content-Length: 5", body=b"hello"), b"GET", False


def poison():
    """More bytes than the message has: they must never become the answer to another request."""
    for method in (b"GET", b"HEAD"):
        for first in (b"HTTP/1.1 200 OK", b"HTTP/1.1 204 No", b"HTTP/1.1 205 Reset", b"HTTP/1.1 304 Not Modified"):
            yield ok(b"Content-Length: 0", first=first) + ANSWER, method, False
            yield ok(b"Content-Length: 5", first=first) + b"hello" + ANSWER, method, False
            yield ok(b"Transfer-Encoding: chunked", first=first) + b"5\r\nhello\r\n0\r\n\r\n" + ANSWER, method, False
            yield ok(first=first) + ANSWER, method, False
    yield ANSWER * 20, b"GET", False
    yield ok(b"Content-Length: 10", body=b"short"), b"GET", True
    yield ok(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n"), b"GET", True
    yield ok(b"Transfer-Encoding: chunked", body=b"5\r\nhel"), b"GET", True
    yield b"HTTP/1.1 200 OK\r\nContent-", b"GET", True
    yield b"HTTP/1.1 100 Continue\r\n\r\n", b"GET", True


RESPONSES = [("status-lines", status_lines), ("framing", response_framing), ("fields", response_fields), ("poison", poison)]

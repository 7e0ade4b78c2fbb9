# SPDX-License-Identifier: MIT
"""Readers of HTTP/1 for hostile.py: two lenient ones that differ wherever real parsers are known to differ, and a list of faults
that no message should have once a proxy has passed it on.

Reader "A" takes LF as a line's end, strips and folds freely, believes the first Content-Length, finds "chunked" anywhere in the last
coding, computes sizes in 32 bits, prefers the host of an absolute target. Reader "B" ends lines at CRLF or a lone CR, cuts at NUL,
stops at an empty name, believes the last Content-Length, wants exactly "chunked" and HTTP/1.1, cuts targets at '#', prefers the
Host field. What both read the same way is unambiguous; that is what is checked."""
import re

A, B = "A", "B"
TCHAR = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
MAX_HEAD = 1 << 20


class Bad(Exception):
    """The bytes cannot be read as a message at all."""


class Message:
    def __init__(self, start, fields):
        self.start, self.fields, self.body, self.size, self.to_eof = start, fields, b"", 0, False

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def key(self):
        return self.start, tuple(self.fields), self.body, self.size, self.to_eof


def split_head(data, reader):
    """Returns (lines, size of the head), or None if it is not complete."""
    if reader == A:
        end = re.search(rb"\n\r?\n", data)
        lines = data[: end.start()].split(b"\n") if end else []
        lines = [line[:-1] if line.endswith(b"\r") else line for line in lines]
    else:
        end = re.search(rb"\r\n\r\n", data)
        lines = re.split(rb"\r\n|\r(?!\n)", data[: end.start()]) if end else []
    return (lines, end.end()) if end else None


def read_fields(lines, reader):
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if reader == A and line[:1] in (b" ", b"\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
            continue
        if reader == A:
            name = name.strip()
        else:
            name, value = name.lstrip(b" \t").split(b"\0")[0], value.split(b"\0")[0]
            if not name:
                break
        if colon and name:
            fields.append((name.lower(), value.strip(b" \t")))
    return fields


def is_chunked(message, reader, version):
    codings = message.all(b"transfer-encoding")
    if not codings:
        return False
    if reader == A:
        return b"chunked" in b",".join(codings).lower().strip(b" \t,\x0b\x0c").split(b",")[-1]
    return codings[-1].lower() == b"chunked" and version == b"HTTP/1.1"


def declared_length(message, reader):
    """The value of Content-Length, None without one."""
    lengths = message.all(b"content-length")
    if not lengths:
        return None
    if reader == A:
        digits = re.match(rb"[ \x0b\x0c]*\+?(\d+)", lengths[0])
        return int(digits.group(1)) % (1 << 64) if digits else 0
    return min(int(lengths[-1]), (1 << 64) - 1) if re.fullmatch(rb"\d+", lengths[-1]) else 0


def read_chunks(data, at, reader):
    """Returns (body, trailers, end), or None if incomplete."""
    body, newline = b"", b"\n" if reader == A else b"\r\n"
    while True:
        end = data.find(newline, at)
        if end < 0:
            return None
        digits = re.match(rb"\s*(?:0x)?([0-9a-fA-F]+)" if reader == A else rb"([0-9a-fA-F]+)", data[at:end])
        if not digits and reader == B:
            raise Bad("chunk size")
        size = int(digits.group(1), 16) % (1 << (32 if reader == A else 64)) if digits else 0
        at = end + len(newline)
        if size == 0:
            break
        if len(data) < at + size + 2:
            return None
        body += data[at : at + size]
        at += size
        if reader == A:
            after = data.find(b"\n", at)
            if after < 0:
                return None
            at = after + 1
        else:
            at += 2
    lines = []
    while True:
        end = data.find(newline, at)
        if end < 0:
            return None
        line, at = data[at:end], end + len(newline)
        if reader == A and line.endswith(b"\r"):
            line = line[:-1]
        if not line:
            return body, read_fields(lines, reader), at
        lines.append(line)


def read_body(message, data, at, reader, version, without, to_eof, eof):
    """Fills in body and size; False if more bytes are needed."""
    if not without and is_chunked(message, reader, version):
        got = read_chunks(data, at, reader)
        if not got:
            return False
        message.body, trailers, message.size = got
        message.fields += [(b"trailer " + name, value) for name, value in trailers]
        return True
    length = 0 if without else declared_length(message, reader)
    if length is None and to_eof:
        message.to_eof = True
        message.body, message.size = data[at:], len(data)
        return eof
    message.size = at + (length or 0)
    message.body = data[at : message.size]
    return len(data) >= message.size


def target_and_host(target, message, reader):
    hosts = message.all(b"host")
    host = (hosts[0] if reader == A else hosts[-1]) if hosts else b""
    absolute = re.match(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)(.*)", target)
    if absolute:
        target = absolute.group(2) or b"/"
        if reader == A:
            host = absolute.group(1)
    if reader == B:
        target = target.split(b"#")[0]
    return target, re.sub(rb":(80)?$", b"", host)


def read_request(data, reader):
    """The first request in data as this reader sees it: a Message whose start is (method, target, host); None: not complete."""
    skipped = re.match(rb"[\r\n]*" if reader == A else rb"", data).end()
    head = split_head(data[skipped:], reader)
    if not head:
        if len(data) > MAX_HEAD:
            raise Bad("endless head")
        return None
    lines, size = head
    words = lines[0].split() if reader == A else lines[0].split(b" ")
    if len(words) != 3 or not words[2].upper().startswith(b"HTTP/"):
        raise Bad("request line %r" % lines[0][:80])
    message = Message(None, read_fields(lines[1:], reader))
    message.start = (words[0], *target_and_host(words[1], message, reader))
    done = read_body(message, data, skipped + size, reader, words[2], False, False, False)
    return message if done else None


def read_response(data, reader, method, eof):
    """The first response in data: start is (status,). eof: nothing more will come."""
    head = split_head(data, reader)
    if not head:
        return None
    lines, size = head
    if reader == A:
        match = re.match(rb"HTTP/\S*[ \t]+(\d+)", lines[0])
        status = int(match.group(1)) if match else -1
    else:
        status = int(lines[0][9:12]) if re.fullmatch(rb"\d{3}", lines[0][9:12]) and lines[0][:5] == b"HTTP/" else -1
    if status < 0:
        raise Bad("status line %r" % lines[0][:80])
    message = Message((status,), read_fields(lines[1:], reader))
    interim = status < 200 if reader == A else 100 <= status < 200
    without = interim or status in (204, 304) or method == b"HEAD" or (method == b"CONNECT" and status // 100 == 2)
    version = lines[0][:8]
    return message if read_body(message, data, size, reader, version, without, True, eof) else None


def agree(read, data, *arguments):
    """(message, fault): what both readers see. Both None: more bytes are needed."""
    seen = []
    for reader in (A, B):
        try:
            seen.append(read(data, reader, *arguments))
        except Bad as fault:
            seen.append(fault)
    first, second = seen
    if isinstance(first, Bad) or isinstance(second, Bad):
        return None, "unreadable: A %s, B %s" % tuple(s if isinstance(s, Bad) else "reads on" for s in seen)
    if (first is None) != (second is None):
        return None, "only %s sees a whole message" % (A if first else B)
    if first and first.key() != second.key():
        return None, "A reads %r, B %r" % (first.key(), second.key())
    return first, None


# ---- what a strict reader objects to in a message that was passed on


def named_by_connection(fields):
    return {token.strip().lower() for name, value in fields if name == b"connection" for token in value.split(b",")} - {
        b"", b"close", b"keep-alive", b"upgrade", b"te"}


def field_faults(raw_lines, fields):
    for line in raw_lines:
        name, colon, value = line.partition(b":")
        if not colon or not TCHAR.fullmatch(name):
            yield "field name %r" % name[:40]
        if re.search(rb"[\0\r\n]", value):
            yield "NUL, CR or LF in a value"
    names = [name for name, _ in fields]
    for hop in (b"keep-alive", b"proxy-connection", b"http2-settings"):
        if hop in names:
            yield "%s passed on" % hop.decode()
    for name in named_by_connection(fields):
        if name in names:
            yield "%r, which Connection names, passed on" % name
    if any(value.lower().strip() != b"trailers" for name, value in fields if name == b"te"):
        yield "TE passed on"
    if any(b"h2c" in value.lower() for name, value in fields if name == b"upgrade"):
        yield "Upgrade: h2c passed on"
    if names.count(b"content-length") + names.count(b"transfer-encoding") > 1:
        yield "more than one framing field"
    for name in (b"content-length", b"transfer-encoding", b"host"):
        if b"trailer " + name in names:
            yield "a trailer named %s" % name.decode()
    for name, value in fields:
        if name == b"content-length" and not re.fullmatch(rb"\d{1,19}", value):
            yield "Content-Length %r" % value
        if name == b"transfer-encoding" and value.lower() != b"chunked":
            yield "Transfer-Encoding %r" % value


def chunk_faults(data, message, at):
    """Chunk lines must be plain: hexadecimal digits, at most an extension without control bytes, CRLF."""
    if not message.all(b"transfer-encoding"):
        return
    while True:
        line = re.match(rb"([0-9a-fA-F]{1,16})([ \t]*;[^\0\r\n]*)?\r\n", data[at:])
        if not line:
            yield "chunk line %r" % data[at : at + 30]
            return
        size = int(line.group(1), 16)
        at += line.end() + size + 2
        if size == 0:
            return
        if data[at - 2 : at] != b"\r\n":
            yield "chunk of %d not followed by CRLF" % size
            return


def request_faults(data, message):
    raw = data[: message.size]
    head = raw.split(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    line = re.fullmatch(rb"([!-~]+) ([!-~]+) (HTTP/1\.[01])", lines[0])
    if not line:
        return ["request line %r" % lines[0][:80]]
    faults = list(field_faults(lines[1:], message.fields))
    faults += chunk_faults(raw, message, len(head) + 4)
    if not TCHAR.fullmatch(line.group(1)):
        faults.append("method %r" % line.group(1)[:20])
    if b"#" in line.group(2):
        faults.append("'#' in the target")
    if line.group(3) == b"HTTP/1.0" and message.all(b"transfer-encoding"):
        faults.append("HTTP/1.0 with Transfer-Encoding")
    if len(message.all(b"host")) > 1 or (line.group(3) == b"HTTP/1.1" and not message.all(b"host")):
        faults.append("%d Host fields" % len(message.all(b"host")))
    if any(not re.fullmatch(rb"[A-Za-z0-9._~%!$&'()*+;=:\[\]-]*", host) for host in message.all(b"host")):
        faults.append("Host %r" % message.all(b"host")[0][:40])
    return faults


def response_faults(data, message, old_client):
    raw = data[: message.size]
    head = raw.split(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    if not re.fullmatch(rb"HTTP/1\.[01] [1-9]\d\d( [\t -~\x80-\xff]*)?", lines[0]):
        return ["status line %r" % lines[0][:80]]
    faults = list(field_faults(lines[1:], message.fields))
    if message.body:
        faults += chunk_faults(raw, message, len(head) + 4)
    if message.all(b"transfer-encoding") and old_client:
        faults.append("Transfer-Encoding to an HTTP/1.0 client")
    if message.all(b"transfer-encoding") and lines[0].startswith(b"HTTP/1.0"):
        faults.append("HTTP/1.0 with Transfer-Encoding")
    return faults

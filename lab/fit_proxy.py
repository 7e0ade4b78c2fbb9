# SPDX-License-Identifier: MIT
"""A person's own haproxy.cfg made to fit the lab; see fit.py. Real servers become web servers that answer on the same ports."""
import os
import re

from fit import INTERFACE, LOCAL, NODES, Bad, is_address, lab_address, replaced

SECTIONS = ("global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "userlist", "mailers", "cache", "ring", "program",
            "http-errors", "fcgi-app", "log-forward", "crt-store")
REFUSED = {"server-template": "the lab cannot know these servers; name each with 'server'", "program": "the lab runs no other programs"}
TLS_SETTINGS = re.compile(r"(ssl-|tune\.ssl\.|ca-base$|crt-base$|issuers-chain-path$)")
TLS_WORDS = ("ssl", "crt", "crt-list", "ca-file", "check-ssl")
IDENTITY = ("user", "group", "uid", "gid", "chroot")
WORD = re.compile(r'(?:"(?:[^"\\]|\\.)*"|\'[^\']*\'|\\.|[^\s"\'\\#])+')
SPOKEN = {"mysql-check": "MySQL", "pgsql-check": "PostgreSQL", "redis-check": "Redis", "smtpchk": "SMTP", "ldap-check": "LDAP"}


def value(word):
    """What a word says, without its quotes and with the environment put in where haproxy does so."""
    text = re.sub(r"\$\{?(\w+)\*?\}?", lambda m: os.environ.get(m[1], ""), word) if '"' in word else word
    return re.sub(r'["\']', "", text)


def split_address(text):
    """("ipv4@" or so, host, ":port"); the last colon is the port's, as haproxy has it."""
    family, rest = re.match(r"((?:ipv4|ipv6|udp|tcp|quic4|quic6)@|)(.*)", text).groups()
    if rest.startswith("["):
        host, _, port = rest[1:].partition("]")
        return family, host, port
    host, colon, port = rest.rpartition(":")
    return (family, host, colon + port) if colon else (family, rest, "")


def joined(family, address, port):
    return family + ("[%s]" % address if ":" in address and port else address) + port


class FitProxy:
    """`texts`: {node: text}; `ports`: {web: [port]}; `front_port`: of the virtual address; `folders`: for the sockets."""

    def __init__(self, fit, name, text, invented_vip=False):
        self.fit, self.name, self.invented_vip = fit, name, invented_vip
        self.ports, self.fronts, self.folders, self.web_names = {}, [], [], {}
        self.local_ports = set(re.findall(r"(?m)^\s*bind\s+(?:127\.0\.0\.1|localhost)?:(\d+)", text))
        self.texts = {node: self.rewrite(text, number) for number, node in enumerate(NODES)}
        for host, web in fit.webs.items():
            fit.note("server %s (%s): a stand-in, %s, %s, port%s %s" % (
                host, " ".join(self.web_names[host]), web, fit.web_address(host), "s" if len(self.ports[web]) > 1 else "",
                " ".join(map(str, self.ports[web]))))
        self.front_port = 80 if 80 in self.fronts or not self.fronts else self.fronts[0]

    def rewrite(self, text, node):
        self.node, self.section, self.bind_ports, lines = node, "", [], []
        self.peers = 0
        for number, line in enumerate(text.splitlines(), 1):
            code = re.split(r"(?<!\\)#(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", line)[0]
            words = [(m[0], m.start(), m.end()) for m in WORD.finditer(code)]
            self.number, self.changes = number, []
            if words:
                self.line([value(word[0]) for word in words], words)
            lines.append(replaced(line, self.changes))
        return "\n".join(lines) + "\n"

    def bad(self, text):
        return Bad("%s:%d: %s" % (self.name, self.number, text))

    def change(self, word, new):
        self.changes.append((word[1], word[2], new))

    def leave_out(self, words, why):
        self.change(("", words[0][1], words[-1][2]), "# not in the lab: " + words[0][0])
        self.fit.note("left out: %s (%s:%d), %s" % (words[0][0], self.name, self.number, why))

    def line(self, said, words):
        first = said[0]
        if first in SECTIONS:
            self.section, self.bind_ports = first, []
        if first in REFUSED:
            raise self.bad("%s: %s" % (first, REFUSED[first]))
        if re.search(r"\bsrc\b.*\b\d+(\.\d+){3}", " ".join(said)):
            self.fit.note("%s:%d: not mapped; the lab's client is %s" % (self.name, self.number, lab_address(100)))
        handler = {"bind": self.bind, "server": self.server, "dispatch": self.server, "peer": self.peer, "log": self.log,
                   "source": self.source, "default-server": self.parameters}.get(first)
        if self.section == "global" and TLS_SETTINGS.match(first):
            self.leave_out(words, "there is no TLS in the lab")
        elif self.section == "global" and first in IDENTITY and os.geteuid() != 0:
            self.leave_out(words, "an ordinary user cannot change it")
        elif said[:2] == ["stats", "socket"] and len(said) > 2:
            self.socket(said[2], words[2])
        elif first == "listen" and len(said) > 2:
            self.listen(said[2], words[2])
        elif said[0] == "option" and said[1:2] and said[1] in SPOKEN:
            self.fit.note("%s:%d: the stand-ins speak HTTP, not %s: they will be DOWN" % (self.name, self.number, SPOKEN[said[1]]))
        elif handler:
            handler(said, words)

    def listen(self, text, word):
        self.change(word, ",".join(map(self.bound, text.split(","))))

    def log(self, said, words):
        target = said[1] if len(said) > 1 else "global"
        if target == "global" or re.match(r"(stdout|stderr|ring@|fd@|null)", target) or said[0] != "log":
            return
        if not target.startswith("127."):
            self.change(words[1], "127.0.0.1")
            self.fit.note("log %s: 127.0.0.1, the machine's own (halb lab logs HOST)" % target)

    def socket(self, path, word):
        """A unix socket must lie where only the lab sees it."""
        path = re.sub(r"^unix@", "", path)
        if not path.startswith("/"):
            return
        inside = re.sub(r"^/var/run/", "/run/", path)
        if not inside.startswith(("/run/", "/tmp/")):
            inside = "/run/" + os.path.basename(path)
            self.change(word, inside)
            self.fit.note("socket %s: %s" % (path, inside))
        if os.path.dirname(inside) not in self.folders:
            self.folders.append(os.path.dirname(inside))

    # ---- bind
    def bind(self, said, words):
        if len(said) < 2:
            return
        if any(word in TLS_WORDS for word in said[2:]):
            raise self.bad("a bind line with TLS: the lab has neither certificates nor names for them; leave the line out for the lab")
        if re.match(r"(unix@)?/", said[1]):
            self.socket(said[1], words[1])
        elif not re.match(r"(abns|fd|sockpair)@", said[1]):
            self.change(words[1], ",".join(map(self.bound, said[1].split(","))))
        self.interfaces(said, words)

    def bound(self, text):
        family, host, port = split_address(text)
        first = re.match(r":?(\d*)", port)[1]
        if first:
            self.bind_ports.append(int(first))
        if host in ("", "*", "0.0.0.0", "::") or host.startswith(LOCAL):
            if first and not host.startswith(LOCAL):
                self.fronts.append(int(first))
            return text
        mapped = self.fit.known(host, self.node)
        if mapped is None and self.invented_vip and is_address(host):
            mapped = self.fit.vip(host)
        if mapped is None:
            mapped = lab_address(11 + self.node, host)
            self.fit.note("bind %s: %s on hap1, %s on hap2: no virtual address" % (host, lab_address(11, host), lab_address(12, host)))
        if first and mapped in self.fit.vips.values():
            self.fronts.append(int(first))
        return joined(family, mapped, port)

    def interfaces(self, said, words):
        for at, name in enumerate(said[:-1]):
            if name == "interface" and said[at + 1] not in (INTERFACE, "lo"):
                self.change(words[at + 1], INTERFACE)
                self.fit.note("interface %s: %s" % (said[at + 1], INTERFACE))

    # ---- server
    def server(self, said, words):
        at = 1 if said[0] == "dispatch" else 2
        if len(said) <= at:
            return
        if self.section == "peers":
            self.peer(said, words)
            return
        if self.section in ("ring", "log-forward"):
            self.change(words[at], "127.0.0.1:514")
            return
        if re.match(r"(unix@|abns@|fd@)?/|abns@|fd@", said[at]):
            raise self.bad("server %s: a unix socket; the lab's servers are machines" % said[at])
        family, host, port = split_address(said[at])
        if not host:
            raise self.bad("server %s: no address; is a variable of the environment not set?" % said[1])
        if host.startswith(LOCAL) and port[1:] in self.local_ports:
            return
        if re.match(r":[-+]\d", port) or not port and not self.bind_ports and self.section != "backend":
            raise self.bad("server %s: write the port as a number" % said[at])
        ports = [int(port[1:])] if port else self.bind_ports or [80]
        self.change(words[at], joined(family, self.stand_in(host, said[1] if at == 2 else "dispatch", *ports), port))
        self.parameters(said, words, host, at)

    def stand_in(self, host, name, *ports):
        web = self.fit.web(host)
        known, names = self.ports.setdefault(web, []), self.web_names.setdefault(host, [])
        known += [port for port in ports if port not in known]
        names += [name] if name not in names else []
        return self.fit.web_address(host)

    def parameters(self, said, words, host=None, at=0):
        if any(word in TLS_WORDS for word in said[at + 1:]):
            raise self.bad("a server over TLS: the lab's servers have no certificates; leave out its TLS words for the lab")
        for i in range(at + 1, len(said) - 1):
            if said[i] in ("port", "agent-port") and said[i + 1].isdigit() and host:
                self.stand_in(host, said[1], int(said[i + 1]))
            elif said[i] in ("addr", "agent-addr") and is_address(said[i + 1]):
                port = said[said.index("port") + 1] if "port" in said[:-1] else ""
                self.change(words[i + 1], self.stand_in(said[i + 1], "check of " + said[1], int(port) if port.isdigit() else 80))
            elif said[i] == "source":
                self.source(said[i:], words[i:])
        if any(word.startswith("send-proxy") for word in said):
            self.fit.note("%s:%d: the stand-ins do not understand the PROXY header" % (self.name, self.number))
        self.interfaces(said, words)

    def source(self, said, words):
        whole = said[1] if len(said) > 1 else ""
        family, host, port = ("", whole, "") if is_address(whole) else split_address(whole)
        if not is_address(host) or host in ("0.0.0.0", "::"):
            return
        mapped = self.fit.known(host, self.node) or lab_address(11 + self.node, host)
        self.change(words[1], joined(family, mapped, port))
        self.fit.note("source %s: the machine's own address" % host if host not in self.fit.vips else "source %s: %s" % (host, mapped))
        self.interfaces(said, words)

    def peer(self, said, words):
        """Members of a peers section are the pair, in the order of the file: their names must be the machines'."""
        name = NODES[self.peers] if self.peers < len(NODES) else "hap%d" % (self.peers + 1)
        self.change(words[1], name)
        if len(said) > 2:
            family, host, port = split_address(said[2])
            self.change(words[2], joined(family, lab_address(11 + self.peers, host if is_address(host) else "."), port))
        self.fit.note("peer %s: %s" % (said[1], name))
        self.peers += 1

# SPDX-License-Identifier: MIT
"""A person's own files made to fit the lab: which address becomes which, and keepalived.conf rewritten so. fit_proxy.py does haproxy.cfg.

    fit = Fit()
    vrrp = fit.vrrp(PATHS)              {"hap1": text, "hap2": text}; from one file the second is made, with a lower priority
    proxy = FitProxy(fit, PATH).texts   the same
    fit.notes                           lines that say what became what

Only words that name addresses, interfaces or what must not run here are replaced; all else stays as it is, comments too.
"""
import ipaddress
import re

NODES = ("hap1", "hap2")
VIPS = (10, *range(13, 20))
WEBS = range(21, 61)
NOBODY = range(90, 100)  # further members of a cluster; no machine has these
INTERFACE = "eth1"
LOCAL = ("127.", "::1", "localhost")

# keepalived.conf: what would run programs of this machine, or needs what the lab has not.
LEFT_OUT = re.compile(r"notify(_.*)?$|startup_script|shutdown_script|smtp_alert.*|vrrp_notify_fifo.*|(network|net)_namespace.*|instance$")
REFUSED = {"include": "give one file that holds all", "virtual_server": "that is keepalived's own balancer (LVS)",
           **dict.fromkeys(("virtual_routes", "virtual_rules", "static_routes", "static_rules", "static_ipaddress"), "the lab has one network")}
ADDRESS_BLOCKS = ("virtual_ipaddress", "virtual_ipaddress_excluded")


class Bad(Exception):
    """Why these files cannot run in the lab."""


def is_address(text):
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def lab_address(number, like="."):
    """The lab's address with this number, of the same family as another."""
    return "fd50::%d" % number if ":" in like else "192.168.50.%d" % number


def replaced(text, changes):
    """The text with [(begin, end, new), ...]."""
    for begin, end, new in sorted(changes, reverse=True):
        text = text[:begin] + new + text[end:]
    return text


class Fit:
    def __init__(self):
        self.vips, self.own, self.others, self.webs, self.notes, self.ipv6 = {}, ({}, {}), {}, {}, [], False

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    # ---- addresses
    def vip(self, address):
        if address.startswith("fe80:"):
            return address
        if address not in self.vips:
            taken = sum((":" in known) == (":" in address) for known in self.vips)
            if taken == len(VIPS):
                raise Bad("%s: the lab has room for %d virtual addresses" % (address, len(VIPS)))
            self.vips[address] = lab_address(VIPS[taken], address)
            self.ipv6 |= ":" in address
            self.note("virtual address %s: %s" % (address, self.vips[address]))
        return self.vips[address]

    def member(self, address, node, other=False):
        """An address of hap1 (node 0) or hap2 themselves; `other`: of the node's peer."""
        at = 1 - node if other else node
        known = self.own[at]
        if other and known and address not in known and (":" in address) in [":" in one for one in known]:
            mapped = self.others.setdefault(address, lab_address(NOBODY[len(self.others) % len(NOBODY)], address))
            self.note("%s: %s, which no machine has: a pair is two" % (address, mapped))
            return mapped
        if address not in known:
            known[address] = lab_address(11 + at, address)
            self.ipv6 |= ":" in address
            self.note("%s: %s, %s" % (address, NODES[at], known[address]))
        return known[address]

    def known(self, address, node):
        """What an address that was seen before became; None for a new one. An address of hap1 in a file for both is each node's own."""
        if address in self.vips:
            return self.vips[address]
        if any(address in own for own in self.own):
            return lab_address(11 + node, address)
        return None

    def web(self, host):
        """The name of the machine that stands in for a real server."""
        if host not in self.webs:
            if len(self.webs) == len(WEBS):
                raise Bad("%s: the lab has room for %d servers" % (host, len(WEBS)))
            self.webs[host] = "web%d" % (len(self.webs) + 1)
            self.ipv6 |= ":" in host
        return self.webs[host]

    def web_address(self, host):
        return lab_address(WEBS[int(self.web(host)[3:]) - 1], host)

    # ---- keepalived.conf
    def vrrp(self, files):
        """`files`: [(name, text)] or one for each node."""
        texts = {}
        for number, node in enumerate(NODES):
            name, text = files[min(number, len(files) - 1)]
            texts[node] = Keepalived(self, name, text, number, derived=number >= len(files)).text
        if not self.vips:
            raise Bad("%s: there is no virtual_ipaddress in it" % files[0][0])
        if len(files) == 1:
            self.note("hap2: %s too, as state BACKUP and with priorities lower by one" % files[0][0])
        return texts


class Keepalived:
    """One file rewritten for one node. `derived`: it was written for hap1, and hap2 gets the counterpart."""

    def __init__(self, fit, name, text, node, derived):
        self.fit, self.name, self.source, self.node, self.derived = fit, name, text, node, derived
        self.changes, blocks, words = [], [], []
        code = re.sub(r"[#!].*", lambda m: " " * len(m[0]), text)
        for m in re.finditer(r'"[^"\n]*"|[{}\n]|[^\s{}"]+', code + "\n"):
            if m[0] in "{}\n":
                if words:
                    self.statement(words, blocks)
                if m[0] == "{":
                    blocks.append(words[0][0] if words else blocks[-1:] and blocks[-1])
                elif m[0] == "}" and blocks:
                    blocks.pop()
                words = []
            else:
                words.append((m[0].strip('"'), m.start(), m.end()))
        self.text = replaced(text, self.changes)

    def change(self, word, new):
        self.changes.append((word[1], word[2], new))

    def line(self, word):
        return self.source.count("\n", 0, word[1]) + 1

    def statement(self, words, blocks):
        first, block = words[0][0], blocks[-1] if blocks else ""
        if first in REFUSED:
            raise Bad("%s:%d: %s: %s" % (self.name, self.line(words[0]), first, REFUSED[first]))
        if LEFT_OUT.match(first) and not first.startswith("notify_priority"):
            self.change((first, words[0][1], words[-1][2]), "# not in the lab: " + first)
            self.fit.note("left out: %s (%s:%d)" % (first, self.name, self.line(words[0])))
        elif block in ADDRESS_BLOCKS:
            self.address(words[0])
            self.after(words, ("dev", "label", "brd", "broadcast"))
        elif block == "unicast_peer" and is_address(first):
            self.change(words[0], self.fit.member(first, self.node, other=True) if not self.derived else lab_address(11, first))
        elif block == "track_interface":
            self.interface(words[0])
        else:
            self.setting(first, words)

    def setting(self, first, words):
        if len(words) < 2:
            return
        if first in ("interface", "dev"):
            self.interface(words[1])
        elif first in ("unicast_src_ip", "mcast_src_ip", "source_ip") and is_address(words[1][0]):
            self.change(words[1], lab_address(12, words[1][0]) if self.derived else self.fit.member(words[1][0], self.node))
        elif first == "neighbor_ip":
            self.change(words[1], lab_address(11, words[1][0]) if self.derived else self.fit.member(words[1][0], self.node, other=True))
        elif first == "state" and self.derived:
            self.change(words[1], "BACKUP")
        elif first == "priority" and self.derived and words[1][0].isdigit():
            self.change(words[1], str(max(1, int(words[1][0]) - 1)))

    def address(self, word):
        address, slash, _ = word[0].partition("/")
        if not is_address(address):
            raise Bad("%s:%d: %s is no address" % (self.name, self.line(word), word[0]))
        self.change(word, self.fit.vip(address) + slash + word[0].partition("/")[2])

    def after(self, words, names):
        """The values behind `dev` and its like."""
        for name, value in zip(words, words[1:]):
            if name[0] in names:
                if name[0] in ("dev", "label"):
                    self.interface(value)
                else:
                    self.change(value, "192.168.50.255")

    def interface(self, word):
        name, colon, rest = word[0].partition(":")
        if name != INTERFACE:
            self.change(word, INTERFACE + colon + rest)
            self.fit.note("interface %s: %s" % (name, INTERFACE))

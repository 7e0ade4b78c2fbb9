# SPDX-License-Identifier: MIT
"""Frames of the drills' own making: garbage, forgeries, and what a node shall not hear."""
import hashlib
import hmac
import socket
import struct
import threading
import time

from net import inside

PORTS = 50000     # so many garbage packets differ
FORGED_S = 0.02   # a forged frame each so many seconds


def raw(node):
    """A socket for whole frames on the node's first interface."""
    with inside(node):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((next(iter(node.interfaces)), 0))
    return s


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def sum16(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def garbage(node, target, addresses, number):
    """ACKs of connections that nobody knows, from the node to the target's MAC as fast as it goes; addresses: IPv4, (from, to). The
    seconds that it took."""
    ends = b"".join(map(socket.inet_aton, addresses))
    ip = struct.pack("!BBHHHBBH8s", 0x45, 0, 40, 0, 0x4000, 64, 6, 0, ends)
    head = mac(target.mac()) + mac(node.mac()) + b"\x08\x00" + ip[:10] + struct.pack("!H", sum16(ip)) + ip[12:]
    frames = []
    for n in range(PORTS):
        tcp = struct.pack("!HHIIBBHHH", 10000 + n, 80, n * 7919, n * 40503, 0x50, 0x10, 512, 0, 0)
        frames.append(head + tcp[:16] + struct.pack("!H", sum16(ends + struct.pack("!HH", 6, 20) + tcp)) + tcp[18:])
    with raw(node) as s:
        begun = time.monotonic()
        for n in range(number):
            s.send(frames[n % PORTS])
        return time.monotonic() - begun


class Forger:
    """While it is entered, a node tells the pair, without its password, that it is each of them (src/proto/pair_message.h)."""

    def __init__(self, node, vrid, senders):
        self.node, self.vrid, self.senders = node, vrid, senders
        self.stop, self.thread = threading.Event(), threading.Thread(target=self._forge, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def _forge(self):
        session, number = time.time_ns() // 1000, 0
        with raw(self.node) as s:
            while not self.stop.wait(FORGED_S):
                number += 1
                head = b"\x01\x00\x5e\x00\x00\x12" + mac(self.node.mac()) + struct.pack(
                    "!H4sBBBBQQ", 0x88b5, b"halb", 1, 1, self.vrid, 4, session, number)
                for flags in (2, 3):  # capable, and capable owner
                    for sender in self.senders:
                        frame = head + struct.pack("!B3xIQQ4s", flags, 1000, 0, 0, socket.inet_aton(sender))
                        s.send(frame + hmac.digest(b"", frame, hashlib.sha256)[:16])


def deaf(node, text):
    """What comes to a node and matches is dropped; without text nothing any more."""
    node.run("nft", "delete table netdev deaf")
    if text:
        node.run("nft", "add table netdev deaf; add chain netdev deaf in { type filter hook ingress device eth1 priority 0; }; "
                 "add rule netdev deaf in %s drop" % text)

# SPDX-License-Identifier: MIT
"""The way from the host's browser into the lab: connections to a listening socket of the host's network are continued by the client
machine to the virtual address, as if its own browser had asked.

The socket was made by `halb-lab up` outside and handed over; a socket stays in the network in which it was made.
"""
import contextlib
import select
import socket
import threading

from net import inside

PIECE = 65536
AT_ONCE = 200  # connections; more wait in the listener's queue
IDLE_S = 300


class Door:
    def __init__(self, listener, node, target):
        """`target`: (address, port), asked from the node."""
        self.listener, self.node, self.target = listener, node, target
        self.room = threading.BoundedSemaphore(AT_ONCE)
        listener.setblocking(True)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            self.room.acquire()
            outside = self.listener.accept()[0]
            threading.Thread(target=self._one, args=(outside,), daemon=True).start()

    def _one(self, outside):
        with self.room_given_back(), outside, contextlib.suppress(OSError):
            with inside(self.node):
                within = socket.socket(socket.AF_INET6 if ":" in self.target[0] else socket.AF_INET)
            with within:
                within.settimeout(10)
                within.connect(self.target)
                relay(outside, within)

    @contextlib.contextmanager
    def room_given_back(self):
        try:
            yield
        finally:
            self.room.release()


def relay(one, two):
    """Bytes both ways, until both sides have ended or nothing comes for long."""
    for s in (one, two):
        s.settimeout(IDLE_S)
    other = {one: two, two: one}
    open_sides = {one, two}
    while open_sides:
        ready = select.select(list(open_sides), [], [], IDLE_S)[0]
        if not ready:
            return
        for s in ready:
            piece = s.recv(PIECE)
            if piece:
                other[s].sendall(piece)
            else:
                open_sides.discard(s)
                other[s].shutdown(socket.SHUT_WR)

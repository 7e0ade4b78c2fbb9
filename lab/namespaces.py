# SPDX-License-Identifier: MIT
"""Into namespaces: the holder's own, made new, and those of a machine, entered from outside. Without root this takes a user namespace,
in which one keeps one's name and has all capabilities; they are made ambient so that the programs one runs have them too."""
import ctypes
import os
import struct
import subprocess

from lab import read

CLONE_NEWUSER = 0x10000000
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAPABILITY_VERSION_3 = 0x20080522
LIBC = ctypes.CDLL(None, use_errno=True)
SWITCHES = (  # what an administrator may have set, and what it must be
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
)


class Forbidden(Exception):
    """Why, and what to do."""


def unshare():
    """The words before a command that is to live in the holder's namespaces, and dies when they end."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    return ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def check():
    """Raises where the kernel forbids it."""
    tried = subprocess.run([*unshare(), "unshare", "--net", "--pid", "--fork", "--mount", "--mount-proc", "ip", "link", "set", "lo", "up"],
                           capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return
    why = "this machine lets us make no namespaces (%s)" % tried.stderr.strip().splitlines()[-1]
    if os.geteuid() == 0:
        raise Forbidden(why + "; in a container it takes CAP_SYS_ADMIN and CAP_NET_ADMIN, for example docker run --privileged")
    cures = [cure for path, bad, cure in SWITCHES if read(path).strip() == bad]
    raise Forbidden("%s. Run it as root, or let ordinary users have user namespaces: %s" % (
        why, "sudo sysctl " + " ".join(cures) if cures else "the system's security rules forbid them; see sysctl -a | grep userns"))


def _keep_capabilities():
    """All capabilities that we have become ambient: what we run has them too."""
    header = ctypes.create_string_buffer(struct.pack("Ii", CAPABILITY_VERSION_3, 0))
    data = ctypes.create_string_buffer(24)
    if LIBC.capget(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    effective, permitted, _, effective_high, permitted_high, _ = struct.unpack("6I", data.raw)
    data = ctypes.create_string_buffer(struct.pack("6I", effective, permitted, permitted, effective_high, permitted_high, permitted_high))
    if LIBC.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    for number in range(64):
        if (permitted | permitted_high << 32) >> number & 1:
            LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0)


def run(files, command):
    """This process goes on as a command in a machine's namespaces: {"net": descriptor, ...}."""
    if os.stat("/proc/self/ns/user").st_ino != os.fstat(files["user"]).st_ino:
        if LIBC.setns(files["user"], CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        _keep_capabilities()
    words = ["nsenter"]
    for kind, option in (("mnt", "mount"), ("uts", "uts"), ("net", "net"), ("pid", "pid")):
        os.set_inheritable(files[kind], True)
        words.append("--%s=/proc/self/fd/%d" % (option, files[kind]))
    os.execvp(words[0], [*words, "--", *command])

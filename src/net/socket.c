/* SPDX-License-Identifier: MIT */
/*
 * Opening sockets: listening ones at start (declared in address.h), and those that connect to
 * servers. A socket that could not be made entirely as asked for is not made at all.
 */
#include "net/address.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 4096 /* where none is given; the kernel's somaxconn cuts it */

static bool set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static bool set_interface(int fd, const char *interface)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
			  (socklen_t)strlen(interface) + 1) == 0;
}

/* The options of an internet socket that must be set before bind(). NULL, or the call that failed.
 */
static const char *set_inet_options(int fd, int family, const struct socket_options *o, bool share)
{
	if (!set(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return "setsockopt(SO_REUSEADDR)";
	if (share && !set(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return "setsockopt(SO_REUSEPORT)";
	if (family == AF_INET6 && (o->v6only || o->v4v6) &&
	    !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, o->v6only))
		return "setsockopt(IPV6_V6ONLY)";
	if (o->interface && !set_interface(fd, o->interface))
		return "setsockopt(SO_BINDTODEVICE)";
	if (o->freebind && !set(fd, IPPROTO_IP, IP_FREEBIND, 1))
		return "setsockopt(IP_FREEBIND)";
	if (!o->transparent)
		return NULL;
	if (family == AF_INET6 ? !set(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
			       : !set(fd, IPPROTO_IP, IP_TRANSPARENT, 1))
		return "setsockopt(IP_TRANSPARENT)";
	return NULL;
}

/* Accepted sockets inherit TCP_NODELAY and TCP_MAXSEG. */
static const char *set_tcp_options(int fd, const struct socket_options *o)
{
	if (!set(fd, IPPROTO_TCP, TCP_NODELAY, 1))
		return "setsockopt(TCP_NODELAY)";
	if (o->mss && !set(fd, IPPROTO_TCP, TCP_MAXSEG, (int)o->mss))
		return "setsockopt(TCP_MAXSEG)";
	if (o->tcp_defer_accept && !set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1))
		return "setsockopt(TCP_DEFER_ACCEPT)";
	return NULL;
}

static const char *start_listening(int fd, bool datagram, const struct socket_options *o)
{
	if (!datagram && listen(fd, o->backlog > 0 ? o->backlog : BACKLOG) < 0)
		return "listen";
	return NULL;
}

static const char *listen_inet(int fd, const struct sockaddr_storage *ss, socklen_t len,
			       bool datagram, const struct socket_options *o, bool share)
{
	const char *failed = set_inet_options(fd, ss->ss_family, o, share);

	if (!failed && !datagram)
		failed = set_tcp_options(fd, o);
	if (!failed && bind(fd, (const struct sockaddr *)ss, len) < 0)
		failed = "bind";
	return failed ? failed : start_listening(fd, datagram, o);
}

static const char *set_owner_and_mode(const char *path, const struct socket_options *o)
{
	if ((o->unix_uid >= 0 || o->unix_gid >= 0) &&
	    chown(path, (uid_t)o->unix_uid, (gid_t)o->unix_gid) < 0)
		return "chown";
	if (o->unix_mode >= 0 && chmod(path, (mode_t)o->unix_mode) < 0)
		return "chmod";
	return NULL;
}

/* Listens under a temporary name first, so that the path always leads to a socket that answers. */
static const char *listen_unix(int fd, const struct sockaddr_un *un, bool datagram,
			       const struct socket_options *o)
{
	struct sockaddr_un temporary = {.sun_family = AF_UNIX};
	struct stat st;
	const char *failed;
	int error, n;

	if (lstat(un->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return "bind";
	}
	n = snprintf(temporary.sun_path, sizeof(temporary.sun_path), "%s.%d.tmp", un->sun_path,
		     (int)getpid());
	if (n < 0 || (size_t)n >= sizeof(temporary.sun_path)) {
		errno = ENAMETOOLONG;
		return "bind";
	}
	unlink(temporary.sun_path);
	if (bind(fd, (const struct sockaddr *)&temporary, sizeof(temporary)) < 0)
		return "bind";
	failed = set_owner_and_mode(temporary.sun_path, o);
	if (!failed)
		failed = start_listening(fd, datagram, o);
	if (!failed && rename(temporary.sun_path, un->sun_path) < 0)
		failed = "rename";
	if (failed) {
		error = errno;
		unlink(temporary.sun_path);
		errno = error;
	}
	return failed;
}

static int option_of(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? -1 : value;
}

/* An inherited descriptor: it must be what it is said to be. */
static int adopt(int fd, bool datagram, const char **what)
{
	int flags, family;

	*what = "getsockopt";
	family = option_of(fd, SO_DOMAIN);
	if (family < 0)
		return -errno;
	*what = "not a listening socket";
	if (datagram ? option_of(fd, SO_TYPE) != SOCK_DGRAM : option_of(fd, SO_ACCEPTCONN) != 1)
		return -EINVAL;
	*what = "fcntl";
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	if (!datagram && family != AF_UNIX)
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return fd;
}

static int new_socket(int family, bool datagram)
{
	int type = (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;

	return socket(family, type, 0);
}

int socket_listen(const struct address *a, const struct socket_options *o, bool share,
		  const char **what)
{
	struct sockaddr_storage ss;
	const char *failed;
	socklen_t len;
	int fd, error;

	if (a->kind == ADDRESS_FD)
		return adopt(a->fd, a->datagram, what);
	*what = "address";
	error = address_to_sockaddr(a, &ss, &len);
	if (error)
		return error;
	*what = "socket";
	fd = new_socket(ss.ss_family, a->datagram);
	if (fd < 0)
		return -errno;
	if (a->kind == ADDRESS_UNIX)
		failed = listen_unix(fd, (const struct sockaddr_un *)&ss, a->datagram, o);
	else if (a->kind == ADDRESS_ABSTRACT)
		failed = bind(fd, (const struct sockaddr *)&ss, len) < 0
			     ? "bind"
			     : start_listening(fd, a->datagram, o);
	else
		failed = listen_inet(fd, &ss, len, a->datagram, o, share);
	if (!failed)
		return fd;
	error = -errno;
	*what = failed;
	close(fd);
	return error;
}

int socket_for(const struct sockaddr_storage *to, bool datagram)
{
	int fd = new_socket(to->ss_family, datagram);

	if (fd < 0)
		return -errno;
	if (!datagram && to->ss_family != AF_UNIX)
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return fd;
}

int socket_bind_source(int fd, const struct inet *source, const char *interface)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (interface && !set_interface(fd, interface))
		return -errno;
	len = inet_to_sockaddr(source, &ss);
	if (!len)
		return 0;
	/* Without a port the kernel picks one at connect(), when it knows the destination too: many
	 * more are free then. */
	if (source->port == 0)
		set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	else if (!set(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return -errno;
	return bind(fd, (const struct sockaddr *)&ss, len) < 0 ? -errno : 0;
}

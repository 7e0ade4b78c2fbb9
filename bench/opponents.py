# SPDX-License-Identifier: MIT
"""The same job written for each proxy: one process with one worker, and a port for each way of working.

    http    keep-alive on both sides, round robin over two servers, X-Forwarded-For
    log     the same, with a line in haproxy's HTTP format to a UDP log server for each request
    close   a new connection for each request on both sides
    tcp     bytes only, to the echo server

`ports` holds those four, `origin` the ports of two web servers, the echo server and the log server.
halb, haproxy and any other binary read haproxy's grammar; a binary whose name holds "nginx" reads nginx's.
"""
import os

NGINX_STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"
PORTS = ("http", "log", "close", "tcp")

HAPROXY = """\
global
    nbthread 1
    maxconn {connections}

defaults
    mode http
    timeout connect 5s
    timeout client 300s
    timeout server 300s

frontend http
    bind 127.0.0.1:{http}
    default_backend web

frontend log
    bind 127.0.0.1:{log}
    log 127.0.0.1:{sink} local0
    option httplog
    default_backend web

frontend close
    bind 127.0.0.1:{close}
    option httpclose
    default_backend web_close

backend web
    balance roundrobin
    option forwardfor
    server web1 127.0.0.1:{web1}
    server web2 127.0.0.1:{web2}

backend web_close
    balance roundrobin
    option httpclose
    option forwardfor
    server web1 127.0.0.1:{web1}
    server web2 127.0.0.1:{web2}

listen tcp
    mode tcp
    bind 127.0.0.1:{tcp}
    server echo 127.0.0.1:{echo}
"""

# Buffers as large as haproxy's. No temporary files and no end of a connection after 1000 requests: neither has a
# counterpart elsewhere.
NGINX = """\
{load_stream}
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.log crit;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    proxy_max_temp_file_size 0;
    proxy_buffers 16 16k;
    proxy_http_version 1.1;
    log_format httplog '$remote_addr:$remote_port [$time_local] log web/$upstream_addr $request_time/'
        '$upstream_connect_time/$upstream_header_time/$upstream_response_time $status $bytes_sent "$request"';
    upstream web {{
        server 127.0.0.1:{web1};
        server 127.0.0.1:{web2};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    upstream web_close {{
        server 127.0.0.1:{web1};
        server 127.0.0.1:{web2};
    }}
    server {{
        listen 127.0.0.1:{http} backlog=4096;
        location / {{
            proxy_pass http://web;
            proxy_set_header Host $host;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
    server {{
        listen 127.0.0.1:{log} backlog=4096;
        access_log syslog:server=127.0.0.1:{sink},facility=local0 httplog;
        location / {{
            proxy_pass http://web;
            proxy_set_header Host $host;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
    server {{
        listen 127.0.0.1:{close} backlog=4096;
        keepalive_timeout 0;
        location / {{
            proxy_pass http://web_close;
            proxy_set_header Host $host;
            proxy_set_header Connection close;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
{stream}
"""

STREAM = """\
stream {{
    server {{
        listen 127.0.0.1:{tcp} backlog=4096;
        proxy_pass 127.0.0.1:{echo};
    }}
}}
"""


def is_nginx(path):
    return "nginx" in os.path.basename(path)


def can(path, port):
    """Whether the binary at `path` offers that way of working here."""
    return port != "tcp" or not is_nginx(path) or os.path.exists(NGINX_STREAM)


def command(path, folder, ports, origin, connections):
    """Writes the configuration into `folder`; the command line that runs the proxy in the foreground."""
    words = {**ports, **origin, "folder": folder, "connections": connections}
    if is_nginx(path):
        stream = os.path.exists(NGINX_STREAM)
        words["load_stream"] = "load_module %s;" % NGINX_STREAM if stream else ""
        words["stream"] = STREAM.format(**words) if stream else ""
        words["user"] = "user root root;" if os.geteuid() == 0 else ""
        text, name = NGINX, "nginx.conf"
    else:
        text, name = HAPROXY, "haproxy.cfg"
    config = os.path.join(folder, name)
    with open(config, "w", encoding="utf-8") as f:
        f.write(text.format(**words))
    if is_nginx(path):
        return [path, "-p", folder, "-e", folder + "/nginx.log", "-c", config]
    return [path, "-db", "-f", config]

# SPDX-License-Identifier: MIT
"""A person's files for lab_verbs.py: what Debian's haproxy.cfg holds, other addresses and interfaces than the lab's, and what is refused."""

PROXY = """global
    log /dev/log local0
    chroot /var/lib/haproxy
    stats socket /run/haproxy/admin.sock mode 660 level admin
    stats timeout 30s
    user haproxy
    group haproxy
    daemon
    ca-base /etc/ssl/certs
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets

defaults
    log global
    mode http
    option httplog
    timeout connect 5s
    timeout client 50s
    timeout server 50s

frontend www   # the site, on 10.1.2.100
    bind 10.1.2.100:80
    bind 10.1.2.101:8080 interface ens192
    bind 10.1.2.11:7000
    default_backend app

backend app
    balance roundrobin
    option httpchk GET /health
    cookie SRV insert indirect nocache
    server app1 10.1.2.21:8080 check port 8081 cookie a
    server app2 app2.example.com:8080 check cookie b
    server app3 10.1.2.21:9090 backup
"""

KEEPALIVED = """! my pair
global_defs {
    router_id lb1
}
vrrp_script chk_haproxy {
    script "/usr/bin/killall -0 haproxy"
    interval 2
    weight 2
}
vrrp_instance VI_1 {
    state MASTER
    interface ens192   # outside
    virtual_router_id 55
    priority 150
    advert_int 1
    unicast_src_ip 10.1.2.11
    unicast_peer {
        10.1.2.12
    }
    authentication {
        auth_type PASS
        auth_pass secret
    }
    virtual_ipaddress {
        10.1.2.100/24 dev ens192 label ens192:0
        10.1.2.101
    }
    track_interface {
        ens192
    }
    track_script {
        chk_haproxy
    }
    notify_master "/usr/local/bin/tell.sh master"
}
"""

# (haproxy.cfg, what is said)
REFUSED = (
    ("frontend f\n    bind :443 ssl crt /etc/ssl/site.pem\n", r"bad\.cfg:2: a bind line with TLS"),
    ("backend b\n    server s 10.0.0.1:443 ssl verify none\n", r"bad\.cfg:2: a server over TLS"),
    ("backend b\n    server s /run/app.sock\n", r"bad\.cfg:2: .*unix socket"),
    ("backend b\n    server-template s 3 app.example.com:80\n", r"bad\.cfg:2: server-template"),
)

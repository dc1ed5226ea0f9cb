"""Gunicorn's configuration for the shop: one instance behind a proxy; docs/deploy.md tells of it.

Read by ``gunicorn --config deploy/gunicorn.conf.py --bind 127.0.0.1:8001 wsgiapp.shop:app``. What differs from machine
to machine comes from the environment: ``WEB_CONCURRENCY`` (processes), ``WEB_THREADS`` (threads in each), and
``FORWARDED_ALLOW_IPS`` (the addresses or networks of the proxies). Nothing of the shop itself is configured here.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any

# A process holds at most as many connections to the database as it has threads, and never more than 15.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "8"))
# Besides those that are answered a process accepts as many again, and leaves the rest to its neighbours.
worker_connections = 2 * threads
backlog = 128

# The shop is imported once, and the processes share that memory. It opens its database in each process for itself, at
# the first use, and notices a fork (`Store` in wsgiapp/shop/store.py). New code needs a restart, since SIGHUP keeps it.
preload_app = True

# A process that gives no sign of life for so long is replaced. A slow request alone is none: its thread waits, and the
# database's own time-out ends it.
timeout = 30
# SIGTERM: no new connection is accepted, and what is in flight is answered within this time.
graceful_timeout = 30
keepalive = 2
# The sign of life is a file's time stamp, which must never wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # a mode 0600 file, unlinked at once

# The proxy refuses more than this before; these hold for whoever reaches the port otherwise.
limit_request_line = 8190
limit_request_fields = 60
limit_request_field_size = 8190

# Whether a header of a proxy counts is decided once, by the shop (SHOP_TRUSTED_PROXIES), and never for other peers.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
FORWARDED = frozenset(
    {"FORWARDED", "X-FORWARDED-FOR", "X-FORWARDED-PROTO", "X-FORWARDED-HOST", "X-FORWARDED-PORT", "X-FORWARDED-PREFIX"}
)

# Instances of one account would fight for the one socket by which Gunicorn can be controlled.
control_socket_disable = True

accesslog = "-"
errorlog = "-"
# The visitor's address, as the shop takes it; no query, which may hold what somebody searched for. The time is in µs.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(D)s "%(a)s"'


def pre_request(worker: Any, request: Any) -> None:
    """Take what proxies say from a request that comes from none: the shop counts proxies, and looks at no address."""
    peer = request.peer_addr[0] if isinstance(request.peer_addr, tuple) else ""  # a UNIX socket: only the proxy has it
    if peer and not is_proxy(peer, worker.cfg.forwarded_allow_ips):
        request.headers = [(name, value) for name, value in request.headers if name.upper() not in FORWARDED]


def is_proxy(peer: str, allowed: list[str]) -> bool:
    """Tell whether an address is one of those ``allowed``, which are addresses, networks, or ``*`` for all."""
    address = ipaddress.ip_address(peer)
    return "*" in allowed or any(address in ipaddress.ip_network(each, strict=False) for each in allowed)

"""The other proxies in the configuration that a careful operator would write: the command that runs one of them."""

import os

NGINX_STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"


def haproxy(directory, listen, backend, tls=False):
    """`listen` and `backend` are ip:port; the files go to the directory. tls: encrypts towards the backend."""
    (directory / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend clients
  bind {listen} backlog 4096
  default_backend servers
backend servers
  server one {backend}{" ssl verify none" if tls else ""}
""")
    return ["haproxy", "-db", "-f", str(directory / "haproxy.cfg")]


def nginx(directory, listen, backend, tls=False):
    load_module = f"load_module {NGINX_STREAM};" if os.path.exists(NGINX_STREAM) else ""
    (directory / "nginx.conf").write_text(f"""
{load_module}
daemon off;
master_process off;
worker_processes 1;
error_log stderr crit;
pid {directory}/nginx.pid;
events {{ worker_connections 8192; }}
stream {{
  upstream servers {{ server {backend}; }}
  server {{
    listen {listen} backlog=4096;
    proxy_pass servers;
    proxy_timeout 1h;
    {"proxy_ssl on;" if tls else ""}
  }}
}}
""")
    return ["nginx", "-p", str(directory), "-e", "stderr", "-c", str(directory / "nginx.conf")]

"""The proxies in the configurations that a careful operator would write: the commands that run them.

Each function writes its files to the directory; the last word of the command is the configuration. README.md says
what was tried.
"""

import dataclasses
import pathlib

NGINX_STREAM = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")
# Sessions that every proxy has room for: two descriptors each, and some of its own, fit into those of a process.
SESSIONS = 9_500
DESCRIPTORS = 20_000
SPLICE_SESSIONS = 4_000  # HAProxy reserves descriptors of pipes for each
BULK_BYTES = 1 << 20  # of the buffers and pipes for bulk: less costs more CPU, more does not help


@dataclasses.dataclass(frozen=True)
class BackendTls:
    """TLS 1.3 towards the backend, whose certificate is verified when a CA is given."""

    ca: pathlib.Path | None = None
    name: str = ""
    resume: bool = True


@dataclasses.dataclass(frozen=True)
class Job:
    """What a proxy has to do. Routes are pairs of "ip:port": to listen on, to forward to."""

    routes: tuple
    tls: BackendTls | None = None
    bulk: bool = False  # large transfers rather than short messages


def haproxy(directory, job, splice=False):
    routes = "".join(f"""
frontend clients{number}
  bind {listen} backlog 4096
  default_backend servers{number}
backend servers{number}
  server one {backend}{_haproxy_tls(job.tls)}
""" for number, (listen, backend) in enumerate(job.routes))
    if splice:
        tuning = f"tune.pipesize {BULK_BYTES}"
    else:
        tuning = f"tune.bufsize {BULK_BYTES}" if job.bulk else ""
    path = directory / "haproxy.cfg"
    path.write_text(f"""
global
  nbthread 1
  maxconn {SPLICE_SESSIONS if splice else SESSIONS}
  {tuning}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  {"option splice-request" if splice else ""}
  {"option splice-response" if splice else ""}
{routes}""")
    return ["haproxy", "-db", "-f", str(path)]


def haproxy_splice(directory, job):
    return haproxy(directory, job, splice=True)


def _haproxy_tls(tls):
    if not tls:
        return ""
    verify = f"required ca-file {tls.ca} verifyhost {tls.name} sni str({tls.name})" if tls.ca else "none"
    return f" ssl verify {verify}{'' if tls.resume else ' no-ssl-reuse'}"


def nginx(directory, job):
    services = "".join(f"""
  server {{
    listen {listen} backlog=4096;
    proxy_pass {backend};
    proxy_timeout 1h;
    {f"proxy_buffer_size {BULK_BYTES};" if job.bulk else ""}
    {_nginx_tls(job.tls)}
  }}""" for listen, backend in job.routes)
    path = directory / "nginx.conf"
    path.write_text(f"""
{f"load_module {NGINX_STREAM};" if NGINX_STREAM.exists() else ""}
daemon off;
master_process off;
worker_processes 1;
error_log stderr crit;
pid {directory}/nginx.pid;
events {{ worker_connections {2 * SESSIONS + 100}; }}
stream {{{services}
}}
""")
    return ["nginx", "-p", str(directory), "-e", "stderr", "-c", str(path)]


def _nginx_tls(tls):
    if not tls:
        return ""
    verify = (f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {tls.ca}; proxy_ssl_name {tls.name}; "
              "proxy_ssl_server_name on;") if tls.ca else ""
    reuse = "on" if tls.resume else "off"
    return f"proxy_ssl on; proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_ssl_session_reuse {reuse}; {verify}"


def tcp_forwarder(directory, job, *, binary, metrics_port, workers=1, pools=True):
    """Only what a user has to say; the rest are defaults."""
    for number, (_, backend) in enumerate(job.routes):
        (directory / f"list{number}.txt").write_text(f"{backend}\n")
    services = "".join(f"""
  - name: "service{number}"
    server: {{ listen_addr: "{listen}" }}
    remotes: {{ provider: {{ file: {{ path: "list{number}.txt" }} }} }}"""
                       for number, (listen, _) in enumerate(job.routes))
    path = directory / "config.yaml"
    path.write_text(f"""
server: {{ workers: {workers} }}
logging: {{ level: "warn" }}
metrics: {{ listen_addr: "127.0.0.1:{metrics_port}" }}
{_forwarder_tls(job.tls)}
{'' if pools else 'pools: { strategy: { type: "none" } }'}
services:{services}
""")
    return [binary, "-c", str(path)]


def _forwarder_tls(tls):
    if not tls:
        return ""
    name = f'server_name: "{tls.name}"'
    return f'remotes: {{ tls: {{ enabled: true, ca_file: "{tls.ca}", {name} }} }}'

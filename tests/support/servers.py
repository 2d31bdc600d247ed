"""Real servers to forward to, from the system's packages, each on a free port with a directory of its own.

    with Redis() as redis, Forwarder([redis.name]) as forwarder:
        ...

They listen on loopback, or where `host` and `namespace` say. They are processes of this user (PostgreSQL refuses
root, so root runs it as postgres), never system services, and end with the block.
"""

import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

from backends import name_of
from forwarder import free_port, wait_until
from netns import inside

_HOST = "127.0.0.1"
_ADMIN_PATHS = "/usr/sbin:/sbin"


def program(name, *directories):
    """The path of an installed program."""
    path = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], _ADMIN_PATHS, *directories]))
    if not path:
        raise RuntimeError(f"{name} is not installed; scripts/setup.sh installs what the tests need")
    return path


class Server:
    """What all have in common: a server says its command, and what has to be prepared before it."""

    user = None  # None: the user of the tests
    stop_signal = signal.SIGTERM

    def __init__(self, host=_HOST, namespace=None):
        self.host = host
        self.namespace = namespace
        self.port = free_port(host, namespace)
        self._directory = tempfile.TemporaryDirectory(prefix="tcp-forwarder-server-")
        self.directory = pathlib.Path(self._directory.name)
        self.log_path = self.directory / "log"
        self.process = None

    @property
    def name(self):
        return name_of((self.host, self.port))

    def prepare(self):
        pass

    def command(self):
        raise NotImplementedError

    def listens(self):
        assert self.process.poll() is None, f"{self.command()[0]} has ended\n{self.log_path.read_text()}"
        with inside(self.namespace), contextlib.suppress(OSError):
            with socket.create_connection((self.host, self.port), timeout=5):
                return True
        return False

    def run(self, *argv, **options):
        """Runs a command as the server's user, to its end; returns what it prints."""
        options = {"check": True, "stdout": subprocess.PIPE, "text": True, "timeout": 60} | options
        return subprocess.run(argv, user=self.user, cwd=self.directory, **options).stdout

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.callback(self._directory.cleanup)
            self.prepare()
            # Not by "ip netns exec", which needs root while the server may be of another user.
            with open(self.log_path, "wb") as log, inside(self.namespace):
                self.process = subprocess.Popen(
                    self.command(), user=self.user, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log)
            stack.callback(self._stop)
            wait_until(self.listens, timeout=30)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def _stop(self):
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()


class Nginx(Server):
    """Says its name at /name, serves the shared directory at /files/, keeps what is PUT to /uploads/.

    With `tls`, a pair (what a certificates.Authority issued for this server, that authority's certificate), it speaks
    TLS, and only to clients with a certificate of the authority."""

    def __init__(self, files, tls=None, **place):
        super().__init__(**place)
        self.files = files
        self.tls = tls
        self.uploads = self.directory / "uploads"

    def _tls_directives(self):
        if not self.tls:
            return ""
        own, authority = self.tls
        return f"""
                    ssl_certificate {own.certificate};
                    ssl_certificate_key {own.key};
                    ssl_client_certificate {authority};
                    ssl_verify_client on;"""

    def prepare(self):
        self.uploads.mkdir()
        temporary = "\n".join(
            f"    {kind}_temp_path {self.directory}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        (self.directory / "nginx.conf").write_text(f"""
            daemon off;
            {user}
            worker_processes 1;
            pid {self.directory}/pid;
            events {{ worker_connections 1024; }}
            http {{
                {temporary}
                access_log off;
                client_max_body_size 0;
                keepalive_requests 1000000;
                gzip on;
                gzip_types *;
                server {{
                    listen {self.name}{" ssl" if self.tls else ""};{self._tls_directives()}
                    location = /name {{ return 200 "{self.name}"; }}
                    location /files/ {{ alias {self.files}/; }}
                    location /uploads/ {{ alias {self.uploads}/; dav_methods PUT; }}
                }}
            }}""")

    def command(self):
        return [program("nginx"), "-e", "stderr", "-p", str(self.directory), "-c", "nginx.conf"]


class Redis(Server):
    """`timeout` is that of redis: it closes clients that were idle for so many seconds (0: never)."""

    def __init__(self, timeout=0, **place):
        super().__init__(**place)
        self.timeout = timeout

    def command(self):
        return [program("redis-server"), "--bind", self.host, "--port", str(self.port), "--dir", str(self.directory),
                "--save", "", "--appendonly", "no", "--protected-mode", "no", "--timeout", str(self.timeout)]


class Postgres(Server):
    """Trusts its neighbours; its administrator is "postgres". `hosts` are the addresses that it listens on."""

    stop_signal = signal.SIGINT  # does not wait for clients to leave

    def __init__(self, hosts=(_HOST,), namespace=None):
        super().__init__(hosts[0], namespace)
        self.hosts = hosts
        if os.geteuid() == 0:
            self.user = pwd.getpwnam("postgres").pw_uid
            shutil.chown(self.directory, self.user)

    @property
    def names(self):
        return [name_of((host, self.port)) for host in self.hosts]

    @staticmethod
    def _program(name):
        return program(name, *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True))

    def prepare(self):
        self.run(self._program("initdb"), "--username=postgres", "--auth=trust", "--no-sync", "--locale=C.UTF-8",
                 "--pgdata=data")
        with open(self.directory / "data" / "pg_hba.conf", "a") as access:
            access.write("host all all samenet trust\n")

    def command(self):
        return [self._program("postgres"), "-D", "data", "-h", ",".join(self.hosts), "-p", str(self.port),
                "-k", str(self.directory), "-F"]


class Sshd(Server):
    """Lets in the user of the tests, by the key in `client_key`; its host key is in `known_hosts`."""

    def prepare(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # sshd demands it of root
        for key in ("host_key", "client_key"):
            self.run(program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key)
        host_key = (self.directory / "host_key.pub").read_text()
        (self.directory / "known_hosts").write_text(f"server {host_key}")
        (self.directory / "sshd_config").write_text(f"""
            ListenAddress {self.name}
            HostKey {self.directory}/host_key
            AuthorizedKeysFile {self.directory}/client_key.pub
            PidFile none
            PermitRootLogin prohibit-password
            StrictModes no
            UsePAM no
            Subsystem sftp internal-sftp
            """)

    def command(self):
        return [program("sshd"), "-D", "-e", "-f", str(self.directory / "sshd_config")]

    def client_options(self):
        """Options of ssh and sftp that keep the user's own files out of it."""
        options = {
            "BatchMode": "yes",
            "IdentityFile": self.directory / "client_key",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.directory / "known_hosts",
            "HostKeyAlias": "server",
            "StrictHostKeyChecking": "yes",
        }
        return ["-F", "none", *(f"-o{key}={value}" for key, value in options.items())]

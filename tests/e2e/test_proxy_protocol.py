"""PROXY headers: backends learn the client's address from each link that is given to one, and from no other."""

import socket
import ssl
import struct
import subprocess

import pytest

from certificates import NAME, trusting
from clients import exchange, read_line
from forwarder import Forwarder, binary, free_port, merged, receive, wait_until
from scripted import Scripted, echo
from servers import Server, program

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FAMILIES = {0x11: (socket.AF_INET, 4), 0x21: (socket.AF_INET6, 16)}


def config_of(version, strategy="dynamic", authority=None):
    tls = trusting(authority) if authority else {}
    return {
        "logging": {"format": "json"},
        "remotes": {"proxy_protocol": version, "tls": tls, "probing": {"interval": "300ms", "timeout": "300ms"}},
        "pools": {"strategy": {"type": strategy, "dynamic": {"min_size": 4}}},
    }


def read_v1(sock):
    """(client, server), or None for UNKNOWN. Not a byte more than the header is read."""
    line = read_line(sock)
    assert len(line) <= 105 and line.endswith("\r"), line
    words = line[:-1].split(" ")
    if words == ["PROXY", "UNKNOWN"]:
        return None
    assert len(words) == 6 and words[0] == "PROXY", line
    family = {"TCP4": socket.AF_INET, "TCP6": socket.AF_INET6}[words[1]]
    for address in words[2:4]:
        assert socket.inet_ntop(family, socket.inet_pton(family, address)) == address
    for port in words[4:]:
        assert str(int(port)) == port and 0 < int(port) < 65536
    return (words[2], int(words[4])), (words[3], int(words[5]))


def read_v2(sock, tlvs=None):
    """As read_v1, None for LOCAL; what follows the addresses goes into `tlvs`, by its type."""
    signature, command, family, length = struct.unpack("!12sBBH", receive(sock, 16))
    assert signature == SIGNATURE
    body = receive(sock, length)
    assert len(body) == length
    if command == 0x20:
        assert (family, length) == (0, 0)
        return None
    assert command == 0x21
    kind, size = FAMILIES[family]
    ips = [socket.inet_ntop(kind, body[at:at + size]) for at in (0, size)]
    ports = struct.unpack_from("!HH", body, 2 * size)
    rest = body[2 * size + 4:]
    while rest:
        number, size = struct.unpack_from("!BH", rest)
        assert tlvs is not None and len(rest) >= 3 + size
        tlvs[number], rest = rest[3:3 + size], rest[3 + size:]
    return (ips[0], ports[0]), (ips[1], ports[1])


class Strict(Scripted):
    """Reads the header of each connection, then echoes. `headers` are those that named somebody, in the order of
    their coming; `nameless` is the number of the others."""

    def __init__(self, read):
        super().__init__(self._speak)
        self._read = read
        self.headers = []
        self.nameless = 0

    def _speak(self, sock):
        if not sock.recv(1, socket.MSG_PEEK):
            return  # an idle link that was not needed
        if header := self._read(sock):
            self.headers.append(header)
        else:
            self.nameless += 1
        echo(sock)


READERS = {"v1": read_v1, "v2": read_v2}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("strategy", ["none", "dynamic"])
@pytest.mark.parametrize("version", READERS)
def test_each_session_begins_with_its_own_clients_address(version, strategy, host):
    port = free_port(host)
    listening = {"server": {"listen_addr": f"[{host}]:{port}" if ":" in host else f"{host}:{port}"}}
    with Strict(READERS[version]) as backend:
        with Forwarder([backend.name], merged(config_of(version, strategy), listening)) as forwarder:
            idle = 4 if strategy == "dynamic" else 0
            for _ in range(10):
                wait_until(lambda: (forwarder.value("pool_connections", state="idle") or 0) >= idle)
                with socket.create_connection((host, port), timeout=10) as client:
                    assert exchange(client)
                    assert backend.headers[-1] == (client.getsockname()[:2], client.getpeername()[:2])
            assert forwarder.value("first_link_seconds_count", source="pool" if idle else "dial") == 10
            assert len(backend.headers) == 10
            assert forwarder.errors() == {}


@pytest.mark.parametrize("version", READERS)
def test_probes_name_nobody_and_disturb_nobody(version):
    with Strict(READERS[version]) as backend, Forwarder([backend.name], config_of(version)) as forwarder:
        wait_until(lambda: backend.nameless >= 5)
        wait_until(lambda: forwarder.value("server_probe_success_total") >= 5)
        assert forwarder.value("health_checks_total", result="failure") == 0
        assert backend.headers == []


@pytest.mark.parametrize("strategy", ["none", "dynamic"])
@pytest.mark.parametrize("version", READERS)
def test_a_client_on_a_unix_socket_is_nobody(directory, version, strategy):
    path = directory / f"{version}-{strategy}"
    config = merged(config_of(version, strategy), {"remotes": {"probing": {"interval": "1h"}}})
    config["server"] = {"listen_addr": f"unix:{path}"}
    with Strict(READERS[version]) as backend, Forwarder([backend.name], config):
        wait_until(lambda: backend.nameless >= 1)
        probes = backend.nameless
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(path))
            assert exchange(client)
        assert backend.nameless > probes
        assert backend.headers == []


def test_before_tls_version_2_tells_the_name_that_is_verified(authority, good):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(good.certificate, good.key)
    seen = []

    def speak(sock):
        tlvs = {}
        if not sock.recv(1, socket.MSG_PEEK):
            return
        header = read_v2(sock, tlvs)
        with context.wrap_socket(sock, server_side=True) as tls:
            if header:
                seen.append((header[0], tlvs))
            echo(tls)

    with Scripted(speak) as backend, Forwarder([backend.name], config_of("v2", authority=authority)) as forwarder:
        wait_until(lambda: forwarder.value("pool_connections", state="idle") == 4)
        with forwarder.connect() as client:
            assert exchange(client)
            (address, tlvs), = seen
            assert address == client.getsockname()
        assert tlvs[0x02] == NAME.encode()
        assert tlvs[0x20][0] == 0, "the client itself did not use TLS"
        assert forwarder.value("first_link_seconds_count", source="pool") == 1


class ProxiedNginx(Server):
    """Wants a PROXY header, then TLS with `issued`; says whom the header has named."""

    def __init__(self, issued=None):
        super().__init__()
        self.issued = issued

    def prepare(self):
        temporary = "\n".join(f"{kind}_temp_path {self.directory}/{kind};"
                              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        tls = ""
        if self.issued:
            tls = f"ssl_certificate {self.issued.certificate}; ssl_certificate_key {self.issued.key};"
        (self.directory / "nginx.conf").write_text(f"""
            daemon off;
            pid {self.directory}/pid;
            events {{ }}
            http {{
                {temporary}
                access_log off;
                server {{
                    listen {self.name} proxy_protocol {"ssl" if self.issued else ""};
                    {tls}
                    location / {{ return 200 "$proxy_protocol_addr $proxy_protocol_port"; }}
                }}
            }}""")

    def command(self):
        return [program("nginx"), "-e", "stderr", "-p", str(self.directory), "-c", "nginx.conf"]


@pytest.mark.parametrize("strategy", ["none", "dynamic"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("version", READERS)
def test_nginx_learns_the_client(authority, good, version, encrypted, strategy):
    config = config_of(version, strategy, authority if encrypted else None)
    with ProxiedNginx(good if encrypted else None) as nginx:
        with Forwarder([nginx.name], config) as forwarder:
            for _ in range(20):
                with forwarder.connect() as client:
                    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    host, port = client.getsockname()
                    assert receive(client, 4096).endswith(f"\r\n\r\n{host} {port}".encode())
            assert forwarder.value("health_checks_total", result="failure") == 0
            assert forwarder.errors() == {}


def test_check_warns_that_a_pool_cannot_shake_hands_before_the_header(directory, authority):
    (directory / "ip_list.txt").write_text("10.0.0.1\n")

    def said(proxy_protocol):
        tls = f"{{enabled: true, server_name: {NAME}, ca_file: {authority.certificate}}}"
        (directory / "config.yaml").write_text(f"remotes: {{proxy_protocol: {proxy_protocol}, tls: {tls}}}\n")
        done = subprocess.run(
            [binary(), "check"], cwd=directory, capture_output=True, text=True, timeout=30, check=True)
        return done.stdout + done.stderr

    assert "proxy_protocol with remotes.tls.enabled: the pool keeps plain TCP links" in said("v2")
    assert "proxy_protocol" not in said("none")

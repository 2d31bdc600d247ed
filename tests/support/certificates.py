"""Certificates for a test, made by the openssl command: authorities, and what they issue.

    ca = Authority(directory / "ca")
    good = ca.server("backend.test", "10.77.1.1")       # names and IP addresses that it is valid for
    old = ca.server("backend.test", expired=True)
    mine = ca.client("forwarder")
    stranger = Authority(directory / "other").server("backend.test")

An authority's own certificate is `ca.certificate`; what it issues has a `certificate` and a `key`. All are PEM files.
"""

import collections
import ipaddress
import itertools
import pathlib
import subprocess

NAME = "backend.test"  # of backends, unless a test is about names

Issued = collections.namedtuple("Issued", "certificate key")


class Authority:
    def __init__(self, directory):
        self._directory = pathlib.Path(directory)
        self._directory.mkdir(parents=True)
        self._numbers = itertools.count()
        self.certificate, self._key = self._paths()
        _request(f"CA {self._directory.name}", self._key, "basicConstraints=critical,CA:TRUE",
                 options=["-x509", "-out", self.certificate])

    def server(self, *hosts, expired=False):
        """For a server that is reached by these names and IP addresses."""
        alternatives = ",".join(f"{'IP' if _is_ip(host) else 'DNS'}:{host}" for host in hosts)
        return self._issue(hosts[0], expired, "extendedKeyUsage=serverAuth", f"subjectAltName={alternatives}")

    def client(self, name, expired=False):
        return self._issue(name, expired, "extendedKeyUsage=clientAuth")

    def _issue(self, name, expired, *extensions):
        issued = self._paths()
        request = _request(name, issued.key, "basicConstraints=critical,CA:FALSE", *extensions)
        _openssl("x509", "-req", "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                 "-copy_extensions", "copyall", "-days", "-1" if expired else "30", "-out", issued.certificate,
                 data=request)
        return issued

    def _paths(self):
        stem = self._directory / str(next(self._numbers))
        return Issued(stem.with_suffix(".pem"), stem.with_suffix(".key"))


def trusting(authority):
    """The section remotes.tls of a forwarder that trusts the authority, and expects NAME."""
    return {"enabled": True, "server_name": NAME, "ca_file": str(authority.certificate)}


def identity(issued):
    """What remotes.tls has besides, for a forwarder that shows a certificate itself."""
    return {"cert_file": str(issued.certificate), "key_file": str(issued.key)}


def _request(name, key, *extensions, options=()):
    return _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", f"/CN={name}",
                    "-keyout", key, *(word for extension in extensions for word in ("-addext", extension)), *options)


def _openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True, timeout=30).stdout


def _is_ip(host):
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

"""MariaDB as it is installed for the tests, strict about clients that connect and do not log in.

    with MariaDB("forwarder.test", net.near_address, host=net.backends[0], namespace=net.far) as mariadb:
        ...
"""

import shutil
import subprocess

from servers import Server, program

USER = "tester"
PASSWORD = "secret"


class MariaDB(Server):
    """After ten failed handshakes in a row it blocks a client's address. It does so only for an address whose name it
    could look up and verify: `client_name` and `client_address` are put into the hosts file that this server sees."""

    max_connect_errors = 10
    connect_timeout = 10  # seconds for a handshake

    def __init__(self, client_name, client_address, **place):
        super().__init__(**place)
        self._client = (client_address, client_name)
        self._socket = self.directory / "socket"
        self._hosts = self.directory / "hosts"

    def prepare(self):
        self.directory.chmod(0o755)
        self._hosts.write_text("{} {}\n".format(*self._client))
        self.run(program("mariadb-install-db"), "--no-defaults", "--user=mysql", f"--datadir={self.directory}/data",
                 "--auth-root-authentication-method=normal", "--skip-test-db", stderr=subprocess.DEVNULL)
        shutil.chown(self.directory, "mysql")  # the socket is made in it
        (self.directory / "init.sql").write_text(f"CREATE USER {USER} IDENTIFIED BY '{PASSWORD}';\n")

    def command(self):
        server = [program("mariadbd"), "--no-defaults", "--user=mysql", f"--datadir={self.directory}/data",
                  f"--socket={self._socket}", f"--bind-address={self.host}", f"--port={self.port}",
                  f"--init-file={self.directory}/init.sql", f"--max-connect-errors={self.max_connect_errors}",
                  f"--connect-timeout={self.connect_timeout}", "--performance-schema=ON"]
        in_place_of_the_hosts = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", in_place_of_the_hosts, str(self._hosts), *server]

    def ask(self, query):
        """The rows that the administrator gets, as lists of words; not by way of the network."""
        rows = self.run(program("mariadb"), "--no-defaults", f"--socket={self._socket}", "--user=root", "-N", "-B",
                        "-e", query)
        return [row.split("\t") for row in rows.splitlines()]

    def host_errors(self, address):
        """What the host cache holds against an address: (failed handshakes in a row, connections refused for it)."""
        rows = self.ask("SELECT sum_connect_errors, count_host_blocked_errors FROM performance_schema.host_cache "
                        f"WHERE ip = '{address}' AND host_validated = 'YES'")
        return tuple(int(number) for number in rows[0]) if rows else (0, 0)

    def forgive(self):
        self.ask("FLUSH HOSTS")

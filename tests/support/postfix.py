"""Postfix as it is installed for the tests, with a configuration, a queue and data of its own. It throws mail away.

    with Postfix(host=net.backends[0], namespace=net.far) as postfix:
        ...
"""

import shutil

from servers import Server, program

_SERVICES = """\
{host}:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix(Server):
    """Its limits are Postfix's own: 100 processes, 50 connections at once from one address."""

    recipient = "somebody@mail.test"

    def __init__(self, **place):
        super().__init__(**place)
        self._config = self.directory / "etc"
        self.mail_log = self.directory / "mail.log"

    def prepare(self):
        self.directory.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (self.directory / name).mkdir()
        shutil.chown(self.directory / "data", "postfix")
        (self._config / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.directory}/queue
data_directory = {self.directory}/data
maillog_file = {self.mail_log}
maillog_file_prefixes = {self.directory}
myhostname = mail.test
mydestination = mail.test
mynetworks = 127.0.0.0/8
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
local_transport = discard
smtpd_tls_security_level = none
""")
        (self._config / "master.cf").write_text(_SERVICES.format(host=self.host, port=self.port))
        self.run(program("postfix"), "-c", str(self._config), "check")  # makes what is missing in the queue

    def command(self):
        # Not "postfix start-fg", whose shell does not hand a signal on.
        sbin = self.run(program("postconf"), "-h", "daemon_directory").strip()
        return [f"{sbin}/master", "-s", "-c", str(self._config)]

    def complaints(self):
        """The lines of its log that tell of a client refused, or of anything broken."""
        words = ("warning:", "fatal:", "panic:", "reject:", "too many")
        return [line for line in self.mail_log.read_text().splitlines() if any(word in line for word in words)]

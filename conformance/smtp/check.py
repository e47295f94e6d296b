"""aiosmtpd takes what ttai sends, and Python's own mail parser reads it."""

import email
import email.policy
import logging
import pathlib
import ssl
import sys
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from messages import PNG, Tally, messages, send

work = pathlib.Path(sys.argv[1])
tally = Tally("smtp")
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)  # refused handshakes are what is checked
warnings.filterwarnings("ignore")  # aiosmtpd warns of its own settings
LOGIN = LoginPassword(b"trader", "pässword & more".encode())


class Keep:
    """Keeps every mail; refuses recipients that it is told to refuse."""

    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("later"):
            return "450 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((session, envelope))
        return "250 kept"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data == LOGIN
    return AuthResult(success=good, handled=False)


class Server(Controller):
    """An SMTP server with the TLS that a check wants."""

    def __init__(self, certificate="server", starttls=True, exclude=()):
        self.kept = Keep()
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(work / f"{certificate}.pem", work / f"{certificate}.key")
        self.settings = {
            "authenticator": authenticate,
            "auth_required": bool(certificate),
            "auth_require_tls": bool(certificate) and starttls,
            "auth_exclude_mechanism": list(exclude),
            "tls_context": context if starttls else None,
            "require_starttls": bool(certificate) and starttls,
        }
        super().__init__(self.kept, hostname="127.0.0.1", port=0, ssl_context=None if starttls else context)

    def factory(self):
        return SMTP(self.handler, **self.settings)

    def _trigger_server(self):
        """The port is known only now; aiosmtpd looks whether it answers."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    @property
    def channel(self):
        return {
            "type": "email", "host": "localhost", "port": self.port, "ca_file": str(work / "ca.pem"), "timeout_seconds": 10,
            "username": "trader", "password": "pässword & more",
            "from": "ttai <alerts@example.org>", "to": ["Trader <t@example.com>"],
        }


def attempt(server, message=None, **changes):
    channel = {key: value for key, value in {**server.channel, **changes}.items() if value is not None}
    server.kept.mails.clear()
    [outcome] = send(channel, message or {"title": "AAPL", "text": "touched 200", "delivery_id": "k"})
    return outcome


def parts(mail):
    return {part.get_content_type(): part for part in mail.walk() if not part.is_multipart()}


def judge(name, envelope, session, message):
    tally.check(f"{name}: came over TLS and with a login", session.ssl is not None and session.authenticated)
    tally.check(f"{name}: goes where it should", envelope.rcpt_tos == ["t@example.com"], envelope.rcpt_tos)
    content = envelope.original_content
    tally.check(f"{name}: plain ASCII in lines of at most 998", content.isascii() and max(map(len, content.split(b"\r\n"))) <= 998)
    mail = email.message_from_bytes(content, policy=email.policy.default)
    defects = [defect for part in mail.walk() for defect in part.defects]
    tally.check(f"{name}: has no defects", not defects, defects)
    allowed = {"message-id", "auto-submitted", "from", "to", "subject", "date", "mime-version", "content-type"}
    tally.check(f"{name}: has no headers but its own", set(key.lower() for key in mail.keys()) <= allowed, mail.keys())
    found = parts(mail)
    tally.check(f"{name}: has text and HTML", {"text/plain", "text/html"} <= set(found), list(found))
    html = found["text/html"].get_content()
    tally.check(f"{name}: HTML is escaped", "<script" not in html and "<!channel" not in html)
    text = found["text/plain"].get_content()
    for line in message.get("text", "").split("\n"):
        clean = "".join(letter for letter in line if letter.isprintable() or letter in "\u202e\u200d").strip()
        if clean and clean not in text:
            tally.check(f"{name}: the text is whole", False, clean[:80])
            break
    images = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    for image in images:
        inline = image["content-id"].strip("<>") in html and image.get_content_disposition() == "inline"
        tally.check(f"{name}: a chart stands in the HTML", inline and image.get_content() == PNG, image["content-id"])
    sent = [file for file in message.get("attachments", []) if file["media_type"] == "image/png"]
    tally.check(f"{name}: every chart came", len(images) == len(sent), len(images))


starttls = Server()
starttls.start()
for name, message in messages():
    outcome = attempt(starttls, message)
    tally.check(f"{name}: delivered", outcome == {"outcome": "delivered"} and len(starttls.kept.mails) == 1, outcome)
    if starttls.kept.mails:
        session, envelope = starttls.kept.mails[0]
        judge(name, envelope, session, message)

ids = []
for repeat in (False, True):
    attempt(starttls, {"title": "AAPL", "delivery_id": "same", "may_repeat": repeat})
    mail = email.message_from_bytes(starttls.kept.mails[0][1].original_content, policy=email.policy.default)
    ids.append((mail["message-id"], "may repeat" in mail["subject"]))
tally.check("a repeat has the same Message-ID and says so", ids[0][0] == ids[1][0] and not ids[0][1] and ids[1][1], ids)

for what, changes, outcome, told in [
    ("a wrong password is a person's work", {"password": "wrong"}, "authentication", "535"),
    ("no login where one is needed is a person's work", {"username": None, "password": None}, "authentication", "530"),
    ("an unknown authority is not trusted", {"ca_file": None}, "corrupt", "certificate"),
    ("another name than the certificate's is not trusted", {"host": "127.0.0.1"}, "corrupt", "certificate"),
    ("an unknown mailbox is refused", {"to": ["t@example.com", "nobody@example.com"]}, "invalid", "550"),
    ("a busy mailbox is tried again", {"to": ["t@example.com", "later@example.com"]}, "unavailable", "450"),
    ("an address beyond ASCII is not lost", {"to": ["jürgen@example.com"]}, "invalid", "SMTPUTF8"),
]:
    got = attempt(starttls, **changes)
    good = got["outcome"] == outcome and told in got["detail"] and not starttls.kept.mails
    tally.check(what, good and "wrong" not in got["detail"], got)
starttls.stop()

for what, server, changes, outcome in [
    ("AUTH LOGIN alone is enough", Server(exclude=["PLAIN"]), {}, "delivered"),
    ("TLS from the start", Server(starttls=False), {"security": "tls"}, "delivered"),
    ("a stranger's certificate is not trusted", Server(certificate="stranger"), {}, "corrupt"),
    ("a server whose STARTTLS was taken away gets nothing", Server(certificate=None), {}, "corrupt"),
]:
    server.start()
    got = attempt(server, **changes)
    tally.check(what, got["outcome"] == outcome and bool(server.kept.mails) == (outcome == "delivered"), got)
    server.stop()

sys.exit(tally.end())

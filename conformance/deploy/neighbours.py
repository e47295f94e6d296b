"""Who a container may meet in a network of its own: a name server that knows the cluster's services, a page that says `well`, and a
hook that takes what is posted, by TLS with the certificate in the folder that is named."""

import socket
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"well\n")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


def answer(question: bytes) -> bytes:
    """127.0.0.1 for every name under svc.cluster.local, no such name for others, nothing for types but A."""
    end = question.index(b"\0", 12)
    labels, at = [], 12
    while at < end:
        labels.append(question[at + 1 : at + 1 + question[at]])
        at += question[at] + 1
    (kind,) = struct.unpack(">H", question[end + 1 : end + 3])
    known = labels[-3:] == [b"svc", b"cluster", b"local"]
    records = 1 if known and kind == 1 else 0
    head = question[:2] + struct.pack(">HHHHH", 0x8580 if known else 0x8583, 1, records, 0, 0)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")
    return head + question[12 : end + 5] + record * records


def names() -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    while True:
        question, whom = server.recvfrom(512)
        server.sendto(answer(question), whom)


def hook(folder: str) -> None:
    server = HTTPServer(("127.0.0.1", 8443), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


threading.Thread(target=names, daemon=True).start()
threading.Thread(target=hook, args=sys.argv[1:], daemon=True).start()
HTTPServer(("127.0.0.1", 8080), Page).serve_forever()

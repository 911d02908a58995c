#!/usr/bin/env python
"""The demo's post office: keeps every mail as a file and shows it in the browser. Nothing leaves the machine.

tools/mail_sink.py FOLDER SMTP_PORT WEB_PORT PORTAL_ADDRESS
"""

import re
import secrets
import signal
import sys
import threading
import time
from email import message_from_bytes, policy
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .4rem; border-bottom: 1px solid #a9aeb1; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f0f0f0; padding: 1rem; } a { color: #005ea2; }
"""
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Keeper:
    """Writes each mail to a file of its own before it answers that it has it."""

    def __init__(self, folder):
        self.folder = folder

    async def handle_DATA(self, server, session, envelope):
        name = f"{time.time_ns()}-{secrets.token_hex(4)}"
        part = self.folder / f"{name}.part"
        part.write_bytes(envelope.content)
        part.rename(self.folder / f"{name}.eml")
        return "250 kept"


def read(path):
    """A mail as headers and parts."""
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def header(mail, name):
    return escape(str(mail.get(name, "")))


def text_of(mail):
    """The words of a mail: its plain text, or the source of its HTML."""
    body = mail.get_body(("plain", "html"))
    try:
        return body.get_content() if body else ""
    except (LookupError, ValueError):
        return body.as_string()


def with_links(text, portal):
    """Escaped text in which the portal's own addresses, and no others, can be followed."""
    found = re.compile(re.escape(escape(portal)) + r"/[\w\-./?=%&;#]*")
    return found.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', escape(text))


def page(title, content):
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f'<link rel="stylesheet" href="/style.css"></head><body><main><h1>{title}</h1>'
        f"{content}</main></body></html>"
    )


def list_page(folder):
    """All mails, the newest on top."""
    rows = []
    for path in sorted(folder.glob("*.eml"), reverse=True)[:500]:
        mail = read(path)
        subject = header(mail, "Subject") or "(no subject)"
        rows.append(
            f'<tr><td><a href="/mail/{path.stem}">{subject}</a></td><td>{header(mail, "To")}</td>'
            f"<td>{header(mail, 'Date')}</td></tr>"
        )
    if not rows:
        return page(
            "Mail", "<p>No mail yet. What the portal sends arrives here within a minute.</p>"
        )
    head = '<tr><th scope="col">Subject</th><th scope="col">To</th><th scope="col">Date</th></tr>'
    return page("Mail", f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>")


def mail_page(path, portal):
    """One mail: its headers and its text."""
    mail = read(path)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(str(value))}</td></tr>'
        for name, value in mail.items()
    )
    return page(
        header(mail, "Subject") or "(no subject)",
        f'<p><a href="/">All mail</a></p><table>{rows}</table><pre>{with_links(text_of(mail), portal)}</pre>',
    )


def answer_to(path, folder, portal):
    """(status, kind, text) for an address of the viewer."""
    if path == "/style.css":
        return 200, "text/css", STYLE
    if path == "/":
        return 200, "text/html", list_page(folder)
    found = re.fullmatch(r"/mail/(\d+-[0-9a-f]{8})", path)
    file = folder / f"{found[1]}.eml" if found else None
    if file is None or not file.is_file():
        return 404, "text/html", page("There is no such mail", "")
    return 200, "text/html", mail_page(file, portal)


def viewer(folder, portal, port):
    """The handler of the viewer's requests. It only reads."""

    class Viewer(BaseHTTPRequestHandler):
        def do_GET(self):
            # Another site's name that leads to this machine must not read the mail.
            if self.headers.get("Host") in (f"localhost:{port}", f"127.0.0.1:{port}"):
                self.answer(*answer_to(self.path, folder, portal))
            else:
                self.answer(400, "text/plain", "Ask for localhost.\n")

        def answer(self, status, kind, text):
            body = text.encode(errors="replace")
            self.send_response(status)
            for name, value in SAFE.items():
                self.send_header(name, value)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """No line for each page."""

    return Viewer


def main(folder, smtp_port, web_port, portal):
    folder = Path(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    post = Controller(Keeper(folder), hostname="127.0.0.1", port=int(smtp_port))
    post.start()
    web = ThreadingHTTPServer(
        ("127.0.0.1", int(web_port)), viewer(folder, portal.rstrip("/"), int(web_port))
    )
    threading.Thread(target=web.serve_forever, daemon=True).start()
    done.wait()
    post.stop()
    web.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])

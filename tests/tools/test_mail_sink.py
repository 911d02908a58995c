"""The demo's post office shows mail and runs none of it."""

from email.message import EmailMessage

import mail_sink
import pytest

PORTAL = "http://localhost:8000"


@pytest.fixture
def kept(tmp_path):
    """A folder with one hostile mail in it."""
    mail = EmailMessage()
    mail["Subject"] = "<script>alert(1)</script>"
    mail["To"] = "officer@agency.example"
    mail.set_content(f"<b>Go to</b> {PORTAL}/kits/K-214/?a=1&b=2 or http://elsewhere.example/ now")
    (tmp_path / "1-0123abcd.eml").write_bytes(bytes(mail))
    return tmp_path


def test_a_mails_text_is_shown_and_never_run(kept):
    status, _, text = mail_sink.answer_to("/mail/1-0123abcd", kept, PORTAL)

    assert status == 200
    assert "<script" not in text
    assert "&lt;b&gt;Go to&lt;/b&gt;" in text


def test_only_the_portals_own_addresses_can_be_followed(kept):
    _, _, text = mail_sink.answer_to("/mail/1-0123abcd", kept, PORTAL)

    assert f'<a href="{PORTAL}/kits/K-214/?a=1&amp;b=2">' in text
    assert 'href="http://elsewhere.example' not in text


def test_the_list_names_each_mail_and_nothing_outside_the_folder_is_read(kept):
    assert "officer@agency.example" in mail_sink.answer_to("/", kept, PORTAL)[2]
    assert mail_sink.answer_to("/mail/../../etc/passwd", kept, PORTAL)[0] == 404
    assert mail_sink.answer_to("/mail/2-0123abcd", kept, PORTAL)[0] == 404

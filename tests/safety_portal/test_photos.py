"""Photos: held until the form is taken, kept with the act or not at all, sealed, and shown to whom the door lets in."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction
from django.utils import timezone
from PIL import Image

from safety_portal import photos, sealed_files
from safety_portal.audit import AuditRow
from safety_portal.encryption import EncryptionError
from safety_portal.photos import HeldPhoto, Photo, PhotoError, hold_photo, keep_photo
from tests.naloxone import make
from tests.safety_portal.picture import halves, saved, upload
from tests.safety_portal.test_encryption import NEW, OLD


@transaction.atomic
def send_report(*, note, uploads, by):
    """An act with photos, as an app has it."""
    for one in uploads:
        keep_photo(upload=one, purpose="report", station=by.station, by=by)
    if note == "impossible":
        raise PhotoError("The rules say no.", "note")


@pytest.fixture(autouse=True)
def own_door(monkeypatch):
    """Photos of reports are for those of the same station."""
    monkeypatch.setattr(photos, "doors", {})
    photos.register_photo_door("report", lambda who, photo: who.station_id == photo.station_id)


@pytest.fixture
def writer(db):
    return make.person()


def held(by, file=None, **facts):
    return hold_photo(file=file or upload(), now=facts.get("now") or timezone.now(), by=by)


def kept(by, file=None):
    one = held(by, file)
    with transaction.atomic():
        return keep_photo(upload=one, purpose="report", station=by.station, by=by)


def files(media):
    return sorted(path.name for path in media.rglob("*") if path.is_file())


def hours_ago(hours):
    return timezone.now() - dt.timedelta(hours=hours)


# --- on the disk ----------------------------------------------------------------------------------------


def test_on_the_disk_a_photo_is_sealed_and_for_nobody_else(writer, media):
    one = held(writer)

    (name,) = files(media)
    file = media / "photos" / one.token[:2] / name
    stored = file.read_bytes()
    assert name == one.token
    assert stored.startswith(b"demo.")
    assert b"JFIF" not in stored
    assert one.jpeg().startswith(b"\xff\xd8\xff")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert file.parent.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_put_in_anothers_place_does_not_open(writer, media):
    one, other = held(writer), held(writer)
    paths = [media / "photos" / photo.token[:2] / photo.token for photo in (one, other)]
    paths[0].write_bytes(paths[1].read_bytes())

    with pytest.raises(EncryptionError):
        one.jpeg()


def test_a_file_that_was_sealed_anew_with_other_content_is_found_out(writer, media):
    one = kept(writer)
    sealed_files.remove(one.token)
    sealed_files.write(one.token, saved(halves(10, 10)))

    with pytest.raises(EncryptionError, match=f"The file of photo {one.pk} is another one"):
        one.jpeg()


def test_a_full_disk_is_a_sentence_at_the_field_and_leaves_nothing(writer, media, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sealed_files.os, "fsync", full)

    with pytest.raises(PhotoError, match="can’t be stored at this moment"):
        held(writer)

    assert files(media) == []
    assert not HeldPhoto.objects.exists()


def test_a_row_that_fails_takes_its_file_with_it(writer, media):
    with pytest.raises(ValueError, match="unsaved"):
        held(make.Person())

    assert files(media) == []


def test_holding_inside_an_acts_transaction_is_refused(writer, media):
    # A rollback would take the row and leave the file.
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        held(writer)

    assert files(media) == []


# --- held -----------------------------------------------------------------------------------------------


def test_what_was_not_sent_within_a_day_is_dropped_with_its_file(
    writer, media, django_capture_on_commit_callbacks
):
    old, young = held(writer, now=hours_ago(25)), held(writer, now=hours_ago(23))

    with django_capture_on_commit_callbacks(execute=True):
        call_command("run_task", "held_photos", stdout=StringIO())

    assert list(HeldPhoto.objects.all()) == [young]
    assert files(media) == [young.token]
    assert old.token != young.token
    assert str(young) == f"held photo {young.pk}"


def test_a_person_holds_twenty_and_the_newest_of_them(
    writer, media, django_capture_on_commit_callbacks
):
    other = held(make.person())
    first = held(writer, now=hours_ago(1))
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(photos.HELD_A_PERSON):
            held(writer)

    assert HeldPhoto.objects.filter(person=writer).count() == photos.HELD_A_PERSON
    assert first.token not in files(media)
    assert other.token in files(media)


def test_nobody_lets_go_of_anothers_photo(writer):
    one = held(writer)

    photos.let_go(tokens=[one.token], by=make.person())

    assert HeldPhoto.objects.filter(pk=one.pk).exists()


# --- kept -----------------------------------------------------------------------------------------------


def test_an_act_keeps_what_was_held(writer, media):
    one = held(writer)

    with transaction.atomic():
        photo = keep_photo(upload=one, purpose="report", station=writer.station, by=writer)

    found = Photo.objects.get()
    assert (found, found.token, found.sha256) == (photo, one.token, one.sha256)
    assert (found.width, found.height, found.bytes) == (400, 300, len(found.jpeg()))
    assert (found.purpose, found.station, found.taken_by) == (
        "report",
        writer.station,
        writer,
    )
    assert found.reference == f"PH-{found.pk}"
    assert not HeldPhoto.objects.exists()
    row = AuditRow.objects.get(act="photo.kept")
    assert (row.target, row.by, row.station_code) == (found.reference, writer, writer.station.code)
    assert found.sha256 in row.facts


def test_an_act_that_fails_keeps_none_and_the_choice_is_not_lost(writer, media):
    uploads = [held(writer), held(writer)]

    with pytest.raises(PhotoError, match="The rules say no"):
        send_report(note="impossible", uploads=uploads, by=writer)

    assert not Photo.objects.exists()
    assert not AuditRow.objects.filter(act="photo.kept").exists()
    assert set(HeldPhoto.objects.all()) == set(uploads)
    assert len(files(media)) == 2


def test_a_photo_is_kept_once(writer):
    one = held(writer)
    send_report(note="first", uploads=[one], by=writer)

    with pytest.raises(PhotoError, match="is held no longer"):
        send_report(note="second", uploads=[one], by=writer)

    assert Photo.objects.count() == 1


def test_nobody_keeps_anothers_photo(writer):
    with pytest.raises(PhotoError, match="is held no longer"):
        send_report(note="mine now", uploads=[held(writer)], by=make.person())


def test_a_photo_without_its_file_is_not_kept(writer):
    one = held(writer)
    sealed_files.remove(one.token)

    with pytest.raises(PhotoError, match="is held no longer"):
        send_report(note="x", uploads=[one], by=writer)


def test_a_purpose_without_a_door_keeps_nothing(writer):
    one = held(writer)

    with pytest.raises(LookupError, match="register_photo_door first"), transaction.atomic():
        keep_photo(upload=one, purpose="album", station=writer.station, by=writer)


@pytest.mark.parametrize(
    "change", [lambda: Photo.objects.update(purpose="else"), lambda: Photo.objects.all().delete()]
)
def test_the_row_of_a_photo_is_never_changed(writer, change):
    kept(writer)

    with pytest.raises(DatabaseError), transaction.atomic():
        change()


def test_of_two_acts_with_one_photo_at_once_one_keeps_it_and_its_file_stays(committed, media):
    writer = make.person()
    one, barrier = held(writer), Barrier(3)

    def act(number):
        try:
            barrier.wait()
            if number == 2:
                photos.let_go(tokens=[one.token], by=writer)
            else:
                send_report(note="x", uploads=[one], by=writer)
        except PhotoError:
            return "refused"
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(act, range(3)))

    assert answers[:2].count("refused") >= 1
    assert files(media) == [photo.token for photo in Photo.objects.all()]
    assert not HeldPhoto.objects.exists()


def test_a_rollback_in_earnest_leaves_no_photo_and_no_file_after_its_day(committed, media):
    writer = make.person()

    with pytest.raises(PhotoError, match="The rules say no"):
        send_report(note="impossible", uploads=[held(writer)], by=writer)

    assert not Photo.objects.exists()
    photos.drop_held_photos(now=timezone.now() + photos.HELD_FOR)
    assert files(media) == []


# --- what the schedule and the operators run -------------------------------------------------------------


def test_a_file_that_no_row_names_is_removed_after_a_day(writer, media):
    kept(writer)
    waiting = held(writer)
    sealed_files.write("0" * 32, b"of a request that was killed")
    later = timezone.now() + dt.timedelta(days=1, minutes=1)

    assert photos.compare_files(now=timezone.now()).startswith("removed without a row 0,")
    said = photos.compare_files(now=later)

    assert said == "removed without a row 1, photos without a file 0"
    assert files(media) == sorted([Photo.objects.get().token, waiting.token])


def test_a_photo_whose_file_is_gone_is_named(writer, caplog):
    photo = kept(writer)
    sealed_files.remove(photo.token)

    said = photos.compare_files(now=timezone.now())

    assert said == "removed without a row 0, photos without a file 1"
    assert f"Photos without a file: {photo.reference}" in caplog.text


def test_the_comparison_runs_by_hand(db):
    out = StringIO()
    call_command("run_task", "photo_files", stdout=out)

    assert "removed without a row 0, photos without a file 0" in out.getvalue()


def test_after_a_change_of_keys_files_are_sealed_anew_and_stay_the_same_photos(
    writer, media, settings
):
    settings.ENCRYPTION_KEYS = [OLD]
    photo, waiting = kept(writer), held(writer)
    content = photo.jpeg()
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    newer = held(writer)
    gone = held(writer)
    sealed_files.remove(gone.token)

    out = StringIO()
    call_command("reseal_photos", stdout=out)
    settings.ENCRYPTION_KEYS = [NEW]

    assert out.getvalue().startswith("2 of 4 photos were under an older key")
    assert photo.jpeg() == content
    assert waiting.jpeg()
    assert newer.jpeg()
    assert len(files(media)) == 3
    assert {p.stat().st_mode & 0o777 for p in media.rglob("*") if p.is_file()} == {0o600}


# --- who sees them --------------------------------------------------------------------------------------


def test_a_photo_is_shown_to_whom_its_door_lets_in_and_may_do_nothing(client, writer):
    photo = kept(writer)
    client.force_login(make.person(writer.station).account)

    answer = client.get(photo.url)

    assert answer.content == photo.jpeg()
    assert {name: answer[name] for name in ("Content-Type", "Content-Disposition", "Cache-Control")} == {
        "Content-Type": "image/jpeg",
        "Content-Disposition": f'inline; filename="{photo.reference}.jpg"',
        "Cache-Control": "no-store, private",
    }  # fmt: skip
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_the_thumbnail_is_small(client, writer):
    photo = kept(writer, upload(saved(halves(1000, 500))))
    client.force_login(writer.account)

    answer = client.get(photo.small_url)

    assert Image.open(BytesIO(answer.content)).size == (320, 160)
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("url", ["url", "small_url"])
def test_a_stranger_finds_no_photo(client, writer, url):
    address = getattr(kept(writer), url)

    assert client.get(address).url.startswith("/accounts/login/")
    client.force_login(make.person().account)
    assert client.get(address).status_code == 404
    client.force_login(writer.account)
    assert client.get(address).status_code == 200


def test_a_photo_whose_purpose_has_no_door_is_shown_to_nobody(client, writer, monkeypatch):
    photo = kept(writer)
    monkeypatch.setattr(photos, "doors", {})
    client.force_login(writer.account)

    assert client.get(photo.url).status_code == 404


def test_a_photo_whose_file_is_lost_is_not_found_and_the_log_says_so(client, writer, caplog):
    photo = kept(writer)
    sealed_files.remove(photo.token)
    client.force_login(writer.account)

    assert client.get(photo.url).status_code == 404
    assert f"{photo.reference} has lost its file" in caplog.text


def test_a_held_photo_is_ones_own_and_only_for_a_day(client, writer):
    one, old = held(writer), held(writer, now=hours_ago(25))
    client.force_login(make.person(writer.station).account)
    assert client.get(one.small_url).status_code == 404

    client.force_login(writer.account)
    assert client.get(one.small_url)["Content-Type"] == "image/jpeg"
    assert client.get(old.small_url).status_code == 404

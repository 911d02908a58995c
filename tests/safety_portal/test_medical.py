"""Medical facts: written under encryption, read with a reason by whom they concern, every read a row."""

import pytest
from django.db import DatabaseError, connection, transaction

from safety_portal import audit, encryption
from safety_portal.access import AccessError, Role, Scope
from safety_portal.audit import AuditRow
from safety_portal.medical import (
    MedicalEntry,
    MedicalError,
    MedicalRead,
    read_medical,
    reads_about,
    write_medical,
)
from tests.naloxone import make

CANARY = "canary: fictitious pinpoint pupils"


@pytest.fixture
def officer(db):
    return make.person(make.station(), Role.MEDICAL_OFFICER)


@pytest.fixture
def subject(officer):
    return make.person(officer.station)


def write(officer, subject, text=CANARY, about="E-31", **changes):
    facts = {"subject": subject, "about": about, "topic": "signs", "text": text,
             "station": officer.station, "by": officer}  # fmt: skip
    return write_medical(**facts | changes)


def every_cell():
    """All rows of all tables as text, for the search for what must be in none of them."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select coalesce(string_agg(t::text, chr(10)), $$$$) from "{table}" t')
            yield table, cursor.fetchone()[0]


def test_a_fact_comes_back_to_who_says_why(officer, subject):
    first = write(officer, subject)
    second = write(officer, subject, "second fact")
    write(officer, subject, "of another case", about="E-32")

    assert read_medical(about="E-31", by=officer, reason="clinical care") == [
        (first, CANARY), (second, "second fact"),
    ]  # fmt: skip


def test_a_read_is_a_row_that_its_subject_may_see(officer, subject):
    write(officer, subject)
    token = audit.request_origin.set("192.0.2.7")
    try:
        read_medical(about="E-31", by=officer, reason="clinical care")
    finally:
        audit.request_origin.reset(token)

    (row,) = reads_about(subject)
    assert (row.by, row.subject, row.about, row.reason) == (
        officer,
        subject,
        "E-31",
        "clinical care",
    )
    assert (row.entries, row.allowed, row.origin) == (1, True, "192.0.2.7")
    assert list(reads_about(officer)) == []


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_without_a_reason_nothing_is_read(officer, subject, reason):
    write(officer, subject)

    with pytest.raises(MedicalError, match="why you need") as error:
        read_medical(about="E-31", by=officer, reason=reason)
    assert error.value.field == "reason"


def stranger(officer):
    return make.person(officer.station, *(set(Role) - {Role.MEDICAL_OFFICER}))


def officer_elsewhere(officer):
    return make.person(make.station(), Role.MEDICAL_OFFICER)


@pytest.mark.parametrize("reader", [stranger, officer_elsewhere])
def test_a_read_out_of_scope_is_a_row_and_then_refused(officer, subject, reader):
    write(officer, subject)
    by = reader(officer)

    with pytest.raises(AccessError) as error:
        read_medical(about="E-31", by=by, reason="curious")

    assert CANARY not in str(error.value)
    row = MedicalRead.objects.get()
    assert (row.by, row.allowed, row.entries, row.reason) == (by, False, 0, "curious")


def test_who_may_read_half_of_it_reads_none(officer, subject):
    write(officer, subject)
    far = make.person(make.station(), Role.MEDICAL_OFFICER)
    write(far, subject, "taken up elsewhere")

    with pytest.raises(AccessError):
        read_medical(about="E-31", by=officer, reason="care")
    whole = make.person(officer.station, Role.MEDICAL_OFFICER, scope=Scope.EVERYWHERE)
    assert len(read_medical(about="E-31", by=whole, reason="care")) == 2


def test_asking_for_what_is_not_there_is_a_row_too(officer):
    assert read_medical(about="E-99", by=officer, reason="care") == []

    row = MedicalRead.objects.get()
    assert (row.subject, row.about, row.entries, row.allowed) == (None, "E-99", 0, True)


def test_the_row_of_a_refused_read_stays_when_the_answer_is_a_404(committed):
    officer = make.person(make.station(), Role.MEDICAL_OFFICER)
    write(officer, make.person(officer.station))

    with pytest.raises(AccessError):
        read_medical(about="E-31", by=make.person(), reason="curious")
    connection.close()

    assert MedicalRead.objects.filter(allowed=False).count() == 1


@pytest.mark.parametrize("who", [stranger, officer_elsewhere])
def test_only_a_medical_officer_of_the_station_writes(officer, subject, who):
    with pytest.raises(AccessError):
        write(officer, subject, by=who(officer))
    assert not MedicalEntry.objects.exists()


def test_an_empty_fact_is_refused(officer, subject):
    with pytest.raises(MedicalError, match="Write what was found") as error:
        write(officer, subject, " \n ")
    assert error.value.field == "text"


def test_the_fact_stands_open_in_no_table(officer, subject):
    entry = write(officer, subject)
    read_medical(about="E-31", by=officer, reason="clinical care")
    with pytest.raises(AccessError):
        read_medical(about="E-31", by=subject, reason="mine")

    tables = dict(every_cell())
    assert "clinical care" in tables["safety_portal_medicalread"]  # the search finds what is there
    assert [name for name, text in tables.items() if "canary" in text or "pinpoint" in text] == []
    row = AuditRow.objects.get(act="medical.written")
    assert (row.target, row.facts, row.by) == ("E-31", "", officer)
    assert CANARY not in f"{entry} {MedicalRead.objects.first()} {entry.sealed}"


def test_a_text_moved_to_another_entry_does_not_open(officer, subject):
    entry = write(officer, subject)
    other = write(officer, subject, "another", about="E-32")
    other.sealed = entry.sealed

    assert other.salt != entry.salt
    with pytest.raises(encryption.EncryptionError, match="belongs to another place"):
        encryption.decrypt(other.sealed, bound_to=f"medical.{other.salt}")


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.delete(),
        lambda row: row.save(),
        lambda row: type(row).objects.all().delete(),
        lambda row: type(row).objects.update(about="E-1"),
    ],
)
def test_neither_fact_nor_read_is_ever_changed(officer, subject, change):
    write(officer, subject)
    read_medical(about="E-31", by=officer, reason="care")

    for row in (MedicalEntry.objects.get(), MedicalRead.objects.get()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(row)
    assert MedicalEntry.objects.get().about == MedicalRead.objects.get().about == "E-31"

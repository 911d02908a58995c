"""What the verifier finds when the owner gives doses back or takes them away."""

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from naloxone import actions
from naloxone.models import Kit
from naloxone.verify import verify_kit, verify_ledger
from tests.naloxone import make

GIVE_BACK = "update naloxone_device set kit_id = {kit} where kit_id is null;"
TAKE_AWAY = "update naloxone_device set kit_id = null where kit_id = {kit};"
TAMPERINGS = {
    "gives a dose back": (GIVE_BACK, "K-{kit}"),
    "gives a dose back and counts it": (
        GIVE_BACK + "update naloxone_kit set doses = 2 where id = {kit}",
        "K-{kit}",
    ),
    "takes a dose away and counts it": (
        TAKE_AWAY
        + "update naloxone_kit set doses = 0, lot_id = null, expires_on = null where id = {kit}",
        "K-{kit}",
    ),
    "makes a wasted dose come into a kit": (
        "update naloxone_custodyline set unit_id = {kit} where unit_id is null",
        "does not fit the doses",
    ),
    "turns an undoing into a move": (
        "update naloxone_custodyevent set kind = 'moved' where kit_id = {kit} and kind = 'corrected'",
        "was changed",
    ),
}


def history():
    """A carton with a dose wasted, moved, and the move undone."""
    by = make.coordinator(make.station())
    [kit] = make.delivery(by, make.place(by))
    told = {"occurred_at": timezone.now(), "by": by}
    actions.waste_doses(kit=kit, count=1, note="Fired", request_key=make.key(), **told)
    actions.move_kits(
        why_empty="On purpose", kits=[kit], place=make.place(by), request_key=make.key(), **told
    )
    kit = Kit.objects.with_names().get(pk=kit.pk)
    actions.undo_newest(kit=kit, sequence=3, note="Wrong", request_key=make.key(), by=by)
    return kit


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_verifier_follows_doses_that_are_gone(committed, django_db_blocker, name, capsys):
    statement, words = TAMPERINGS[name]
    with django_db_blocker.unblock():
        kit = history()
        assert verify_ledger().intact
        with connections["owner"].cursor() as cursor:
            for table in ("kit", "custodyevent", "act", "device", "custodyline"):
                cursor.execute(f"alter table naloxone_{table} disable trigger user")
            cursor.execute(statement.format(kit=kit.pk))
        assert not verify_kit(kit).intact

        with pytest.raises(SystemExit):
            call_command("verify_custody")

    assert words.format(kit=kit.pk) in capsys.readouterr().out

"""Protocols of the fictitious agency: what was written, from which source, what waits for approval; cards of dogs."""

import datetime as dt
from decimal import Decimal

from safety_portal.people import Canine, Component, Station, WorkRole
from safety_portal.roster import record_weight
from training import actions
from training.rules import Dosing, Kind, Step, Unit

HEALTH, CANINE = "Chief, Occupational Health", "Director, Canine Programme"
EXPOSED, HANDLER, ANYBODY = "Whoever was exposed", "Handler", "Whoever is nearest"
NIOSH = (
    "NIOSH, Illicit drugs: training and decontamination; ACMT and AACT, Preventing occupational fentanyl "
    "exposure, July 2017"
)
AFTER = [
    Step("Leave the area, stop the task, keep hands off eyes, nose and mouth", 0, EXPOSED),
    Step("Slow or no breathing, can’t be woken: call EMS, give naloxone, stay", 0, ANYBODY),
    Step("Take off contaminated PPE; single-use PPE into a labelled 6-mil bag", 5, EXPOSED),
    Step("Wash skin with soap and water; no sanitizer, no alcohol, no bleach", 10, EXPOSED),
    Step("Flush eyes with water if they were touched", 10, EXPOSED),
    Step("Put clothing into a labelled 6-mil polyethylene bag; never take it home", 60, EXPOSED),
    Step("Tell the supervisor, who offers the specimen and the forms", 60, EXPOSED),
    Step("Watch for drowsiness and slow breathing", 120, ANYBODY),
]
HANDLING = [
    Step("Judge the level first: none visible, small amounts visible, large amounts or liquid", None, "Officer"),
    Step("Drug suspected, none visible: powder-free nitrile gloves", None, "Officer"),
    Step("Small amounts visible: add wrist protection, P100 respirator and eye protection", None, "Officer"),
    Step("Large amounts or liquid: do not enter; call the specially trained team", 0, "Officer"),
    Step("Make no powder airborne; no eating, drinking or telephone", None, "Officer"),
]  # fmt: skip
PEOPLE = [
    Step("Look for slow or no breathing, pinpoint pupils, not to be woken", 0, ANYBODY),
    Step("Call EMS; open the airway, breathe for them", 1, ANYBODY),
    Step("One 4 mg nasal spray into one nostril", 2, ANYBODY),
    Step("No response: a second spray into the other nostril, 2 to 3 minutes after the first", 5, ANYBODY),
    Step("Stay: naloxone wears off in 30 to 90 minutes, and it may come back", 90, ANYBODY),
]  # fmt: skip
DOGS = [
    Step("Gloves, respirator and eye protection on; no mouth-to-snout", 0, HANDLER),
    Step("Drunk gait, vomiting, pinpoint pupils, slow breathing, can’t be woken: give the dose on the card", 2, HANDLER),
    Step("Bag-valve with the canine mask if it does not breathe", 2, HANDLER),
    Step("Wash powder off coat, eyes and mouth with water", 10, HANDLER),
    Step("Call the veterinarian; repeat only as they say", 10, HANDLER),
    Step("To a 24-hour veterinarian, always", 60, HANDLER),
]  # fmt: skip
SPRAY = Dosing("Naloxone 4 mg nasal spray", Unit.DEVICE, Decimal(4), Decimal("0.04"), "in the nose")
VIAL = Dosing(
    "Naloxone 1 mg/mL injection",
    Unit.MILLILITRE,
    Decimal(1),
    Decimal("0.04"),
    "by the veterinarian",
)
CANINE_SOURCE = (
    "USAR Veterinary Group, questions and answers on naloxone for working dogs; University of Illinois, "
    "canine opioid protocol: 0.04 mg/kg IV, IM or IN to start with. Extra-label: the veterinarian’s protocol governs"
)


def write_protocols(world):
    """Those in force, one written anew since, one local whose review is overdue, and a draft that waits."""
    now, people = world.now, world.cast.people
    writer, approver = people["Holly"], people["Cypress"]
    ofo, laredo = Component.objects.get(code="OFO"), Station.objects.get(code="2304")

    def write(days_ago, *, review_in, by=writer, approve=True, newer_than=None, **facts):
        then = now - dt.timedelta(days=days_ago)
        known = {
            "starts_on": then.date(), "review_due_on": now.date() + dt.timedelta(days=review_in),
            "owner_post": HEALTH, "request_key": world.key(), "now": then, "by": by,
        } | facts  # fmt: skip
        if newer_than:
            version = actions.write_version(
                protocol=newer_than.protocol, shown=newer_than.number, **known
            )
        else:
            version = actions.write_protocol(**known)
        if approve:
            actions.approve_version(version=version, now=then, by=approver)
        return version

    old = write(
        420, review_in=-60, kind=Kind.POST_EXPOSURE, title="After an exposure to opioids", source=NIOSH,
        steps=[step for step in AFTER if step.within_minutes != 120],
    )  # fmt: skip
    write(
        84, review_in=280, newer_than=old, source=NIOSH, steps=AFTER,
        what_changed="Watching for two hours is added: recurrence was missed in two reports.",
    )  # fmt: skip
    write(
        330, review_in=35, kind=Kind.SAFE_HANDLING, title="Safe handling of suspected opioids",
        source="6 U.S.C. 216; NIOSH, levels of exposure and PPE for law enforcement", steps=HANDLING,
    )  # fmt: skip
    spray = write(
        400, review_in=150, kind=Kind.ANTAGONIST_DOSE, title="Naloxone for people", steps=PEOPLE,
        source="Naloxone 4 mg nasal spray, label; naloxbox.org/resources",
    )  # fmt: skip
    write(
        3, review_in=400, newer_than=spray, by=approver, approve=False, steps=[*PEOPLE, Step("Tell EMS how many doses, and when", 15, ANYBODY)],
        source="Naloxone 4 mg nasal spray, label; naloxbox.org/resources", what_changed="EMS asked for it.",
    )  # fmt: skip
    write(
        300, review_in=120, kind=Kind.CANINE_DOSE, title="Naloxone for working dogs", component=ofo,
        owner_post=CANINE, source=CANINE_SOURCE, steps=DOGS, dosings=[SPRAY, VIAL],
    )  # fmt: skip
    # Cards of two dogs: one holds; the other was made before the dog was weighed again.
    by_name = {dog.name: Canine.objects.get(pk=dog.pk) for dog in world.cast.canines}
    for name in ("Biscuit", "Pepper"):
        dog = by_name[name]
        actions.make_dose_card(
            canine=dog, now=now - dt.timedelta(days=10), request_key=world.key(), by=dog.handler
        )
    record_weight(
        canine=by_name["Pepper"], weight_kg=Decimal("27.9"), weighed_on=now.date() - dt.timedelta(days=2),
        request_key=world.key(), by=by_name["Pepper"].handler,
    )  # fmt: skip
    write(
        390, review_in=-12, kind=Kind.SAFE_HANDLING, title="Teardown bay at Laredo", station=laredo,
        work=WorkRole.VEHICLE_TEARDOWN, owner_post="Assistant Port Director, Trade",
        source="Job hazard analysis of the teardown bay, on file at the port", steps=[
            Step("Local exhaust on, no compressed air", None, "Contractor"),
            Step("A second person in sight", None, "Contractor"),
        ],
    )  # fmt: skip

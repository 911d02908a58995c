"""What is printed of a unit of custody: facts from the same words as its page, set by a template of documents."""

from naloxone import components, ended, history, verify
from naloxone.rules import STATE_WORDS, State
from safety_portal import documents
from safety_portal.widgets.words import show_day, show_moment

HASH_DIGITS = 16  # of 64: as many as people compare by eye


def custody_record(kit, *, by, now):
    """The custody record of a unit, as PDF bytes, printed by a person at a moment. The unit comes with its open offer."""
    zone, today = by.zone, by.station.today(now)
    events = reversed(history.entries(history.events_of(kit, most=None)))
    chain = verify.verify_kit(kit)
    facts = {
        "reference": kit.reference,
        "head": head(kit, today),
        "offers": [offer(kit, zone)] if kit.offer_key else [],
        "contents": [lot_row(*row, today) for row in history.contents(kit)],
        "components": [component_row(one, today) for one in components.of_kit(kit)],
        "made_as": str(kit.made_as or ""),
        "zone": zone.key,
        "events": [event(entry, zone) for entry in events],
        "chain": {"intact": chain.intact, "sentence": chain.sentence},
    }
    title = f"Custody record of {kit.reference}"
    return documents.render("custody_record", facts, title=title, by=by, at=now)


def head(kit, today):
    """What the unit is and where, as (label, value)."""
    return [
        ("Kind", kit.get_kind_display()),
        ("State", STATE_WORDS[State(kit.state)]),
        ("Seal", kit.seal or "None recorded"),
        ("Doses", f"{kit.doses} of {kit.doses_full}" if kit.is_half_used else kit.doses),
        ("With", str(kit.holder)),
        ("Station", f"{kit.station} ({kit.station.code})" if kit.station else "None yet"),
        ("First expiry", expiry(kit.expires_on, today) if kit.expires_on else "None: it is empty"),
        ("Events", kit.last_sequence),
    ]


def expiry(day, today):
    return f"{show_day(day)}, expired" if day < today else show_day(day)


def offer(kit, zone):
    return (
        f"Offered to {kit.offer_receiver} in H-{kit.offer_key}, waiting for an answer until "
        f"{show_moment(kit.offer_due_at, zone)}. Until then it stays with {kit.holder}."
    )


def lot_row(lot, doses, serials, today):
    return {
        "product": str(lot.product),
        "ndc": lot.product.ndc or "Not known",
        "lot": lot.number,
        "expires": expiry(lot.expires_on, today),
        "doses": doses,
        "serials": serials,
    }


def component_row(one, today):
    """A component as texts; latex with why it is flagged."""
    part = one.component
    return {
        "name": part.name,
        "quantity": part.quantity,
        "expires": expiry(one.expires_on, today) if one.expires_on else "None told" if part.expires else "None",
        "standing": one.words or "In it",
        "latex": part.get_latex_display(),
        "why": one.latex_why if part.is_latex else "",
    }  # fmt: skip


def event(entry, zone):
    """One event of the history as texts."""
    digits = entry["hash"]
    return {
        "sequence": entry["sequence"],
        "title": entry["title"],
        "at": show_moment(entry["at"], zone),
        "told_later": entry["recorded_at"] and show_moment(entry["recorded_at"], zone),
        "by": entry["by"],
        "place": entry["place"],
        "confirmed": entry["extra"],
        "note": entry["note"],
        "hash": " ".join(digits[n : n + 4] for n in range(0, HASH_DIGITS, 4)),
    }


def packing_list(box, *, by, now):
    """What lies in a box on its way from station to station, as PDF bytes: ticked off by hand where it arrives."""
    zone = by.zone
    lines = box.lines.select_related("kit__lot__product").order_by("kit")
    facts = {
        "reference": box.reference,
        "head": [
            ("From", f"{box.station} ({box.station.code})"),
            ("To", f"{box.destination} ({box.destination.code})"),
            ("Carrier", box.carrier),
            ("Tracking number", box.tracking or "None"),
            ("Seal of the box", box.seal or "None"),
            ("Sent", show_moment(box.sent_at, zone)),
            ("Expected", show_day(box.expected_on)),
            ("Kits", len(lines)),
        ],
        "note": box.note,
        "kits": [packed(line.kit) for line in lines],
    }
    title = f"Packing list of {box.reference}"
    return documents.render("packing_list", facts, title=title, by=by, at=now)


def manifest(found, *, by, now):
    """What a disposal was of, by product and lot, as PDF bytes: signed by both and by who takes it."""
    zone = by.zone
    kits, _ = ended.units_of(found)
    contents = ended.contents_of(kits)
    second = found.act.second or (found.signed and found.signed.by)
    newest = found.receipts.first()
    receipt = f"{newest.number}, {show_day(newest.on)}" if newest else found.receipt
    facts = {
        "reference": found.reference,
        "head": [
            ("Station", f"{found.station} ({found.station.code})"),
            ("How", found.method_words),
            ("Why", found.reason_words),
            ("To", found.recipient or ("Not named" if found.owes_receipt else "Nobody")),
            ("Done", show_moment(found.act.occurred_at, zone)),
            ("Done by", str(found.act.by)),
            ("Second person", str(second) if second else "Not signed yet"),
            ("Receipt", receipt or "Not here yet"),
        ],
        "note": found.words,
        "lots": [
            {
                "product": line.product, "lot": line.number, "expires": show_day(line.expires_on),
                "kits": line.kits, "doses": line.doses,
            }
            for line in contents["lots"]
        ],
        "products": [[product, doses] for product, doses in contents["products"]],
        "empty": contents["empty"],
        "kits": [kit.reference for kit in kits],
    }  # fmt: skip
    return documents.render(
        "manifest", facts, title=f"Manifest of {found.reference}", by=by, at=now
    )


def packed(kit):
    lot = kit.lot
    return {
        "reference": kit.reference,
        "what": f"{kit.get_kind_display()}, {lot.product}" if lot else kit.get_kind_display(),
        "seal": kit.seal or "None",
        "lot": lot.number if lot else "None",
        "expires": show_day(kit.expires_on) if kit.expires_on else "None",
        "doses": kit.doses,
    }

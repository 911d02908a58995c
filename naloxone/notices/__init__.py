"""Who must hear of what about kits, by noun: callers import from here. Mails carry references, counts and links; no names."""

from naloxone.notices import components as _components  # noqa: F401  (registers its kind)
from naloxone.notices.bookings import BOOKING, booking_line, booking_url, sweep_bookings
from naloxone.notices.consignments import (
    CONSIGNMENT,
    tell_arrived,
    tell_called_back,
    tell_sent,
)
from naloxone.notices.discrepancies import (
    DISCREPANCY,
    RECEIPT,
    UNSIGNED,
    discrepancy_line,
    discrepancy_recipients,
    receipt_line,
    receipts_owed,
    sweep_discrepancies,
    tell_missing,
    tell_owner,
    tell_search,
)
from naloxone.notices.expiry import KIND, dues, horizons, line, recipients, sweep_expiries, url
from naloxone.notices.hands import tell_lapsed, tell_undone, tell_used
from naloxone.notices.letters import ESCALATED, IN_CHARGE, LATE, in_charge
from naloxone.notices.liaisons import LIAISON, liaison_line, tell_register
from naloxone.notices.readiness import AT_RISK, AUTHORITY, DRILL_FAILED, DRILLS, SHORT, tell_drill
from naloxone.notices.recalls import RECALL, RUNNING, tell_recalled
from naloxone.notices.stock import (
    NIL,
    NOT_CONFIRMED,
    REPORT_DUE,
    REPORT_LATE,
    STOCK,
    below_par,
    nil_line,
    stock_line,
)
from naloxone.notices.storage import REPLACE, REVIEW, SEASON

__all__ = [
    "AT_RISK",
    "AUTHORITY",
    "BOOKING",
    "CONSIGNMENT",
    "DISCREPANCY",
    "DRILLS",
    "DRILL_FAILED",
    "ESCALATED",
    "IN_CHARGE",
    "KIND",
    "LATE",
    "LIAISON",
    "NIL",
    "NOT_CONFIRMED",
    "RECALL",
    "RECEIPT",
    "REPLACE",
    "REPORT_DUE",
    "REPORT_LATE",
    "REVIEW",
    "RUNNING",
    "SEASON",
    "SHORT",
    "STOCK",
    "UNSIGNED",
    "below_par",
    "booking_line",
    "booking_url",
    "discrepancy_line",
    "discrepancy_recipients",
    "dues",
    "horizons",
    "in_charge",
    "liaison_line",
    "line",
    "nil_line",
    "receipt_line",
    "receipts_owed",
    "recipients",
    "stock_line",
    "sweep_bookings",
    "sweep_discrepancies",
    "sweep_expiries",
    "tell_arrived",
    "tell_called_back",
    "tell_drill",
    "tell_lapsed",
    "tell_missing",
    "tell_owner",
    "tell_recalled",
    "tell_register",
    "tell_search",
    "tell_sent",
    "tell_undone",
    "tell_used",
    "url",
]  # fmt: skip

"""The verbs of people, accounts, dogs and stations, and who sees them. All are the administrator's."""

from safety_portal.roster.people import (
    INVITATION,
    canines_seen,
    change_canine,
    change_person,
    end_account,
    invite_person,
    people_seen,
    record_and_invite,
    record_canine,
    record_left,
    record_person,
)
from safety_portal.roster.stations import (
    Closing,
    Hindrance,
    change_station,
    close_station,
    record_station,
    register_closing,
    stations_seen,
    what_follows,
    what_keeps_open,
)

__all__ = [
    "INVITATION",
    "Closing",
    "Hindrance",
    "canines_seen",
    "change_canine",
    "change_person",
    "change_station",
    "close_station",
    "end_account",
    "invite_person",
    "people_seen",
    "record_and_invite",
    "record_canine",
    "record_left",
    "record_person",
    "record_station",
    "register_closing",
    "stations_seen",
    "what_follows",
    "what_keeps_open",
]

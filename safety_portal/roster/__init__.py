"""The verbs of people, accounts, dogs and stations, and who sees them. All are the administrator's."""

from safety_portal.roster.dogs import (
    canines_seen,
    change_canine,
    keep_weight,
    may_weigh,
    own_or_seen,
    record_canine,
    record_weight,
)
from safety_portal.roster.people import (
    INVITATION,
    change_person,
    end_account,
    invite_person,
    people_seen,
    record_and_invite,
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
    "keep_weight",
    "may_weigh",
    "own_or_seen",
    "people_seen",
    "record_and_invite",
    "record_canine",
    "record_left",
    "record_person",
    "record_station",
    "record_weight",
    "register_closing",
    "stations_seen",
    "what_follows",
    "what_keeps_open",
]

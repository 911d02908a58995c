"""Where Django looks for the core's tables; they stand with their verbs, one concept a file."""

from safety_portal.access import Grant
from safety_portal.alerts import Alert, AlertStep, Message, MessageLine, SweepRun, WorkerHeartbeat
from safety_portal.audit import AuditRow
from safety_portal.exports import Download
from safety_portal.held import HeldForm
from safety_portal.medical import MedicalEntry, MedicalRead
from safety_portal.people import (
    Account,
    Canine,
    CanineWeight,
    Component,
    Person,
    Region,
    Station,
    WorkAssignment,
)
from safety_portal.photos import HeldPhoto, Photo
from safety_portal.pins import Pin
from safety_portal.saved_filters import SavedFilter
from safety_portal.terminals import Terminal, Turn

__all__ = [
    "Account",
    "Alert",
    "AlertStep",
    "AuditRow",
    "Canine",
    "CanineWeight",
    "Component",
    "Download",
    "Grant",
    "HeldForm",
    "HeldPhoto",
    "MedicalEntry",
    "MedicalRead",
    "Message",
    "MessageLine",
    "Person",
    "Photo",
    "Pin",
    "Region",
    "SavedFilter",
    "Station",
    "SweepRun",
    "Terminal",
    "Turn",
    "WorkAssignment",
    "WorkerHeartbeat",
]

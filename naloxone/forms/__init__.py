"""What people type about kits; actions decide whether it can be."""

from naloxone.forms.base import places_where
from naloxone.forms.hand_overs import (
    AcceptForm,
    AnswerForm,
    CounterForm,
    GiveBackForm,
    GiveForm,
    OfferForm,
)
from naloxone.forms.places import ChangePlaceForm, ClosePlaceForm, PlaceForm
from naloxone.forms.stock import (
    AssembleForm,
    MoveForm,
    RecallForm,
    ReceiveForm,
    ReleaseForm,
)

__all__ = [
    "AcceptForm",
    "AnswerForm",
    "AssembleForm",
    "ChangePlaceForm",
    "ClosePlaceForm",
    "CounterForm",
    "GiveBackForm",
    "GiveForm",
    "MoveForm",
    "OfferForm",
    "PlaceForm",
    "RecallForm",
    "ReceiveForm",
    "ReleaseForm",
    "places_where",
]

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
from naloxone.forms.life import (
    CloseForm,
    FoundForm,
    HoldForm,
    MissingForm,
    NoteForm,
    OpenForm,
    UndoForm,
    WasteForm,
    WriteOffForm,
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
    "CloseForm",
    "ClosePlaceForm",
    "CounterForm",
    "FoundForm",
    "GiveBackForm",
    "GiveForm",
    "HoldForm",
    "MissingForm",
    "MoveForm",
    "NoteForm",
    "OfferForm",
    "OpenForm",
    "PlaceForm",
    "RecallForm",
    "ReceiveForm",
    "ReleaseForm",
    "UndoForm",
    "WasteForm",
    "WriteOffForm",
    "places_where",
]

"""What people type about kits; actions decide whether it can be."""

from naloxone.forms.base import places_where
from naloxone.forms.disposals import CountersignForm, DisposeForm, LaterForm, WitnessForm
from naloxone.forms.hand_overs import (
    AcceptForm,
    AnswerForm,
    CounterForm,
    GiveBackForm,
    GiveForm,
    OfferForm,
)
from naloxone.forms.inspections import InspectForm, NoAccessForm, SealedForm
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
from naloxone.forms.terminal import AttestForm, GiveTurnForm, HereForm, ReturnTurnForm, TakeForm
from naloxone.forms.uses import (
    BindForm,
    DoseForm,
    MoreDosesForm,
    PersonForm,
    ReadForm,
    UseForm,
)

__all__ = [
    "AcceptForm",
    "AnswerForm",
    "AssembleForm",
    "AttestForm",
    "BindForm",
    "ChangePlaceForm",
    "CloseForm",
    "ClosePlaceForm",
    "CounterForm",
    "CountersignForm",
    "DisposeForm",
    "DoseForm",
    "FoundForm",
    "GiveBackForm",
    "GiveForm",
    "GiveTurnForm",
    "HereForm",
    "HoldForm",
    "InspectForm",
    "LaterForm",
    "MissingForm",
    "MoreDosesForm",
    "MoveForm",
    "NoAccessForm",
    "NoteForm",
    "OfferForm",
    "OpenForm",
    "PersonForm",
    "PlaceForm",
    "ReadForm",
    "RecallForm",
    "ReceiveForm",
    "ReleaseForm",
    "ReturnTurnForm",
    "SealedForm",
    "TakeForm",
    "UndoForm",
    "UseForm",
    "WasteForm",
    "WitnessForm",
    "WriteOffForm",
    "places_where",
]

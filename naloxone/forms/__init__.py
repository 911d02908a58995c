"""What people type about kits; actions decide whether it can be."""

from naloxone.forms.base import places_where
from naloxone.forms.consignments import ArrivalForm, CallBackForm, SendForm
from naloxone.forms.disposals import CountersignForm, DisposeForm, LaterForm, WitnessForm
from naloxone.forms.exchanges import ExchangeForm, MusterForm, NotRightForm, PairForm
from naloxone.forms.hand_overs import (
    AcceptForm,
    AnswerForm,
    CounterForm,
    GiveBackForm,
    GiveForm,
    OfferForm,
)
from naloxone.forms.imports import (
    TILES,
    ConfirmImportForm,
    LotForm,
    MapImportForm,
    ProductForm,
    UploadForm,
)
from naloxone.forms.inspections import InspectForm, NoAccessForm, SealedForm
from naloxone.forms.labels import LabelsForm
from naloxone.forms.life import (
    CloseForm,
    FoundForm,
    HoldForm,
    MissingForm,
    NoteForm,
    OpenForm,
    UndoForm,
    WasteForm,
    WorksForm,
    WriteOffForm,
)
from naloxone.forms.orders import AddLineForm, DueForm, EndOrderForm, OrderForm
from naloxone.forms.packs import ForgetCodeForm, PackCodeForm
from naloxone.forms.places import ChangePlaceForm, ClosePlaceForm, PlaceForm
from naloxone.forms.receive import ReceiveForm
from naloxone.forms.registers import HandOverRegisterForm, TakeRegisterForm
from naloxone.forms.rounds import (
    DifferenceForm,
    HandOnForm,
    NilReportForm,
    PlaceCodeForm,
    RoundForm,
    ScanForm,
    SearchForKitForm,
    SearchForm,
)
from naloxone.forms.stock import AssembleForm, MoveForm, RecallForm, ReleaseForm
from naloxone.forms.storage import (
    ColumnsForm,
    DecisionForm,
    LabelForm,
    LoggerFileForm,
    LotLabelForm,
    RotateForm,
    SeasonForm,
    TemperatureForm,
    WithdrawForm,
)
from naloxone.forms.swaps import SwapForm
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
    "TILES",
    "AcceptForm",
    "AddLineForm",
    "AnswerForm",
    "ArrivalForm",
    "AssembleForm",
    "AttestForm",
    "BindForm",
    "CallBackForm",
    "ChangePlaceForm",
    "CloseForm",
    "ClosePlaceForm",
    "ColumnsForm",
    "ConfirmImportForm",
    "CounterForm",
    "CountersignForm",
    "DecisionForm",
    "DifferenceForm",
    "DisposeForm",
    "DoseForm",
    "DueForm",
    "EndOrderForm",
    "ExchangeForm",
    "ForgetCodeForm",
    "FoundForm",
    "GiveBackForm",
    "GiveForm",
    "GiveTurnForm",
    "HandOnForm",
    "HandOverRegisterForm",
    "HereForm",
    "HoldForm",
    "InspectForm",
    "LabelForm",
    "LabelsForm",
    "LaterForm",
    "LoggerFileForm",
    "LotForm",
    "LotLabelForm",
    "MapImportForm",
    "MissingForm",
    "MoreDosesForm",
    "MoveForm",
    "MusterForm",
    "NilReportForm",
    "NoAccessForm",
    "NotRightForm",
    "NoteForm",
    "OfferForm",
    "OpenForm",
    "OrderForm",
    "PackCodeForm",
    "PairForm",
    "PersonForm",
    "PlaceCodeForm",
    "PlaceForm",
    "ProductForm",
    "ReadForm",
    "RecallForm",
    "ReceiveForm",
    "ReleaseForm",
    "ReturnTurnForm",
    "RotateForm",
    "RoundForm",
    "ScanForm",
    "SealedForm",
    "SearchForKitForm",
    "SearchForm",
    "SeasonForm",
    "SendForm",
    "SwapForm",
    "TakeForm",
    "TakeRegisterForm",
    "TemperatureForm",
    "UndoForm",
    "UploadForm",
    "UseForm",
    "WasteForm",
    "WithdrawForm",
    "WitnessForm",
    "WorksForm",
    "WriteOffForm",
    "places_where",
]

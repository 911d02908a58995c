"""Who keeps a station's stock: what a station lacks, and what a count of its register comes to. Pure."""

from enum import StrEnum

from naloxone.rules import CustodyError


class Lack(StrEnum):
    """What a station's list of liaisons lacks, the worst first."""

    COORDINATOR = "coordinator"
    REGISTER = "register"
    DEPUTY = "deputy"


LACK_WORDS = {
    Lack.COORDINATOR: "No coordinator",
    Lack.REGISTER: "Register in the name of somebody who is neither any more",
    Lack.DEPUTY: "No deputy",
}
# Less is worse (alerts).
THRESHOLDS = {Lack.COORDINATOR: 0, Lack.REGISTER: 1, Lack.DEPUTY: 2}


def lacks(*, coordinators: int, deputies: int, register_is_theirs: bool) -> list[Lack]:
    """What a station lacks. `register_is_theirs`: whoever took it last is still one of them, or nobody ever did."""
    found = []
    if not coordinators:
        found.append(Lack.COORDINATOR)
    if not register_is_theirs:
        found.append(Lack.REGISTER)
    if not deputies:
        found.append(Lack.DEPUTY)
    return found


def check_pair(*, outgoing: int, incoming: int, signer: int) -> None:
    """Raise CustodyError unless two different people sign, and nobody takes over from themselves. Keys of people."""
    if incoming in (outgoing, signer):
        raise CustodyError(
            "Who takes the register over is another person than who hands it over.", "incoming"
        )


def difference_words(*, recorded: int, counted: int, first_count: int) -> str:
    """What did not add up at a place when the register passed, as one sentence; empty when it did.

    `counted` is the incoming person's count: it is what they answer for from now on.
    """
    if counted == recorded:
        return ""
    other = "" if first_count == counted else f" Who handed over had counted {first_count}."
    return f"{recorded} recorded, {counted} counted when the register passed.{other}"

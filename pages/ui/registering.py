"""The words of the registration page, and the small parts it is made of.

Everything somebody answers is kept in one dictionary of the session, so that going back loses nothing.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui.camera_placer import View
from workflow import city_map, places, registration
from workflow.places import PlaceNotFound
from workflow.registration import Confirmation, NotValid, Submission

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from workflow.city_map import City

ANSWERS = "registering"  # the one key of the session
STEPS = ("You", "Where", "The camera", "Its footage", "What you agree to", "Check and send")
STEP_OF = {
    "owner_kind": 1, "name": 1, "email": 1, "phone": 1, "address": 2, "camera_kind": 3, "azimuth": 3, "hfov": 3, "direction": 3,
    "retention_hours": 4, "storage": 4, "consents": 5,
}  # fmt: skip

TITLES = (
    "Register a camera",
    "Where is the camera?",
    "Which camera is it?",
    "What happens to its footage?",
    "What do you agree to?",
    "Check and send",
)
PROMISE = (
    "**Registering shows nobody your video.** It only tells the police that your camera is there, so that they "
    "know whom to ask after a crime nearby. You can say no each time, and you can leave at any time."
)
CONTACT_HINT = (
    ":material/lock: E-mail or phone: one is enough. We keep your name and contact encrypted. An officer can see "
    "them only for a case, and each time is recorded."
)
VIEW_HINT = (
    "The coloured part is what such a camera sees: far enough to notice a person, and not through houses. You can "
    "move the dot here too."
)

KIND_HINTS = {
    "doorbell": "The button at the door, with a camera in it.",
    "bullet": "A short tube on a wall or under the roof.",
    "dome": "Under a round dome of glass or plastic.",
    "turret": "A ball that sits in a socket.",
    "4k": "A tube or a ball, sold as 4K, 8 megapixels or Ultra HD.",
    "ptz": "It can be turned and zoomed from afar.",
    "floodlight": "A camera with bright lamps.",
    "indoor": "It stands inside, perhaps at a window.",
    "other": "Anything else, or you are not sure.",
}
DIRECTIONS = {
    "shown": "I will show it on the map",
    "round": "It sees all round",
    "unknown": "I don't know which way it looks",
}
PLACES = {True: "Outside", False: "Inside", None: "Not sure"}
SURE = {True: "Yes", False: "No", None: "Not sure"}
KEPT = {
    24.0: "1 day", 48.0: "2 days", 72.0: "3 days", 168.0: "1 week", 336.0: "2 weeks", 720.0: "30 days",
    1440.0: "60 days", 2160.0: "90 days", None: "Not sure",
}  # fmt: skip
STORED: dict[str | None, str] = dict([*registration.STORAGE.items(), (None, "Not sure")])
CONSENT_HINTS = {
    "list": "Needed to register. It shows nobody your video.",
    "ask": "They ask you, each time, about one crime. What you give, and whether, is up to you.",
    "live": "Only if you set this up with us later. Nothing is shared by ticking this.",
}


def text(answers: dict[str, Any], field: str, label: str, **options: Any) -> str:
    """A line of text, kept in the answers, with what is wrong with it below."""
    key = f"register {field}"
    st.session_state.setdefault(key, answers.get(field, ""))
    answers[field] = st.text_input(label, max_chars=registration.TEXT_MAX, key=key, **options)
    problem(answers, field)
    return answers[field]


def choice(
    answers: dict[str, Any],
    field: str,
    label: str,
    options: Mapping[Any, str],
    hints: list[str] | None = None,
) -> Any:
    """One of `options`, none chosen beforehand, kept in the answers, with what is wrong with it below.

    With `hints`, one for each, they stand below each other, otherwise side by side.
    """
    names = dict(zip(options.values(), options, strict=True))
    key = f"register {field}"
    st.session_state.setdefault(key, options[answers[field]] if field in answers else None)
    if hints is None:
        chosen = st.pills(label, list(names), key=key)
    else:
        chosen = st.radio(label, list(names), index=None, captions=hints, key=key)
    if chosen is None:
        answers.pop(field, None)
    else:
        answers[field] = names[chosen]
    problem(answers, field)
    return answers.get(field)


def problem(answers: dict[str, Any], *fields: str) -> None:
    """What is wrong with one of these fields, if something is."""
    field, message = answers.get("problem", (None, ""))
    if field in fields:
        st.error(message, icon=":material/error:")


def go(answers: dict[str, Any], step: int, error: NotValid | None = None) -> None:
    """On to another step; with an error, to show it there."""
    answers.pop("problem", None)
    if error is not None:
        answers["problem"] = (error.field, str(error))
    answers["step"] = step
    st.rerun()


def search(answers: dict[str, Any], words: str) -> None:
    """Look for the address; what was found, or what is wrong with it, is kept and shown."""
    answers |= {"searched": words, "found": [], "place": None, "view": View(), "alternatives": ()}
    answers.pop("problem", None)
    if not words:
        return
    try:
        found = places.find(words)
        for place in found[:1]:
            registration.check_place(words, place.lon, place.lat, city_map.city())
    except PlaceNotFound as error:
        answers |= {"problem": ("address", str(error)), "alternatives": error.suggestions}
    except NotValid as error:
        answers["problem"] = (error.field, str(error))
    else:
        answers |= {"found": found, "place": found[0] if len(found) == 1 else None}


def around(answers: dict[str, Any]) -> dict[str, list[Any]]:
    """The streets and houses around the address."""
    return _surroundings(answers["place"].lon, answers["place"].lat, city_map.map_version())


@st.cache_data(max_entries=200, show_spinner=False)
def _surroundings(lon: float, lat: float, _version: int) -> dict[str, list[Any]]:
    """The version only makes a new load of the map a new question."""
    return places.surroundings(lon, lat)


def check_step(answers: dict[str, Any], city: City) -> None:
    """Raises `NotValid` where the step somebody is at still lacks something."""
    step = answers["step"]
    if step == 1:
        registration.check_owner(
            *(answers.get(name, "") for name in ("owner_kind", "name", "email", "phone"))
        )
    elif step == 2:
        if not answers.get("place"):
            missing = "which place it is" if answers.get("found") else "the address where the camera is"
            raise NotValid("address", answers.get("problem", ("", f"Please say {missing}."))[1])
        lon, lat = point(answers)
        registration.check_place(answers["address"], lon, lat, city)
    elif step == 3:
        kind = answers.get("camera_kind")
        registration.check_camera(kind, None, None)
        registration.check_camera(kind, *direction(answers))
    elif step == 5:
        registration.check_consents(frozenset(answers["consents"]))


def direction(answers: dict[str, Any]) -> tuple[float | None, float | None]:
    """The azimuth and the angle of view, as far as they were stated."""
    how = answers.get("direction")
    if how is None:
        raise NotValid("direction", "Please say which way the camera looks, or that you don't know.")
    azimuth = answers["view"].azimuth if how == "shown" else None
    if how == "shown" and azimuth is None:
        raise NotValid("azimuth", "Please show the direction: tap the map where the camera looks.")
    return azimuth, 360.0 if how == "round" else None


def point(answers: dict[str, Any]) -> tuple[float, float]:
    """Longitude and latitude of the dot."""
    place, view = answers["place"], answers["view"]
    return places.moved(place.lon, place.lat, view.x, view.y)


def submission(answers: dict[str, Any]) -> Submission:
    """The answers as they are sent. What was not answered is not stated."""
    lon, lat = point(answers)
    azimuth, hfov = direction(answers)
    indoor = answers["camera_kind"] == "indoor"
    return Submission(
        owner_kind=answers["owner_kind"],
        name=answers["name"],
        email=answers["email"],
        phone=answers["phone"],
        address=answers["address"] if len(answers["found"]) == 1 else answers["place"].words,
        lon=lon,
        lat=lat,
        camera_kind=answers["camera_kind"],
        azimuth=azimuth,
        hfov=hfov,
        outdoor=False if indoor else answers.get("outdoor"),
        retention_hours=answers.get("retention_hours"),
        storage=answers.get("storage"),
        night_vision=answers.get("night_vision"),
        audio=answers.get("audio"),
        consents=frozenset(answers["consents"]),
        token=answers["token"],
    )


def summary(answers: dict[str, Any]) -> dict[int, list[str]]:
    """The answers of each step in lines of plain text. They hold what people typed: show them as text."""
    sent = submission(answers)
    way = {
        "shown": f"Looks {compass(sent.azimuth)}",
        "round": "Sees all round",
        "unknown": "Direction not known",
    }
    return {
        1: [
            line
            for line in (sent.name, sent.email, sent.phone, registration.OWNER_KINDS[sent.owner_kind])
            if line
        ],
        2: [sent.address],
        3: [registration.CAMERA_KINDS[sent.camera_kind], PLACES[sent.outdoor], way[answers["direction"]]],
        4: [
            f"Kept for: {KEPT[sent.retention_hours].lower()}",
            f"Kept in: {STORED[sent.storage].lower()}",
            f"Sees at night: {SURE[sent.night_vision].lower()}",
            f"Records sound: {SURE[sent.audio].lower()}",
        ],
        5: [
            f"{'Yes' if purpose in sent.consents else 'No'}: {words}"
            for purpose, words in registration.PURPOSES.items()
        ],
    }


def compass(azimuth: float | None) -> str:
    """A direction in words.

    >>> compass(47.0)
    'north-east (47 degrees)'
    """
    if azimuth is None:
        return "an unknown way"
    winds = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
    return f"{winds[round(azimuth / 45) % 8]} ({azimuth:.0f} degrees)"


def another(answers: dict[str, Any]) -> dict[str, Any]:
    """A new form of the same owner at the same address; what is agreed is asked again."""
    kept = ("owner_kind", "name", "email", "phone", "address", "searched", "found", "place")
    return {name: answers[name] for name in kept} | {"step": 2, "token": uuid.uuid4().hex, "view": View()}


def plain(confirmation: Confirmation, zone: tzinfo, city: str) -> str:
    """The confirmation as plain text, to print or keep; nothing personal is in it."""
    agreed = [f"  - {words}" for key, words in registration.PURPOSES.items() if key in confirmation.consents]
    refused = [
        f"  - {words}" for key, words in registration.PURPOSES.items() if key not in confirmation.consents
    ]
    return "\n".join(
        [
            f"Your camera is registered in {city}",
            "",
            f"Reference:   {confirmation.reference}",
            f"Camera:      {registration.CAMERA_KINDS[confirmation.camera_kind]}",
            f"Registered:  {day(confirmation.registered_at.astimezone(zone))}",
            f"Valid until: {day(confirmation.expires_at.astimezone(zone))}",
            "",
            "You agreed to this:",
            *agreed,
            *(["", "You did not agree to this:", *refused] if refused else []),
            "",
            *LEAVE,
            "",
        ]
    )


LEAVE = (
    "Registering shows nobody your video.",
    "You can change your mind at any time, without giving a reason: tell the police department this reference.",
    "Keep the receipt file as well: it proves that your registration is in the public record of what was done.",
)


def day(at: datetime) -> str:
    """A date in words, such as 3 March 2027."""
    return f"{at.day} {at:%B %Y}"

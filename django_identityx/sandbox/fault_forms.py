"""Trouble for people: a form for each mode, and its way back into options."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qs

from .faults import DEFAULT_SECONDS, MODES, OPTIONS, SERVICES, Fault, FaultError

_ABOUT = {
    "html502": "A proxy in front of IdentityX answers 502, with a page instead of JSON.",
    "hang": "No answer; in the end the connection is dropped.",
    "drop": "The connection ends at once, without an answer.",
    "inner": "One of the services inside of IdentityX is down, or does not answer.",
    "database": "The database is away. The services wait for a while; later they give up.",
    "mail": "The mail provider refuses every mail.",
    "blocked": "IdentityX serves the application no longer.",
    "slow": "Every answer takes its time.",
}
_LABELS = {
    "service": "Service",
    "hangs": "it hangs instead of refusing",
    "seconds": "Seconds",
    "executed": "after the operation was carried out",
    "message": "Message",
    "disabled": "the tenant is disabled (500 instead of 400)",
}
_FLAGS = frozenset({"executed", "hangs", "disabled"})


def render() -> str:
    """Return the forms, one for each mode."""
    items = "".join(_item(mode) for mode in MODES if mode != "none")
    return f'<ul class="faults">{items}</ul>'


def notice(fault: Fault | None) -> str:
    """Return what is going on at the moment, and the button that ends it."""
    if fault is None:
        return ""
    details = [fault.mode]
    if fault.mode == "inner":
        details.append(f"{fault.service} {'hangs' if fault.hangs else 'is down'}")
    if fault.times is not None:
        details.append(f"{fault.times} more request{'s' if fault.times != 1 else ''}")
    if fault.operations:
        details.append(f"only {', '.join(sorted(fault.operations))}")
    return (
        '<div class="notice trouble" role="status">'
        f"<p>Trouble is on: {escape('; '.join(details))}</p>"
        '<form method="post" action="/_sandbox/faults">'
        '<input type="hidden" name="mode" value="none">'
        "<button>End the trouble</button></form></div>"
    )


def options(body: bytes) -> tuple[str, dict[str, Any]]:
    """Return the mode and the options of a form that was sent; raise ``FaultError``."""
    fields = {name: values[-1].strip() for name, values in parse_qs(body.decode()).items()}
    mode = fields.pop("mode", "")
    return mode, {name: _value(name, text) for name, text in fields.items() if text}


def _item(mode: str) -> str:
    names = sorted(OPTIONS.get(mode, ()), key=list(_LABELS).index)
    inputs = "".join(_input(mode, name) for name in names)
    return (
        f'<li><h3 id="fault-{mode}">{mode}</h3><p>{_ABOUT[mode]}</p>'
        f'<form method="post" action="/_sandbox/faults" aria-labelledby="fault-{mode}">'
        f'<input type="hidden" name="mode" value="{mode}">{inputs}'
        f'<label>Requests, empty for all<br><input type="number" name="times" min="1"></label>'
        '<label>Only these operations<br><input name="operations" placeholder="activeAppUser">'
        "</label>"
        f'<button>Cause it<span class="unseen">: {mode}</span></button></form></li>'
    )


def _input(mode: str, name: str) -> str:
    label = _LABELS[name]
    if name in _FLAGS:
        return f'<label class="check"><input type="checkbox" name="{name}">{label}</label>'
    if name == "service":
        choices = "".join(f"<option>{service}</option>" for service in SERVICES)
        return f'<label>{label}<br><select name="service">{choices}</select></label>'
    if name == "seconds":
        value = f"{DEFAULT_SECONDS[mode]:g}"
        kind = f'type="number" min="0" max="3600" step="any" value="{value}"'
    else:
        kind = 'placeholder="as IdentityX puts it"'
    return f'<label>{label}<br><input name="{name}" {kind}></label>'


def _value(name: str, text: str) -> Any:
    try:
        if name == "seconds":
            return float(text)
        if name == "times":
            return int(text)
    except ValueError:
        raise FaultError(f"{name} is a number.") from None
    if name in _FLAGS:
        return True
    return text.replace(",", " ").split() if name == "operations" else text


def is_form(headers: Mapping[str, str]) -> bool:
    """Say whether a request comes from one of the forms."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"

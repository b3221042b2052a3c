"""What an answer must not be: loaded by schemathesis.sh into schemathesis as checks of its own. And what
keeps the questions from being hollow: ids that exist, a proof that is fresh, and no change of the user
who asks. What was answered is counted into FUZZ_TALLY, for fuzz_reached.py."""

import atexit
import json
import os
import sys

import schemathesis

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fuzz_world import OWN_PASSWORD, SELF, World, of_a_list  # noqa: E402

STRANGER = "00000000-0000-7000-8000-000000000000"

# The routes that may say that they have nothing at the moment: status 503 with this code and nothing
# else. The fuzzer switches meters off and on; when none answers, no figure of the site is current.
UNAVAILABLE = {("get", "/realtime/current"): "UNAVAILABLE"}

world = World()
tally = {}


def whole(case, place):
    """Whether this part of a request is made to fit the document: what is broken on purpose stays so."""
    parts = case.meta.components.items() if case.meta else ()
    return all(part.mode.is_positive for where, part in parts if where.value == place)


@schemathesis.hook
def before_call(_ctx, case, _kwargs):
    """A made-up id becomes one that exists, mostly. Whoever would change himself changes a stranger who
    is not there: an administrator finds himself among the users, takes his own role away, and everything
    after that is asked by nobody."""
    world.prove()
    path, parameters = case.operation.path, case.path_parameters
    if isinstance(parameters, dict) and parameters:
        made_up = any(str(value) not in world.names for value in parameters.values())
        if made_up and whole(case, "path") and world.chance.random() < 0.75:
            world.real(path, parameters)
        if SELF and "/users/{id}" in path and parameters.get("id") == SELF:
            parameters["id"] = STRANGER
    if isinstance(case.query, dict) and case.query and whole(case, "query"):
        case.query.update(world.query(dict(case.query)))
    if whole(case, "body"):
        change_body(case)
    # What was made to fit still does: what is put in exists, or was handed out.
    case.freeze_metadata()


def change_body(case):
    """Puts a body that is accepted in the place of one that was made up, every second time."""
    method, path = case.operation.method.upper(), case.operation.path
    if isinstance(case.body, str) and (text := world.text(method, path)):
        case.body = text
    elif isinstance(case.body, dict) and case.media_type == "application/json":
        case.body = world.seed(method, path, case.body) or world.fill(case.body)


@schemathesis.hook
def after_call(_ctx, case, response):
    """Counts, and remembers what there is."""
    method, path = case.operation.method.upper(), case.operation.path
    try:
        answer = json.loads(response.content)
    except ValueError:
        answer = None
    said = answer.get("error_code") if isinstance(answer, dict) else None
    # A method that the operation has not is a question to something else.
    sent = getattr(response.request, "method", method)
    counts = tally.setdefault(f"{method} {path}" if sent == method else "another method", {})
    key = f"{response.status_code} {said or ''}".strip()
    counts[key] = counts.get(key, 0) + 1
    if path in OWN_PASSWORD and said == "VALIDATION_ERROR":
        world.wrong += "not your password" in str(answer) or "code does not fit" in str(answer)
    if response.status_code >= 300 or sent != method:
        return
    if path == "/auth/change-password" and isinstance(case.body, dict):
        world.password = case.body.get("password", world.password)
    if method in ("GET", "POST") and not path.endswith("}"):
        above = case.path_parameters if isinstance(case.path_parameters, dict) else {}
        world.keep(path, tuple(above.items()), answer)


@atexit.register
def write_down():
    """The counts, for fuzz_reached.py."""
    place = os.environ.get("FUZZ_TALLY")
    if place:
        with open(place, "w", encoding="utf-8") as file:
            json.dump(tally, file, indent=1, sort_keys=True)


@schemathesis.check
def no_server_error(_ctx, response, case):
    """No answer of 500 or above, but where the contract wants one."""
    status = response.status_code
    if status < 500:
        return
    route = (case.operation.method.lower(), case.operation.path)
    try:
        code = json.loads(response.content).get("error_code")
    except (ValueError, AttributeError):
        code = None
    promised = UNAVAILABLE.get(route)
    if status == 503 and promised is not None and code == promised:
        return
    raise AssertionError(f"{status} with the code {code} of {route[0].upper()} {route[1]}")

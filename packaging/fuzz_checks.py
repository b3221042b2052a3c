"""What an answer must not be: loaded by schemathesis.sh into schemathesis as checks of its own. And what
it must not ask: to change the user who asks."""

import json
import os

import schemathesis

# Who asks. An administrator finds himself among the users, takes his own role away, and everything after
# that is asked by nobody.
SELF = os.environ.get("FUZZ_SELF")
STRANGER = "00000000-0000-7000-8000-000000000000"

# The routes that may say that they have nothing at the moment: status 503 with this code and nothing
# else. The fuzzer switches meters off and on; when none answers, no figure of the site is current.
UNAVAILABLE = {("get", "/realtime/current"): "UNAVAILABLE"}


@schemathesis.hook
def before_call(_ctx, case, _kwargs):
    """Whoever would change himself changes a stranger who is not there."""
    if SELF and "/users/{id}" in case.operation.path and case.path_parameters.get("id") == SELF:
        case.path_parameters["id"] = STRANGER


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

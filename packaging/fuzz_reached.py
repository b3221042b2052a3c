"""fuzz_reached.py ROLE TALLY: what was answered to whom, and whether the run was hollow. An administrator
must have been accepted by every operation at least once, but by those of UNREACHED and a few by chance; whoever is signed in must
not have been asked again and again to sign in."""

import json
import sys

# What the fuzzer cannot be accepted by, and why.
UNREACHED = {
    "POST /setup": "it is set up",
    "POST /setup/backups": "it is set up",
    "POST /setup/restore": "it is set up",
    "POST /update/bundle": "the demo was not installed by a package",
    "POST /update/check": "the demo was not installed by a package",
    "POST /update/install": "the demo was not installed by a package",
    "POST /update/rollback": "the demo was not installed by a package",
    "POST /readings/devices/{serial}/readings": "it wants the key of a device, no session",
    "POST /kiosk/session": "it wants the cookie of a screen, no session",
    "PUT /kiosks/{id}": "no screen is let in: that wants its code at the moment at which it shows it",
    "DELETE /kiosks/{id}": "as before",
    "POST /backups/{id}/restore": "a backup that is restored takes the session with it",
    "POST /auth/2fa/login": "it wants a user with a second factor who signs in at that moment",
    "POST /auth/2fa/recovery-codes": "it wants a second factor",
    "POST /equipment/{id}/photo": "a made-up file is no picture",
    "GET /equipment/{id}/photo": "as before",
    "DELETE /equipment/{id}/photo": "as before",
    "POST /sites/{id}/logo": "a made-up file is no picture",
    "GET /sites/{id}/logo": "as before",
    "DELETE /sites/{id}/logo": "as before",
    "GET /modbus/scan/{id}": "scans are not asked for: they take the network for minutes",
    "DELETE /modbus/scan/{id}": "as before",
    "POST /equipment/{id}/belief": "nothing was found against the meters of the demo",
    "DELETE /equipment/{id}/belief": "as before",
    "POST /equipment/{id}/commissioning": "it wants a reading that was taken a moment ago",
    "GET /realtime/current": "the fuzzer has switched the meters off before: it says so by 503",
    "GET /energy/plan/{id}/progress": "nothing of the plan of the demo is done yet",
    "POST /equipment/{id}/meter-events/{event}/undo": "the fuzzer knows no number of an event",
    "PUT /coldchain/cells/{id}/excursions/{excursion}/review": "the fuzzer knows no number of an excursion",
    "POST /notifications/log/{id}/retry": "no letter of the demo is given up",
    "POST /notifications/outlets/{kind}/test": "every outlet is off",
    "POST /alerts/{id}/shelve": "the alerts of the demo are over, or set aside already",
    "POST /alerts/{id}/suppress": "as before",
    "POST /jobs/{id}/cancel": "no job of the demo lasts long enough",
    "POST /reports/{id}/cancel": "no report of the demo lasts long enough",
}
# What chance may leave out of a run that is as it should be.
BY_CHANCE_AT_MOST = 12
# Of all answers, those that say "sign in" may be this many: routes that take wrong passwords say so, too.
UNKNOWN_AT_MOST = 0.03

role, place = sys.argv[1:]
tally = json.load(open(place, encoding="utf-8"))
total = sum(sum(counts.values()) for counts in tally.values())
by_status = {}
refused = {}
for counts in tally.values():
    for key, count in counts.items():
        by_status[key[:3]] = by_status.get(key[:3], 0) + count
        refused[key] = refused.get(key, 0) + count
shares = ", ".join(f"{status} {100 * by_status[status] / total:.1f} %" for status in sorted(by_status))
print(f"{role}: {total} answers: {shares}")
operations = sorted(name for name in tally if name != "another method")
accepted = [name for name in operations if any(key < "3" for key in tally[name])]
print(f"{role}: {len(accepted)} of {len(operations)} operations accepted something")
if role == "nobody":
    sys.exit()
unknown = by_status.get("401", 0) / total
if unknown > UNKNOWN_AT_MOST:
    sys.exit(f"{role} was asked to sign in by {100 * unknown:.1f} % of all answers: this run was hollow.")
if role != "admin":
    sys.exit()
asked_proof = refused.get("403 STEP_UP_REQUIRED", 0)
if asked_proof:
    sys.exit(f"{asked_proof} answers wanted a proof that was not fresh: the dangerous routes were not reached.")
never = [name for name in operations if name not in accepted]
for name in never:
    print(f"  never accepted: {name}: {UNREACHED.get(name, 'by chance')} {json.dumps(tally[name])}")
missed = [name for name in never if name not in UNREACHED]
if len(missed) > BY_CHANCE_AT_MOST:
    sys.exit(f"{len(missed)} operations accepted nothing, and no reason is known.")

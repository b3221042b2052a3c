"""Requests that the appliance accepts, for fuzz_world.py: the fuzzer makes one of them wrong or odd in one
field, mostly. What is made up whole fits the document and is nearly always refused for what it means.

`@/path` is the name of something in that list, `@-3` the moment three days ago, `@day-3` the day, `@new` a
name that nobody has, `@password`, `@code` and the like what the appliance handed out."""

EQUIPMENT, DAY, SINCE, NOW = "@/equipment", "@day-2", "@-2", "@-0"
RULE = {"equipment_id": EQUIPMENT, "metric": "power", "operator": ">", "threshold": 80, "level": "High"}
PROFILE = {"id": "@new", "brand": "Acme", "model": "M1", "source": "A test.",
           "registers": {"power": {"address": 0, "type": "float32"}}}
ENPI = {"name": "@new", "kind": "value", "period": "day", "equipment": [EQUIPMENT]}
PLAN = {"kind": "action", "name": "@new", "owner": "Amel"}
POLICY = {"name": "@new", "enabled": True, "from_level": "Low", "site": None, "recipients": [{"outlet": "webhook"}]}
SCHEDULE = {"template": "daily_energy", "every": "day", "at": "06:00", "formats": ["pdf"], "enabled": True}
CELL = {"location_id": "@/coldchain/locations", "name": "@new", "set_point_c": 3, "max_c": 8}
MAINTENANCE = {"type": "inspection", "date": DAY, "notes": "Terminals are tight."}
SITE = {"name": "@new", "key": "@new", "time_zone": "Africa/Tunis", "currency": "TND"}
# Nothing listens there.
METER = {"host": "127.0.0.1", "port": 9, "registers": {"power": {"address": 0, "type": "float32"}}}
REASON = {"reason": "A test."}

BODIES = {
    "POST /alert-rules": RULE,
    "POST /alert-rules/rehearse": {"rule": RULE, "days": 1},
    "PUT /alert-rules/{id}": {"threshold": 70},
    "POST /alerts/acknowledge": {"alerts": [{"id": "@/alerts"}]},
    "POST /alerts/{id}/shelve": {"seconds": 600, **REASON},
    "POST /alerts/{id}/suppress": REASON,
    "POST /alerts/{id}/out-of-service": REASON,
    "POST /auth/login": {"email": "@email", "password": "@password"},
    "POST /auth/step-up": {"password": "@password"},
    "POST /auth/2fa/setup": {"password": "@password"},
    "POST /auth/2fa/verify": {"code": "@totp"},
    "POST /auth/2fa/login": {"challenge": "@challenge", "code": "@totp"},
    "POST /auth/2fa/disable": {"password": "@password"},
    "POST /auth/change-password": {"current_password": "@password", "password": "@fresh"},
    "POST /auth/refresh": {"refresh_token": "@refresh_token"},
    "POST /auth/activate": {"token": "@activation_url", "password": "Fuzzing-of-routes-2"},
    "POST /auth/reset-password": {"token": "@token", "password": "Fuzzing-of-routes-3"},
    "POST /kiosks/approve": {"code": "@code", "name": "@new"},
    "PUT /kiosks/{id}": {"name": "@new"},
    "POST /users/invite": {"email": "@new@fuzz.example", "name": "Guest", "role": "viewer"},
    "PUT /users/{id}": {"name": "@new"},
    "PUT /admin/users/{id}/role": {"role": "viewer"},
    "PUT /backups/settings": {"settings": {"folder": "@folder", "at": "02:30", "days": [1, 7],
                                           "keep": {"daily": 7, "weekly": 4, "monthly": 12}, "encrypt": False}},
    "POST /backups/{id}/verify": {},
    "PUT /system/storage": {"raw_days": 90, "minute_days": 366, "quarter_days": None, "hour_days": None},
    "POST /system/configuration": {"toml": "format = 1"},
    "POST /coldchain/cells": CELL,
    "PUT /coldchain/cells/{id}": CELL,
    "POST /coldchain/cells/{id}/calibrations": {"certificate": "@new", "calibrated_on": "@day-30", "due_on": "@day--300",
                                                "offset_c": 0.2},
    "POST /coldchain/cells/{id}/devices": {"serial_number": "@new"},
    "PUT /coldchain/cells/{id}/excursions/{excursion}/review": {"cause": "Door", "action": "Closed"},
    "POST /coldchain/customers": {"name": "@new"},
    "POST /coldchain/locations": {"customer_id": "@/coldchain/customers", "name": "@new"},
    "POST /corrections": {"equipment_id": EQUIPMENT, "metric": "power", "from": SINCE, "to": "@-1",
                          "change": {"do": "exclude"}, "why": "A test."},
    "POST /devices": {"serial_number": "@new", "equipment_id": EQUIPMENT},
    "PUT /devices/{id}": {"name": "@new"},
    "POST /energy/bill/compare": {"month": "@month", "lines": []},
    "POST /energy/carbon/factors": {"name": "Grid", "method": "location", "year": 2025, "source": "A test.",
                                    "valid_from": "@-30", "table": {"by": "flat", "kg_per_kwh": 0.5}},
    "POST /energy/enpi": ENPI,
    "PUT /energy/enpi/{id}": ENPI,
    "POST /energy/enpi/{id}/adjustments": {"from": SINCE, "kwh_per_day": 5, **REASON},
    "POST /energy/enpi/{id}/baselines": {"from": "@-35", "to": "@-10"},
    "POST /energy/plan": PLAN,
    "PUT /energy/plan/{id}": PLAN,
    "POST /energy/production": {"entries": [{"product": "parts", "quantity": 5, "from": SINCE, "to": "@-1"}]},
    "POST /energy/tariffs": {"name": "@new", "in_use": True, "version": {"valid_from": "2025-01-01", "rules": "@rules"}},
    "PUT /energy/tariffs/{id}": {"revision": 1, "name": "@new"},
    "POST /equipment": {"name": "@new", "type": "Meter", "model": "T1", "install_date": "2024-05-01", "modbus": METER},
    "PUT /equipment/{id}": {"name": "@new"},
    "POST /equipment/{id}/belief": REASON,
    "POST /equipment/{id}/commissioning": {"reading_id": "@reading_id", "installer": "A test"},
    "POST /equipment/{id}/maintenance": MAINTENANCE,
    "PUT /equipment/{id}/maintenance/{entry}": MAINTENANCE,
    "POST /equipment/{id}/meter-exchange": {"at": "@-0", "end_reading": 90, "start_reading": 1, **REASON},
    "POST /equipment/{id}/meter-ratio": {"at": SINCE, "factor": 2.0, **REASON},
    "PUT /mqtt": {"enabled": False, "host": "", "port": 1883},
    "POST /mqtt/test": {"topic": "a", "payload": "1"},
    "PUT /notifications/outlets/{kind}": {"enabled": False, "secret": "s", "settings": {"url": "http://127.0.0.1:9/"}},
    "POST /notifications/policies": POLICY,
    "PUT /notifications/policies/{id}": POLICY,
    "PUT /notifications/settings": {"urgent_after_min": 15, "others_after_min": 60},
    "POST /profiles": PROFILE,
    "PUT /profiles/{id}": {key: part for key, part in PROFILE.items() if key != "id"},
    "POST /reports/generate": {"template": "daily_energy"},
    "POST /reports/schedule": SCHEDULE,
    "PUT /reports/schedule/{id}": SCHEDULE,
    "POST /sites": SITE,
    "PUT /sites/{id}": {"name": "@new"},
}

# Bodies that are no JSON.
TEXTS = {
    "POST /devices/import": "serial,equipment\n@new,@/equipment\n",
    "POST /energy/production/import": "product,from,to,quantity\n@new,@day-3,@day-2,1\n",
    "POST /coldchain/cells/import": "customer,location,cell,set_point_c\n@new,Hall,@new,3\n",
}

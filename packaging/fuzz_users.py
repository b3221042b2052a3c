"""fuzz_users.py URL LOGIN_FILE FOLDER ROLE…: one user of each role at a demo; its access token as
FOLDER/ROLE.token, its id as FOLDER/ROLE.id; the password of all of them as FOLDER/password."""

import json
import sys
import urllib.request

url, login_file, folder, *roles = sys.argv[1:]
PASSWORD = "Fuzzing-of-routes-1"


def ask(path, body, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(
        f"{url}/api{path}", json.dumps(body).encode(), headers, method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def sign_in(email, password):
    return ask("/auth/login", {"email": email, "password": password})


password = open(login_file, encoding="utf-8").read().strip()
admin = sign_in("admin@demo.example", password)["token"]
for role in roles:
    if role == "nobody":
        continue
    guest = f"{role}@fuzz.example"
    made = ask("/users/invite", {"email": guest, "name": role, "role": role}, admin)
    token = made["activation_url"].split("token=")[1]
    ask("/auth/activate", {"token": token, "password": PASSWORD})
    login = sign_in(guest, PASSWORD)
    for name, text in (("token", login["token"]), ("id", login["user"]["id"])):
        with open(f"{folder}/{role}.{name}", "w", encoding="utf-8") as file:
            file.write(text)
with open(f"{folder}/password", "w", encoding="utf-8") as file:
    file.write(PASSWORD)
print(f"{len(roles)} callers")

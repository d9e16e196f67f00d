"""The JSON Schema and the reader come from one description, and say the same of the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator, Tuple

import pytest
import yaml

from acmewrap.config import schema
from configuration import BASE, EXAMPLES, SYNOLOGY, certificate, loaded, problems
from json_schema import accepts

SCHEMA = schema()

GOOD = (
    f"directory: ~\njobs: 2\n{BASE}",
    f'acme_sh: {{release: "3.1.3", archive: a.tar.gz, allow_vulnerable: no}}\n{BASE}',
    certificate("key: 2048"),
    certificate("key: rsa-2048"),
    certificate("renew: {at: 0.66}"),
    certificate("renew: {at: 66%}"),
    certificate("renew: {before: 1d12h}"),
    certificate("options: [--dnssleep, 60]"),
    certificate("deploy: {web: {hook: ssh, env: {PORT: 22, USER: root, PASSWORD: {env: X}}, verify: no}}"),
    certificate("deploy: {web: {hook: ssh, verify: {host: a, port: 443, timeout: 90s}}}"),
    certificate(
        "deploy: {web: {hook: ssh, verify: {host: a, port: 25, starttls: none, min_tls: 1.2, max_tls: '1.3'}}}"
    ),
    certificate("deploy: {web: {hook: ssh, verify: {host: a, port: 443, starttls: ldap, all_addresses: yes}}}"),
    certificate("deploy: {web: synology}") + SYNOLOGY,
    certificate("deploy: {web: {synology: {description: a, default: no, services: [Photos]}}}") + SYNOLOGY,
    certificate("deploy: {web: {synology: {}, verify: no}}") + SYNOLOGY,
    BASE + SYNOLOGY + "  certificate: {default: true, services: [FTP]}\n",
    BASE + SYNOLOGY.replace("http:", "https:") + f"  fingerprint: {':'.join(['aB'] * 32)}\n",
    BASE + 'schedule: {daily: "04:55"}\n',
    BASE
    + "commands: [{before: run, run: [x]}, {after: error, when: [failed, renewed], run: [/bin/x, y], timeout: 5s}]\n",
    BASE.replace("{webroot: /var/www}", "{standalone: }"),
    BASE.replace("{webroot: /var/www}", "{alpn: 8443}"),
    BASE.replace("{webroot: /var/www}", "stateless"),
    BASE.replace("{webroot: /var/www}", "[{dns: dns_cf, env: {A: b}}]"),
    BASE.replace("[nas.example.com]", "[192.0.2.1]"),
    BASE.replace("[nas.example.com]", '["2001:db8::1"]'),
)
BAD = (
    "{}",
    "a: b",
    "jobs: many\n" + BASE,
    "jobs: 0\n" + BASE,
    BASE.replace("domains", "domain"),
    BASE.replace("[nas.example.com]", "nas.example.com"),
    BASE.replace("[nas.example.com]", "[NAS.example.com]"),
    BASE.replace("[nas.example.com]", "[a.example.com, a.example.com]"),
    BASE.replace("[nas.example.com]", "[]"),
    BASE.replace("  nas:", "  my nas:"),
    BASE.replace("https:", "ftp:"),
    BASE.replace("{webroot: /var/www}", "webroot"),
    BASE.replace("{webroot: /var/www}", "{webroot: /w, alpn: 1}"),
    BASE.replace("{webroot: /var/www}", "{webroot: /w, env: {A: b}}"),
    BASE.replace("{webroot: /var/www}", "{standalone: 70000}"),
    certificate("key: ec256"),
    certificate("key: 1024"),
    certificate("renew: {}"),
    certificate("renew: {at: 2}"),
    certificate("renew: {before: 8}"),
    BASE + SYNOLOGY.replace("http:", "https:") + f"  fingerprint: {'ab' * 20}\n",
    certificate("options: [--webroot, /x]"),
    certificate("deploy: {web: synologie}"),
    certificate("deploy: {web: {hook: ssh}}"),
    certificate("deploy: {web: {synology: {}, hook: ssh, verify: no}}") + SYNOLOGY,
    certificate("deploy: {web: {hook: ssh, verify: yes}}"),
    certificate("deploy: {web: {hook: ssh, env: {A-B: c}, verify: no}}"),
    certificate("deploy: {web: {hook: ssh, env: {A: {file: a, env: B}}, verify: no}}"),
    BASE + SYNOLOGY.replace("verify", "proof"),
    BASE + SYNOLOGY + "  certificate: {services: some}\n",
    BASE + "schedule: {by: dsm}\n",
    BASE + "schedule: {daily: 8h}\n",
    BASE + "schedule: {every: 6h, by: cron}\n",
)


def as_an_editor_reads_it(text: str) -> Any:
    return yaml.safe_load(text)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_schema_accepts_every_example(example: Path) -> None:
    assert accepts(SCHEMA, as_an_editor_reads_it(example.read_text(encoding="utf-8")))


@pytest.mark.parametrize("text", GOOD, ids=range(len(GOOD)))
def test_what_loads_is_accepted_by_the_schema(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text).certificates
    assert accepts(SCHEMA, as_an_editor_reads_it(text))


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_has_a_problem_of_form_is_refused_by_the_schema(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)
    assert not accepts(SCHEMA, as_an_editor_reads_it(text))


def objects(part: Any, path: str) -> Iterator[Tuple[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield path, part
        for name, value in part.items():
            yield from objects(value, f"{path}/{name}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from objects(value, f"{path}/{index}")


def test_the_schema_leaves_no_room_for_unknown_keys_and_explains_every_known_one() -> None:
    found = list(objects(SCHEMA, ""))
    assert len(found) > 10
    for path, part in found:
        properties = part.get("properties")
        if properties is not None:
            assert part["additionalProperties"] is False, path
        for name, key in (properties or {}).items():
            assert key["description"].endswith("."), f"{path}/{name}"


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"

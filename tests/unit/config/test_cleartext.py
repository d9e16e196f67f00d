"""What would send a secret in the clear to another machine is warned of, with its place in the file; this machine is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple

import pytest

import acmewrap
from acmewrap.config.cleartext import find_warnings
from configuration import BASE, loaded

YAML = """\
authorities:
  internal: {{server: "https://pki.test/dir"}}
certificates:
  nas:
    domains: [nas.test]
    challenge: {challenge}
    deploy: {deploy}
{more}
"""
WEBROOT = "{webroot: /var/www}"
SYNOLOGY = """\
synology:
  url: {url}
  account: {{name: u, password: {{env: P}}}}
  verify: no
"""


def warnings(
    folder: Path,
    *,
    deploy: str = "{}",
    challenge: str = WEBROOT,
    more: str = "",
    environ: Optional[Mapping[str, str]] = None,
) -> Tuple[Tuple[int, int, str, str], ...]:
    file = folder / "acmewrap.yaml"
    file.write_text(YAML.format(deploy=deploy, challenge=challenge, more=more), encoding="utf-8")
    found = acmewrap.find_warnings(acmewrap.load(file), environ or {})
    return tuple((one.line, one.column, one.path, one.message) for one in found)


@pytest.mark.parametrize("host", ["nas.internal.test", "192.0.2.7", "[2001:db8::7]", "128.0.0.1", "localhost.test"])
def test_http_to_a_nas_that_is_another_machine_is_warned_of(host: str, tmp_path: Path) -> None:
    more = SYNOLOGY.format(url=f'"http://{host}:5000"')
    ((line, column, path, message),) = warnings(tmp_path, deploy="{dsm: synology}", more=more)
    assert (line, column, path) == (9, 3, "synology.url")
    assert f"http to {host.strip('[]')}, which is not this machine" in message
    assert "in the clear" in message
    assert f"https://{host}:5001" in message


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://localhost:5000",
            "http://LOCALHOST:5000",
            "http://127.0.0.1",
            "http://127.255.3.4",
            "'http://[::1]:5000'",
        ),
        "https://nas.internal.test:5001",
    ],
)
def test_this_machine_and_https_are_not(url: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, deploy="{dsm: synology}", more=SYNOLOGY.format(url=url)) == ()


@pytest.mark.parametrize(
    ("target", "variable"),
    [
        ("{hook: synology_dsm, env: {SYNO_SCHEME: http, SYNO_HOSTNAME: nas.test}, verify: no}", "SYNO_HOSTNAME"),
        ("{hook: synology_dsm, env: {SYNO_HOSTNAME: nas.test}, verify: no}", "SYNO_HOSTNAME"),
        ("{hook: truenas, env: {DEPLOY_TRUENAS_HOSTNAME: nas.test}, verify: no}", "DEPLOY_TRUENAS_HOSTNAME"),
        ("{hook: truenas_ws, env: {DEPLOY_TRUENAS_HOSTNAME: nas.test}, verify: no}", "DEPLOY_TRUENAS_HOSTNAME"),
        (
            "{hook: directadmin, env: {DirectAdmin_SCHEME: http, DirectAdmin_ENDPOINT: 'a.test:2222'}, verify: no}",
            "DirectAdmin_ENDPOINT",
        ),
        ("{hook: fritzbox, env: {DEPLOY_FRITZBOX_URL: 'http://fritz.box'}, verify: no}", "DEPLOY_FRITZBOX_URL"),
        ("{hook: kong, env: {KONG_URL: 'HTTP://kong.test:8001'}, verify: no}", "KONG_URL"),
        ("{hook: vault, env: {VAULT_ADDR: 'http://vault.test:8200'}, verify: no}", "VAULT_ADDR"),
        ("{hook: kong, env: {https_proxy: 'http://u:secret@proxy.test:3128'}, verify: no}", "https_proxy"),
    ],
)
def test_a_hook_that_is_led_to_another_machine_over_http_is_warned_of(
    target: str, variable: str, tmp_path: Path
) -> None:
    ((line, column, path, message),) = warnings(tmp_path, deploy=f"{{there: {target}}}")
    assert path == f"certificates.nas.deploy.there.env.{variable}"
    assert (line, column) == (7, len("    deploy: {there: ") + target.index(variable) + 1)
    assert message.startswith("nothing is encrypted on the way to ")
    assert "secret" not in message


@pytest.mark.parametrize(
    "target",
    [
        "{hook: synology_dsm, env: {SYNO_USERNAME: u}, verify: no}",
        "{hook: synology_dsm, env: {SYNO_SCHEME: https, SYNO_HOSTNAME: nas.test}, verify: no}",
        "{hook: synology_dsm, env: {SYNO_SCHEME: http, SYNO_HOSTNAME: 127.0.0.1}, verify: no}",
        "{hook: synology_dsm, env: {SYNO_HOSTNAME: {env: NAS}}, verify: no}",
        "{hook: directadmin, env: {DirectAdmin_ENDPOINT: 'a.test:2222'}, verify: no}",
        "{hook: kong, env: {KONG_URL: 'http://localhost:8001'}, verify: no}",
        "{hook: kong, env: {KONG_URL: 'https://kong.test', https_proxy: 'http://proxy.test:3128'}, verify: no}",
        "{hook: kong, env: {KONG_URL: 'http://[broken'}, verify: no}",
    ],
)
def test_a_hook_that_sends_nothing_in_clear_or_nobody_knows_where_is_not(target: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, deploy=f"{{there: {target}}}") == ()


def test_a_dns_hook_is_warned_of_once_for_all_its_names(tmp_path: Path) -> None:
    challenge = "{dns: dns_pdns, env: {PDNS_Url: 'http://ns.test:8081', PDNS_Token: {env: T}}}"
    ((line, _, path, message),) = warnings(tmp_path, challenge=challenge)
    assert (line, path) == (6, "certificates.nas.challenge.env.PDNS_Url")
    assert "ns.test" in message


@pytest.mark.parametrize(
    ("value", "warned"),
    [
        ("http://user:secret@proxy.test:3128", True),
        ("user:secret@proxy.test:3128", True),
        ("https://user:secret@proxy.test:3128", False),
        ("http://user:secret@127.0.0.1:3128", False),
        ("http://proxy.test:3128", False),
    ],
)
def test_a_password_for_a_proxy_is_warned_of_and_not_repeated(value: str, warned: bool, tmp_path: Path) -> None:
    found = warnings(tmp_path, environ={"https_proxy": value})
    assert [path for _, _, path, _ in found] == (["https_proxy"] if warned else [])
    assert "secret" not in str(found)


def test_the_file_is_only_needed_for_places(tmp_path: Path) -> None:
    file = tmp_path / "acmewrap.yaml"
    more = SYNOLOGY.format(url="http://nas.test")
    file.write_text(YAML.format(deploy="{}", challenge=WEBROOT, more=more), encoding="utf-8")
    config = acmewrap.load(file)
    file.unlink()
    (one,) = acmewrap.find_warnings(config, {})
    assert str(one).startswith(f"{file}:1:1: warning: synology.url: http to nas.test")


@pytest.mark.parametrize(
    ("environ", "proxy", "warned"),
    [
        ({"https_proxy": "http://proxy.lan:3128"}, None, "write `proxy: http://proxy.lan:3128`"),
        ({"ALL_PROXY": "http://proxy.lan:3128"}, None, "ALL_PROXY of this shell leads to it"),
        ({"HTTPS_PROXY": "http://me:secret@proxy.lan:3128"}, None, "write `proxy: {file: PATH}`"),
        (
            {"all_proxy": "http://all.lan:1", "HTTPS_PROXY": "http://proxy.lan:3128"},
            None,
            "write `proxy: http://proxy.lan:3128`",
        ),
        ({"https_proxy": "http://proxy.lan:3128"}, "http://proxy.lan:3128", None),
        ({"https_proxy": "http://proxy.lan:3128", "no_proxy": "localhost, .example.com"}, None, None),
        ({"https_proxy": "http://proxy.lan:3128", "INVOCATION_ID": "1"}, None, None),
        ({"http_proxy": "http://proxy.lan:3128"}, None, None),
        ({}, None, None),
    ],
)
def test_a_proxy_that_only_the_shell_has_is_warned_of(
    tmp_path: Path, environ: Dict[str, str], proxy: Optional[str], warned: Optional[str]
) -> None:
    config = loaded(tmp_path, BASE + 'schedule: {daily: "03:00", by: crontab}\n')
    config = replace(config, authorities={name: replace(one, proxy=proxy) for name, one in config.authorities.items()})
    found = [str(one) for one in find_warnings(config, environ) if "authorities.internal:" in str(one)]
    assert len(found) == (warned is not None)
    assert all(warned in one and "secret" not in one for one in found if warned)
    assert not [one for one in find_warnings(replace(config, schedule=None), environ) if "of this shell" in str(one)]


def test_tokens_and_addresses_of_services_over_http_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "ping.url").write_text("http://hc.test/secret-uuid\n", encoding="utf-8")
    (tmp_path / "hook.url").write_text("http://127.0.0.1/hook\n", encoding="utf-8")
    services = (
        "monitoring:\n  healthchecks: {ping_url: {file: ping.url}}\n  webhook: {url: {file: hook.url}}\n"
        "  ntfy: {topic: nas, server: 'http://ntfy.test', access_token: {file: none.token}}\n"
    )
    found = warnings(tmp_path, more=services)
    assert [(path, message.partition(",")[0]) for _, _, path, message in found] == [
        ("monitoring.ntfy.server", "http to ntfy.test"),
        ("monitoring.healthchecks.ping_url", "http to hc.test"),
    ]
    assert "secret-uuid" not in str(found)
    assert (
        warnings(tmp_path, more="monitoring: {ntfy: {topic: nas, server: 'http://ntfy.test'}}") == ()
    )  # nothing secret

"""The same without a file: a mapping, or the dataclasses themselves."""

from __future__ import annotations

from pathlib import Path

import acmewrap


def from_mapping(folder: Path) -> acmewrap.Config:
    return acmewrap.Config.from_mapping(
        {
            "authorities": {"internal": {"server": "https://pki.example.com/acme/directory"}},
            "certificates": {"www": {"domains": ["www.example.com"], "challenge": {"webroot": "/var/www/html"}}},
        },
        folder / "acmewrap.yaml",
    )


def from_dataclasses(folder: Path) -> acmewrap.Config:
    authority = acmewrap.Authority("internal", "https://pki.example.com/acme/directory", folder / ".acme.sh")
    target = acmewrap.Target(
        "web",
        install=acmewrap.Install(key_file=Path("/etc/tls/www.key"), reload="systemctl reload nginx"),
        verify=acmewrap.Endpoint("www.example.com", 443, "www.example.com"),
    )
    certificate = acmewrap.Certificate(
        "www",
        ("www.example.com",),
        authority.name,
        (acmewrap.Webroot(Path("/var/www/html")),),
        renew=acmewrap.RenewAt(0.5),
        targets=(target,),
    )
    return acmewrap.Config(
        file=folder / "acmewrap.yaml",
        directory=folder,
        acme_sh=acmewrap.AcmeShSettings(),
        authorities={authority.name: authority},
        certificates={certificate.name: certificate},
        schedule=acmewrap.Schedule(daily=(4, 55), by="systemd"),
    )


def dns(token: Path) -> acmewrap.Challenge:
    return acmewrap.Dns("dns_cf", {"CF_Token": acmewrap.FileReference(token), "CF_Zone_ID": "0a1b"})

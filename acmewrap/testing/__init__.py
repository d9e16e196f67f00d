"""Counterparts to try acmewrap against: real programs, started for the length of a ``with`` block, and a local authority.

Used by the demo, by acmewrap's own tests, and by yours: a certificate from a real ACME server, without a network. From
Debian: ``apt-get install pebble nginx-light openssl``. ::

    from acmewrap.testing.challenge import ChallengeServer
    from acmewrap.testing.pebble import Pebble
    from acmewrap.testing.webserver import WebServer

    with ChallengeServer(folder) as dns, WebServer(folder) as web:
        with Pebble(folder, dns=dns.address, http_port=web.port) as pebble:
            ...  # acme.sh --server {pebble.directory_url} --ca-bundle {pebble.ca_bundle} --webroot {web.root}
"""

"""Places that acme.sh can come from. None is trusted: the manifest decides about whatever they bring."""

from __future__ import annotations

import hashlib
import io
import logging
import time
from pathlib import Path
from typing import Collection, List, Mapping, Protocol, Sequence, Tuple, Union

from ...errors import AccessError, ReleaseError
from ...failures import failure
from ...failures.catalogue import CATALOGUE
from ...frozen import field, frozen, replace
from ...net.http import Http, HttpError
from ...system.files import PUBLIC, make_folder, write_atomic
from ...system.reading import open_regular
from .archive import LIMIT, read_archive
from .pin import Release, compare, read_folder, summarize

logger = logging.getLogger(__name__)

_REDIRECTS = 5


class Source(Protocol):
    """A place that acme.sh can come from; ``str()`` of it is its name in messages."""

    def fetch(self, release: Release, paths: Collection[str]) -> Mapping[str, bytes]:
        """The content of those *paths* that it has of *release*. Raises :class:`ReleaseError` or :class:`AccessError`."""


@frozen
class Local:
    """An archive (tar, gzip or plain) or an unpacked folder on this machine; ``label`` says what it is, if the path does not."""

    path: Path
    label: str = ""

    def __str__(self) -> str:
        return f"{self.label} {self.path}".lstrip()

    def fetch(self, release: Release, paths: Collection[str]) -> Mapping[str, bytes]:  # noqa: ARG002 (the manifest decides)
        if self.path.is_dir():
            return read_folder(self.path, paths)
        try:
            with open_regular(self.path) as stream:
                return read_archive(stream, paths)
        except OSError as error:
            raise ReleaseError(failure("release.source", error.strerror or str(error))) from error


@frozen
class Download:
    """The release's own URL, by way of the proxies of ``environ``; a good archive stays at ``kept``. ``timeout`` and ``pause``
    (before the second try) in seconds.
    """

    kept: Path
    environ: Mapping[str, str] = field(repr=False)
    timeout: float = 30.0
    pause: float = 2.0

    def __str__(self) -> str:
        return "the release URL"

    def fetch(self, release: Release, paths: Collection[str]) -> Mapping[str, bytes]:
        data = self._download(release.url)
        digest = hashlib.sha256(data).hexdigest()
        if release.sha256 not in (None, digest):
            message = f"the archive's SHA-256 is {digest}, pinned is {release.sha256}; it was not kept"
            raise ReleaseError(failure("release.mismatch", message))
        try:
            make_folder(self.kept.parent)
            write_atomic(self.kept, data, PUBLIC)
        except (OSError, AccessError) as error:
            logger.info("the archive is not kept for the next time: %s", error)
        return read_archive(io.BytesIO(data), paths)

    def _download(self, url: str) -> bytes:
        """Tries twice when the failure may pass: the network, and 5xx."""
        client = Http(4 * self.timeout, LIMIT, wait=self.timeout, redirects=_REDIRECTS, proxy=self.environ)
        reason = ""
        for attempt in range(2):
            if attempt:
                time.sleep(self.pause)
            try:
                reply = client.fetch(url)
            except HttpError as error:
                reason = str(error)
                continue
            if 200 <= reply.status < 300:
                return reply.body
            reason = f"HTTP status {reply.status}"
            if reply.status < 500:
                break
        raise ReleaseError(failure("release.source", reason))


def obtain(release: Release, files: Mapping[str, str], sources: Sequence[Source]) -> Tuple[Mapping[str, bytes], str]:
    """The content of all *files* (path -> SHA-256), and the name of the first of *sources* that has them as pinned.

    Raises the error of the source when there is but one, else :class:`ReleaseError` (``release.unavailable``) with all reasons.
    """
    refusals: List[Union[ReleaseError, AccessError]] = []
    for source in sources:
        logger.info("acme.sh %s: trying %s", release.version, source)
        try:
            contents = source.fetch(release, files)
            differences = compare(contents, files)
            if differences:
                message = f"not the files of acme.sh {release.version}: {summarize(differences)}"
                raise ReleaseError(failure("release.mismatch", message))
        except (ReleaseError, AccessError) as error:
            refusals.append(type(error)(replace(error.failure, message=f"{source}: {error.failure.message}")))
            continue
        for refusal in refusals:
            level = logging.WARNING if CATALOGUE[refusal.id].alarming else logging.INFO
            logger.log(level, "acme.sh was not taken from %s", refusal)
        return contents, str(source)
    if len(refusals) == 1:
        raise refusals[0]
    reasons = "; ".join(refusal.failure.message for refusal in refusals)
    message = f"acme.sh {release.version} cannot be had from anywhere: {reasons}"
    known = release.sha256 or "not known here, as that of each file is"
    raise ReleaseError(failure("release.unavailable", message, url=release.url, sha256=known))

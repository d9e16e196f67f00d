#!/bin/bash
# acmewrap wrapper script, version 1
# Rendered from @FOLDER@/acmewrap.yaml; changes here are lost at the next `acmewrap render`.
# acme.sh 3.1.1 with the homes, the authority and the hooks' variables of that file. It holds no secret itself:
# each is read from where the file says, whenever this script runs. Other values are meant to the letter:
# shellcheck disable=SC2016,SC2089,SC2090
set -u
umask 077
if [ -z "${HOME-}" ]; then HOME=@FOLDER@; fi
if [ -z "${USER-}" ]; then USER=$(id -un); fi
export HOME USER
export CA_HOME=@FOLDER@/.acme.sh/ca/localhost_14555
SYNO_SCHEME=http
export SYNO_SCHEME
SYNO_HOSTNAME=127.0.0.1
export SYNO_HOSTNAME
SYNO_PORT=@NAS_PORT@
export SYNO_PORT
SYNO_USERNAME=certupdater
export SYNO_USERNAME
SYNO_PASSWORD="$(cat -- @FOLDER@/dsm.password)" || echo "$0: SYNO_PASSWORD cannot be read" >&2
export SYNO_PASSWORD
SYNO_CERTIFICATE=acme
export SYNO_CERTIFICATE
SYNO_CREATE=1
export SYNO_CREATE

exec /bin/bash @FOLDER@/src/acme.sh/acme.sh \
  --home @FOLDER@/src/acme.sh \
  --config-home @FOLDER@/.acme.sh \
  --cert-home @FOLDER@/.acme.sh \
  --server https://localhost:14555/dir \
  --ca-bundle @FOLDER@/ca.crt \
  "$@"

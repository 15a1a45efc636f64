#!/bin/sh
# Installs antrea-nsx-adapter on a control-plane node. The installer is not there yet; this says what it will do.
set -eu
cat <<'TEXT'
antrea-nsx-adapter: the installer is not part of this version.

It will, offline and without asking twice:
  1. verify the archive (SHA256SUMS and its ed25519 signature) before anything is touched,
  2. put the executable under /opt/antrea-nsx-adapter/VERSION with a `current` link beside it,
  3. create the user, /etc/antrea-nsx-adapter (0750) and the systemd unit,
  4. start it, wait until it is ready, and go back to the version before if it is not within 60 s.

Until then run it from a checkout:
  npm ci && node_modules/.bin/node src/main.ts run --config config.yaml
TEXT
exit 1

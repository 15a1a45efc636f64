#!/bin/sh
# Installs antrea-nsx-adapter from the folder this file lies in: offline, again and again, and back.
#
# Versions lie side by side in /opt/antrea-nsx-adapter/versions; `current` and `previous` name two of them. Everything is
# written beside its place and moved there in one step, so that a run that is killed leaves the old or the new, and the
# next run goes on from there. `pending` names the version an upgrade came from, until the new one has shown itself ready.
set -eu

NAME=antrea-nsx-adapter
UNIT=$NAME.service
READY_SECONDS=60
KEPT_VERSIONS=3

usage() {
  cat <<'END'
usage: install.sh COMMAND [options]

  install      put this version on the machine, or upgrade to it: checked first, started, and taken back by itself
               when it is not ready within 60 s
  rollback     go back to the version before
  uninstall    remove it; configuration and state stay without --purge
  verify       check sums and signature of this folder, and change nothing

  --public-key FILE   ed25519 public key (PEM) that the archive must be signed with; it is installed for the next time
  --allow-unsigned    take an archive that nobody signed
  --dry-run           say each step and do none
  --no-start          do not start or restart the service
  --purge             uninstall: configuration, state and user too
  --root DIR          everything below this folder, as for the image of a machine; nothing is started

example:
  sh antrea-nsx-adapter-1.0.0-linux-x64/install.sh install --public-key release.pub
END
}

say() { printf '%s\n' "$*"; }
fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}
# Does it, or with --dry-run says it.
act() {
  if [ -n "$dry" ]; then say "would: $*"; else "$@"; fi
}

command=${1-}
[ $# -gt 0 ] && shift
dry= root= key= unsigned= start=yes purge=
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=yes ;;
    --allow-unsigned) unsigned=yes ;;
    --no-start) start= ;;
    --purge) purge=yes ;;
    --public-key | --root)
      [ $# -gt 1 ] || fail "$1 needs a value"
      if [ "$1" = --root ]; then root=${2%/} start=; else key=$2; fi
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "unknown option $1; see install.sh --help" ;;
  esac
  shift
done

here=$(cd -- "$(dirname -- "$0")" && pwd)
opt=$root/opt/$NAME
etc=$root/etc/$NAME
state=$root/var/lib/$NAME
unit_file=$root/etc/systemd/system/$UNIT
command_link=$root/usr/local/bin/$NAME
completion_file=$root/usr/share/bash-completion/completions/$NAME
man_file=$root/usr/local/share/man/man1/$NAME.1
key_installed=$etc/release.pub
socket=/run/$NAME/adapter.sock

# Writes standard input to a file in one step: MODE FILE.
write_file() {
  if [ -n "$dry" ]; then
    say "would: write $2"
    cat >/dev/null
    return 0
  fi
  mkdir -p -- "$(dirname -- "$2")"
  rm -f -- "$2.new"
  cat >"$2.new"
  chmod "$1" "$2.new"
  mv -f -- "$2.new" "$2"
}

# Points a link at another target in one step: TARGET LINK.
point() {
  if [ -n "$dry" ]; then
    say "would: point $2 at $1"
    return 0
  fi
  mkdir -p -- "$(dirname -- "$2")"
  rm -f -- "$2.new"
  ln -s -- "$1" "$2.new"
  mv -fT -- "$2.new" "$2"
}

# The version a link names, or nothing.
named() { if [ -L "$opt/$1" ]; then basename -- "$(readlink -- "$opt/$1")"; fi; }

verify() {
  cd -- "$here"
  [ -f SHA256SUMS ] || fail "$here has no SHA256SUMS; unpack the whole archive and run install.sh from its folder"
  for needed in $NAME $UNIT install.sh; do
    grep -q "  $needed\$" SHA256SUMS || fail "SHA256SUMS does not name $needed; this is not a whole archive"
  done
  sha256sum --check --quiet --strict SHA256SUMS >&2 || fail "a file is not what SHA256SUMS says; get the archive again"
  by=$key
  [ -n "$by" ] || { [ -f "$key_installed" ] && by=$key_installed; } || true
  if [ ! -f SHA256SUMS.sig ]; then
    [ -n "$unsigned" ] || fail "nobody signed this archive; compare SHA256SUMS with its source, then use --allow-unsigned"
    say "not signed, as allowed; sums are right"
    return 0
  fi
  if [ -z "$by" ]; then
    [ -n "$unsigned" ] || fail "signed, but with which key? name the public key by --public-key FILE"
    say "signature not looked at, as allowed; sums are right"
    return 0
  fi
  [ -f "$by" ] || fail "$by: no such file"
  openssl version >/dev/null 2>&1 || fail "openssl is needed to verify the signature; install it, or use --allow-unsigned"
  openssl pkeyutl -verify -pubin -inkey "$by" -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig >/dev/null 2>&1 ||
    fail "the signature is not by $by; do not use this archive"
  say "signed by $by; sums are right"
}

# The processor that the executable is for, as uname -m says it; nothing where it is no ELF file.
processor_of() {
  [ "$(od -An -tx1 -N4 "$1" | tr -d ' \n')" = 7f454c46 ] || return 0
  case $(od -An -tx1 -j18 -N2 "$1" | tr -d ' \n') in
    3e00) echo x86_64 ;;
    b700) echo aarch64 ;;
    *) echo another ;;
  esac
}

fits_machine() {
  wanted=$(processor_of "$here/$NAME")
  here_is=$(uname -m)
  [ -z "$wanted" ] || [ "$wanted" = "$here_is" ] ||
    fail "this archive is for $wanted and this machine is $here_is; nothing was changed: get the one for $here_is"
}

only_root() {
  [ -n "$root$dry" ] || [ "$(id -u)" = 0 ] || fail "must be run by root"
}

# One run at a time.
lock() {
  [ -z "$dry" ] || return 0
  mkdir -p -- "$opt"
  exec 9>"$opt/.lock"
  if command -v flock >/dev/null 2>&1; then
    flock -n 9 || fail "another run of install.sh is under way"
  fi
}

make_user() {
  [ -z "$root" ] || return 0
  if id "$NAME" >/dev/null 2>&1; then return 0; fi
  shell=/usr/sbin/nologin
  [ -x "$shell" ] || shell=/sbin/nologin
  act useradd --system --user-group --home-dir "/var/lib/$NAME" --no-create-home --shell "$shell" "$NAME"
}

# The unit loads these; an empty one stands for none, and what is there is never touched.
make_credentials() {
  act mkdir -p -- "$etc/credentials"
  act chmod 0700 "$etc/credentials"
  for credential in nsx.crt nsx.key nsx-ca.crt kubeconfig; do
    [ -e "$etc/credentials/$credential" ] || write_file 0600 "$etc/credentials/$credential" </dev/null
  done
}

make_folders() {
  act mkdir -p -- "$opt/versions" "$etc" "$state"
  act chmod 0755 "$opt" "$opt/versions"
  act chmod 0750 "$etc"
  act chmod 0700 "$state"
  make_credentials
  if [ -z "$root" ]; then
    act chown "root:$NAME" "$etc"
    act chown "$NAME:$NAME" "$state"
  fi
}

# Puts this folder's files beside the other versions, whole or not at all.
put_version() {
  if [ -x "$opt/versions/$version/$NAME" ] && cmp -s SHA256SUMS "$opt/versions/$version/SHA256SUMS"; then return 0; fi
  act rm -rf -- "$opt/versions/.$version.new"
  act mkdir -p -- "$opt/versions/.$version.new"
  sed 's/^[0-9a-f]*  //' SHA256SUMS | while IFS= read -r file; do
    act cp -- "$file" "$opt/versions/.$version.new/$file"
  done
  act cp -- SHA256SUMS "$opt/versions/.$version.new/SHA256SUMS"
  act chmod 0755 "$opt/versions/.$version.new" "$opt/versions/.$version.new/$NAME"
  act rm -rf -- "$opt/versions/$version"
  act mv -T -- "$opt/versions/.$version.new" "$opt/versions/$version"
}

# What belongs to a version outside its folder: FOLDER.
put_around() {
  write_file 0644 "$unit_file" <"$1/$UNIT"
  point "/opt/$NAME/current/$NAME" "$command_link"
  "$1/$NAME" completion bash 2>/dev/null | write_file 0644 "$completion_file"
  "$1/$NAME" man 2>/dev/null | write_file 0644 "$man_file"
}

reload_units() {
  [ -n "$root" ] || act systemctl daemon-reload
}

is_ready() { "$opt/current/$NAME" status --socket "$socket" >/dev/null 2>&1 || [ $? = 1 ]; }
is_running() { systemctl is-active --quiet "$UNIT"; }

# Waits until the service is ready. Where it was not before (NSX down), only until it runs.
wait_ready() {
  waited=0
  while [ "$waited" -lt "$READY_SECONDS" ]; do
    if is_running && { [ -z "$was_ready" ] || is_ready; }; then return 0; fi
    sleep 1
    waited=$((waited + 1))
  done
  return 1
}

# Makes a version the current one, with what belongs to it: VERSION.
switch() {
  point "versions/$1" "$opt/current"
  folder=$opt/versions/$1
  [ -z "$dry" ] || folder=$here
  put_around "$folder"
  reload_units
}

# What a killed run left: the new version must show itself, or the old one comes back.
repair() {
  [ -f "$opt/pending" ] || return 0
  before=$(cat "$opt/pending")
  say "an upgrade from $before was not finished: back to it first"
  if [ -d "$opt/versions/$before" ]; then
    switch "$before"
    if [ -n "$start" ]; then act systemctl restart "$UNIT"; fi
  fi
  act rm -f -- "$opt/pending"
}

prune() {
  [ -z "$dry" ] || return 0
  kept=0
  # shellcheck disable=SC2012 # versions are ours, without spaces
  ls -1t "$opt/versions" | while IFS= read -r one; do
    kept=$((kept + 1))
    if [ "$kept" -gt "$KEPT_VERSIONS" ] && [ "$one" != "$(named current)" ] && [ "$one" != "$(named previous)" ]; then
      rm -rf -- "$opt/versions/$one"
    fi
  done
}

take_back() {
  say "$version is not ready within $READY_SECONDS s; its log: journalctl -u $UNIT"
  switch "$before"
  systemctl restart "$UNIT" || true
  rm -f -- "$opt/pending"
  fail "went back to $before, which runs again"
}

install() {
  verify
  fits_machine
  only_root
  version=$("$here/$NAME" --version) || fail "$here/$NAME does not run on this machine (wrong processor, or no glibc)"
  lock
  repair
  before=$(named current)
  config=$etc/config.yaml
  if [ -f "$config" ] && [ -z "$root" ]; then
    "$here/$NAME" config check --config "$config" || fail "$version does not take the configuration; nothing was changed"
  fi
  make_user
  make_folders
  if [ -n "$key" ]; then write_file 0644 "$key_installed" <"$key"; fi
  put_version
  was_ready=
  if [ -n "$start$before" ] && [ -z "$root" ] && [ -n "$before" ] && is_running && is_ready; then was_ready=yes; fi
  if [ -n "$start" ] && [ -n "$before" ] && [ "$before" != "$version" ] && [ -f "$config" ]; then
    printf '%s\n' "$before" | write_file 0644 "$opt/pending"
  fi
  if [ -n "$before" ] && [ "$before" != "$version" ]; then point "versions/$before" "$opt/previous"; fi
  switch "$version"
  prune
  if [ -n "$dry" ]; then return 0; fi
  if [ ! -f "$config" ]; then
    say "$version is installed; write $config (see operations.md), then: systemctl enable --now $NAME"
    return 0
  fi
  if [ -z "$start" ]; then
    say "$version is installed and not started"
    return 0
  fi
  systemctl enable --quiet "$UNIT"
  if [ -z "$before" ] || [ "$before" = "$version" ]; then
    systemctl restart "$UNIT" || fail "$version does not start; see journalctl -u $UNIT"
    say "$version is installed and runs"
    return 0
  fi
  systemctl restart "$UNIT" || take_back
  wait_ready || take_back
  rm -f -- "$opt/pending"
  say "$version is installed and ready; $before stays for rollback"
}

rollback() {
  only_root
  lock
  repair
  version=$(named previous)
  before=$(named current)
  if [ -z "$version" ] || [ ! -d "$opt/versions/$version" ]; then fail "there is no version before ${before:-this}"; fi
  switch "$version"
  point "versions/$before" "$opt/previous"
  if [ -n "$start" ]; then act systemctl restart "$UNIT"; fi
  say "back to $version; $before is the one before now"
}

uninstall() {
  only_root
  if [ -z "$root" ] && [ -f "$unit_file" ]; then
    act systemctl disable --now --quiet "$UNIT" || true
  fi
  act rm -f -- "$unit_file" "$command_link" "$completion_file" "$man_file"
  reload_units
  act rm -rf -- "$opt"
  if [ -z "$purge" ]; then
    say "removed; $etc and $state are kept (--purge removes them too)"
    return 0
  fi
  act rm -rf -- "$etc" "$state" "$root/var/cache/$NAME"
  if [ -z "$root" ] && id "$NAME" >/dev/null 2>&1; then act userdel "$NAME"; fi
  say "removed, with configuration, state and user"
}

case $command in
  install | upgrade) install ;;
  rollback) rollback ;;
  uninstall) uninstall ;;
  verify) verify ;;
  -h | --help | '') usage ;;
  *) fail "unknown command $command; see install.sh --help" ;;
esac
